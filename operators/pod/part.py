"""What the kubelet is put together from."""

from operators._kube.client import Kube


class Part:
    """Lives as long as the kubelet, and may remember things by Pod; every method may be left as it is."""

    async def open(self, kube: Kube) -> None:
        """Called once, before the first Pod is looked at. Raises OSError, which stops the operator."""

    async def close(self) -> None:
        """Ends what was opened; Pods go on running."""

    def forget(self, uid: str) -> None:
        """The Pod is gone from the node."""
