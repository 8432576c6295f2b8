"""The checks a Pod passes before anything of it is made; a scheduler's own are made again, as kubelet does (pure)."""

from operators.pod.admission import beyond, ports, room, security, sysctls
from operators.pod.admission.rejection import Check, Rejection, Scene
from operators.pod.sources import Object


def admit(pod: Object, scene: Scene) -> Rejection | None:
    """The first objection to the Pod; None: it may run here."""
    return next((found for check in CHECKS if (found := check(pod, scene)) is not None), None)


def _names(pod: Object, scene: Scene) -> Rejection | None:
    if scene.names_are_safe:
        return None
    return Rejection("InvalidName", "the names of the Pod, its namespace or its containers are not valid")


CHECKS: tuple[Check, ...] = (
    _names,
    beyond.check_os,
    beyond.check_claims,
    room.under_pressure,
    room.placed,
    room.enough,
    ports.check,
    sysctls.check,
    security.check_apparmor,
)
