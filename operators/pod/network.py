"""The node's side of the Pods' network: addresses given out, host ports forwarded."""

import asyncio

from operators._node import network, nft
from operators._node.nft import HostPort, Service
from operators.pod import files
from operators.pod.inventory import Inventory
from operators.pod.lifecycle import plan
from operators.pod.sources import Object
from operators.pod.units.parts import Machine


class PodNetwork:
    """One node's range of addresses and its rules."""

    def __init__(self, pods: network.Range, machine: Machine) -> None:
        self._range = pods
        self._machine = machine
        self._last = ""
        self._lock = asyncio.Lock()
        self._applied = ""
        self._services: list[Service] = []

    def address(self, inventory: Inventory) -> str:
        """A free address. It is taken once a unit file names it. Raises Exhausted."""
        self._last = network.allocate(self._range, inventory.addresses(), self._last)
        return self._last

    def lead_to_api(self, service: Object | None, endpoints: Object | None) -> None:
        """Makes the Service `kubernetes` lead to the API server, with the next `apply`; unknown ones change nothing."""
        if service is not None and endpoints is not None:
            self._services = api_server(service, endpoints)

    async def restore(self, ports: list[HostPort]) -> None:
        """The rules as they were last, until what they are made from is known again. Raises OSError."""
        text = await asyncio.to_thread(files.read, self._machine.paths.ruleset)
        try:
            await nft.apply(text or nft.render(str(self._range.network), self._machine.bridge, ports))
        except OSError:
            await self.apply(ports)

    async def apply(self, ports: list[HostPort]) -> None:
        """Loads the rules and keeps them for the boot. Raises OSError."""
        async with self._lock:
            text = nft.render(str(self._range.network), self._machine.bridge, ports, self._services)
            if text == self._applied:
                return
            await nft.apply(text)
            await asyncio.to_thread(files.write, self._machine.paths.ruleset, text, 0o600)
            self._applied = text


def api_server(service: Object, endpoints: Object) -> list[Service]:
    """The ports of a Service with one address behind it, by their names (pure)."""
    spec = service.get("spec") or {}
    targets = {
        port.get("name", ""): (subset["addresses"][0]["ip"], int(port["port"]))
        for subset in endpoints.get("subsets") or ()
        if subset.get("addresses")
        for port in subset.get("ports") or ()
    }
    address = spec.get("clusterIP") or "None"
    return [
        Service(str(port.get("protocol") or "TCP").lower(), address, int(port["port"]), *targets[port.get("name", "")])
        for port in spec.get("ports") or ()
        if port.get("name", "") in targets and address != "None"
    ]


def host_ports(pod: Object, address: str) -> tuple[HostPort, ...]:
    """The node's ports that lead to the Pod; on the host's network there is nothing to forward."""
    if pod["spec"].get("hostNetwork"):
        return ()
    return tuple(
        HostPort(
            str(port.get("protocol") or "TCP").lower(),
            int(port["hostPort"]),
            address,
            int(port["containerPort"]),
            "" if port.get("hostIP") in (None, "", "0.0.0.0") else str(port["hostIP"]),  # noqa: S104 - compared
        )
        for container, _ in plan.containers(pod)
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )
