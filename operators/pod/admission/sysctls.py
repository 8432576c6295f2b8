"""Kernel parameters that a Pod must not set (pure)."""

from operators.pod.admission.rejection import Rejection, Scene
from operators.pod.security import sysctls
from operators.pod.sources import Object


def check(pod: Object, scene: Scene) -> Rejection | None:
    cause = sysctls.objection(pod, scene.unsafe_sysctls)
    return None if cause is None else Rejection("SysctlForbidden", f"forbidden sysctl: {cause}")
