"""CSIDriver: how the kubelet and the controllers treat a driver."""

from __future__ import annotations

from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats

Object = base.Object

_GROUP_POLICIES: Final = ("File", "None", "ReadWriteOnceWithFSType")
_MODES: Final = ("Persistent", "Ephemeral")
_SHORTEST_TOKEN: Final = 600
_LONGEST_TOKEN: Final = 1 << 32
_SHORTEST_PERIOD: Final = 10
# Changes of these are told apart by metadata.generation.
_COUNTED: Final = (
    "fsGroupPolicy",
    "nodeAllocatableUpdatePeriodSeconds",
    "podInfoOnMount",
    "preventPodSchedulingIfMissing",
    "requiresRepublish",
    "seLinuxMount",
    "serviceAccountTokenInSecrets",
    "storageCapacity",
    "tokenRequests",
)


class CSIDrivers(base.Kind):
    allow_unconditional_update = False

    def prepare_update(self, obj: Object, old: Object) -> None:
        super().prepare_update(obj, old)
        new, before = obj.get("spec") or {}, old.get("spec") or {}
        if any(new.get(name) != before.get(name) for name in _COUNTED):
            obj["metadata"]["generation"] = int(old["metadata"].get("generation", 0)) + 1

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        policy = spec.get("fsGroupPolicy")
        out = []
        if policy is not None and policy not in _GROUP_POLICIES:
            out.append(field.not_supported("spec.fsGroupPolicy", policy, _GROUP_POLICIES))
        out += _tokens(spec.get("tokenRequests") or [])
        for mode in spec.get("volumeLifecycleModes") or ():
            if mode not in _MODES:
                out.append(field.not_supported("spec.volumeLifecycleModes", mode, _MODES))
        period = spec.get("nodeAllocatableUpdatePeriodSeconds")
        if period is not None and period < _SHORTEST_PERIOD:
            detail = f"must be greater than or equal to {_SHORTEST_PERIOD} seconds"
            out.append(field.invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, detail))
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        new, before = obj["spec"], old["spec"]
        out = self.validate(obj)
        # Upstream's spelling of the path.
        out += formats.unchanged("spec.attachedRequired", new.get("attachRequired"), before.get("attachRequired"))
        path = "spec.volumeLifecycleModes"
        return out + formats.unchanged(path, new.get("volumeLifecycleModes"), before.get("volumeLifecycleModes"))


def _tokens(requests: list[Object]) -> list[FieldError]:
    out = []
    seen: set[str] = set()
    for i, request in enumerate(requests):
        path, audience = f"spec.tokenRequests[{i}]", request.get("audience", "")
        if audience in seen:
            out.append(field.duplicate(f"{path}.audience", audience))
            continue
        seen.add(audience)
        seconds = request.get("expirationSeconds")
        if seconds is None:
            continue
        if seconds < _SHORTEST_TOKEN:
            detail = "may not specify a duration less than 10 minutes"
            out.append(field.invalid(f"{path}.expirationSeconds", seconds, detail))
        if seconds > _LONGEST_TOKEN:
            detail = "may not specify a duration larger than 2^32 seconds"
            out.append(field.invalid(f"{path}.expirationSeconds", seconds, detail))
    return out
