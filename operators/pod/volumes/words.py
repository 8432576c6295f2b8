"""A container's mounts and devices as words of `podman run` (pure)."""

from collections.abc import Iterator

from operators.pod.units import escape
from operators.pod.units.parts import Bind, Device


def words(binds: tuple[Bind, ...], devices: tuple[Device, ...]) -> Iterator[str]:
    """See podman-run(1), "--mount" and "--device"."""
    for bind in binds:
        yield "--mount=" + ",".join(escape.comma_field(field) for field in _fields(bind))
    for device in devices:
        yield f"--device={device.source}:{device.target}:{device.access}"


def _fields(bind: Bind) -> Iterator[str]:
    if bind.image:
        # Of the image's own content nothing is ever changed; "rw" would put a writable layer over it.
        yield from ("type=image", f"source={bind.image}", f"destination={bind.target}", "rw=false")
        if bind.source:
            yield f"subpath=/{bind.source}"
        return
    yield from ("type=bind", f"source={bind.source}", f"destination={bind.target}")
    yield f"bind-propagation={bind.propagation}"
    if bind.read_only:
        yield "ro=true"
    if bind.relabel:
        yield "relabel=shared"
    yield from bind.options
