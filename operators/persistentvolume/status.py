"""The status of claims and volumes (pure)."""

from __future__ import annotations

from operators._kube.meta import Object


def claim(claim: Object, phase: str, volume: Object | None) -> Object:
    """`volume`: what it is bound to, whose access modes and size it shows.

    The size is taken over when the claim becomes Bound; later it is for whoever makes the volume grow.
    """
    status = {**(claim.get("status") or {}), "phase": phase}
    if volume is None:
        for name in ("accessModes", "capacity"):
            status.pop(name, None)
        return status
    status["accessModes"] = list(volume["spec"].get("accessModes") or ())
    if (claim.get("status") or {}).get("phase") != phase and volume["spec"].get("capacity"):
        status["capacity"] = dict(volume["spec"]["capacity"])
    if attributes := volume["spec"].get("volumeAttributesClassName"):
        status["currentVolumeAttributesClassName"] = attributes
    return status


def volume(volume: Object, phase: str, message: str = "") -> Object:
    """A volume that is in its phase already keeps what it says, whoever wrote it."""
    present: Object = volume.get("status") or {}
    if present.get("phase") == phase:
        return present
    status = {name: value for name, value in present.items() if name != "message"} | {"phase": phase}
    return {**status, "message": message} if message else status
