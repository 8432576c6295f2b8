"""What no node of this kind can do (pure)."""

from operators.pod.admission.rejection import Rejection, Scene
from operators.pod.sources import Object


def check_os(pod: Object, scene: Scene) -> Rejection | None:
    wanted = (pod["spec"].get("os") or {}).get("name") or "linux"
    if wanted == "linux":
        return None
    return Rejection("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")


def check_claims(pod: Object, scene: Scene) -> Rejection | None:
    """Devices by dynamic resource allocation: a Pod that was promised some must not run without them."""
    names = [claim["name"] for claim in pod["spec"].get("resourceClaims") or ()]
    if not names:
        return None
    text = f"there is no DRA driver on this node for the resource claims {', '.join(names)}"
    return Rejection("UnexpectedAdmissionError", text)
