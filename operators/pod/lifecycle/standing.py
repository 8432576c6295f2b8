"""A Pod as a whole on the node: its folders, its sandbox unit, its volumes."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from operators._node.network import Exhausted
from operators.pod import files, network
from operators.pod import inventory as inventories
from operators.pod.environment import dns, surroundings
from operators.pod.inventory import Record
from operators.pod.lifecycle import plan, policy
from operators.pod.lifecycle.local import Local
from operators.pod.security import isolating
from operators.pod.sources import Object, SandboxError
from operators.pod.status import qos
from operators.pod.units import unit
from operators.pod.units.parts import Isolation
from operators.pod.volumes import disk
from operators.pod.volumes.parts import Failure

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet

AGAIN = 10.0  # seconds until what was missing is looked for again


class Stand:
    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet

    async def ensure(self, pod: Object, record: Record, local: Local, again: list[float]) -> bool:
        """Makes the Pod's folders, sandbox and volumes; False when its containers must wait for something."""
        names = [container["name"] for container, _ in plan.everything(pod)]
        try:
            if not record.sandbox:
                await self._make_sandbox(pod, record)
            if (renewal := await self._kubelet.objects.renew_tokens(pod)) is not None:
                again.append(renewal)
            failures = await self._kubelet.volumes.ensure(pod, record, sorted(local.environment.items()))
            if failures:
                again.append(AGAIN)
            if self._wait(pod, local, failures):
                return False
        except (Exhausted, SandboxError) as error:
            local.waiting = dict.fromkeys(names, ("ContainerCreating", ""))
            self._kubelet.news.once(
                pod, local, None, "FailedCreatePodSandBox", f"Failed to create pod sandbox: {error}"
            )
            again.append(AGAIN)
            return False
        except OSError as error:  # the disk is full
            local.waiting = dict.fromkeys(names, ("ContainerCreating", ""))
            text = f"error making pod data directories: {disk.words(error)}"
            self._kubelet.news.once(pod, local, None, "Failed", text)
            again.append(AGAIN)
            return False
        return True

    def _wait(self, pod: Object, local: Local, failures: list[Failure]) -> bool:
        """Tells what keeps volumes from being made; whether containers must wait for one of them."""
        for failure in failures:
            self._kubelet.news.once(pod, local, None, "FailedMount", failure.message)
        told = {("FailedMount", f"None:{failure.message}") for failure in failures}
        local.told -= {entry for entry in local.told if entry[0] == "FailedMount" and entry not in told}
        if not any(failure.is_needed for failure in failures):
            return False
        waiting = ("PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating", "")
        local.waiting = {spec["name"]: waiting for spec, _ in plan.containers(pod)}
        return True

    async def _make_sandbox(self, pod: Object, record: Record) -> None:
        kubelet, qos_class = self._kubelet, qos.compute(pod)
        runtime = await isolating.runtime(pod, kubelet.objects.kube)
        # From here to where they are recorded nothing is waited for: another Pod could get the same address or users.
        isolation = Isolation(isolating.users(pod, kubelet.inventory.user_ranges()), runtime)
        address = "" if pod["spec"].get("hostNetwork") else kubelet.network.address(kubelet.inventory)
        ports = network.host_ports(pod, address)
        slice_units = unit.slice_(pod, qos_class)
        sandbox = unit.sandbox(pod, qos_class, address, kubelet.machine, inventories.dump_ports(ports), isolation)
        record.slice, record.isolation = next(iter(slice_units)), isolation
        kubelet.inventory.put_sandbox(record, next(iter(sandbox)), address, ports)
        try:
            cluster = surroundings.cluster_dns(kubelet.objects.kube)
            notes = await asyncio.to_thread(self._write_base, pod, record, {**slice_units, **sandbox}, cluster)
        except BaseException:
            files.remove_units(kubelet.paths, record)
            kubelet.inventory.put_sandbox(record, "", "", ())
            raise
        for note in notes:
            kubelet.news.tell(pod, None, "Warning", note.reason, note.message)
            if note.node:
                kubelet.news.of_node(note.reason, note.node)
        if ports:
            await kubelet.network.apply(kubelet.inventory.host_ports())

    def _write_base(
        self, pod: Object, record: Record, units: Mapping[str, str], cluster: dns.Cluster
    ) -> list[dns.Note]:
        paths = self._kubelet.paths
        files.make_folders(paths, record.uid)
        folder = paths.pod_state(record.uid)
        ips = (record.address,) if record.address else self._kubelet.objects.host_ips()
        texts, notes = surroundings.base_files(pod, ips, cluster)
        for name, text in texts.items():
            files.write(folder / name, text)
        files.write_units(paths, units, boots=not policy.runs_once(pod))
        return notes
