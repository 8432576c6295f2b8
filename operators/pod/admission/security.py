"""Confinement that this machine cannot give: a Pod does not run without what it asks to be protected by (pure)."""

from operators.pod.admission.rejection import Rejection, Scene
from operators.pod.lifecycle import plan
from operators.pod.security import profiles
from operators.pod.sources import Object


def check_apparmor(pod: Object, scene: Scene) -> Rejection | None:
    asked = any(profiles.apparmor(pod, spec).kind not in ("", "Unconfined") for spec, _ in plan.containers(pod))
    if not asked or scene.has_apparmor:
        return None
    return Rejection("AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host")
