"""What a failed pull is called in a container's status, in kubelet's words (pure)."""

import re

from operators.pod.images.references import is_local

# The same errors that CRI-O, podman's sibling, tells kubelet by these names.
_REFUSED = re.compile(r"dial tcp \S+:\d+: connect: connection refused")
_SIGNATURE = ("Source image rejected:", "A signature was required, but no signature exists")


def describe(name: str, error: str) -> tuple[str, str]:
    """(reason, message) of a container whose image could not be pulled."""
    if _REFUSED.search(error) and not is_local(name):
        return "RegistryUnavailable", f"image pull failed for {name} because the registry is unavailable: {error}"
    if any(text in error for text in _SIGNATURE):
        return "SignatureValidationFailed", (
            f"image pull failed for {name} because the signature validation failed: {error}"
        )
    return "ErrImagePull", error


def duration(seconds: float) -> str:
    """As the Go language prints one that was cut to milliseconds."""
    milliseconds = int(seconds * 1000)
    if milliseconds == 0:
        return "0s"
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    whole, rest = divmod(milliseconds, 1000)
    minutes, left = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{left}.{rest:03d}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text
