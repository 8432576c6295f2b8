"""The API objects that Pods of this node may name, read from the operator's caches."""

from collections.abc import Iterable
from typing import Any

from operators._kube import meta
from operators._kube.client import Kube
from operators._kube.controller import Key
from operators.pod.inventory import Record
from operators.pod.sources import NodeFacts, Object
from operators.pod.staticpods import manifest
from operators.pod.volumes.referenced import Referenced
from operators.pod.volumes.tokens import Tokens

API = Key("default", "kubernetes")


class Objects:
    """What is where: Pods, the Node, Services, and what operators.pod.sources.Sources asks for.

    static: the Pods that come from files. `kube` is there from open() on. `fallback`: the node's address while its
    Node object has none.
    """

    kube: Kube

    def __init__(self, node_name: str, fallback: str, referenced: Referenced, tokens: Tokens) -> None:
        self.node_name = node_name
        self.static: dict[Key, dict[str, Any]] = {}
        self._fallback = fallback
        self._referenced = referenced
        self._tokens = tokens

    def pods(self) -> list[dict[str, Any]]:
        """The Pods bound to this node; static ones themselves and not what mirrors them."""
        bound = (pod for pod in self.kube.list("v1", "pods") if pod["spec"].get("nodeName") == self.node_name)
        return [*(pod for pod in bound if not manifest.is_mirror(pod)), *self.static.values()]

    def pod_at(self, key: Key) -> dict[str, Any] | None:
        """A Pod of this node."""
        if key in self.static:
            return self.static[key]
        pod = self.kube.get_or_none("v1", "pods", key)
        is_here = pod is not None and pod["spec"].get("nodeName") == self.node_name
        return pod if pod is not None and is_here and not manifest.is_mirror(pod) else None

    def pod_of(self, record: Record) -> dict[str, Any] | None:
        """The Pod that a record on the node belongs to, not one that has only the same name."""
        pod = self.pod_at(record.key) if record.key is not None else None
        return pod if pod is not None and meta.uid_of(pod) == record.uid else None

    def node(self) -> Object | None:
        return self.kube.get_or_none("v1", "nodes", Key("", self.node_name))

    def host_ips(self) -> tuple[str, ...]:
        entries = ((self.node() or {}).get("status") or {}).get("addresses") or ()
        found = tuple(entry["address"] for entry in entries if entry.get("type") == "InternalIP")
        return found or (self._fallback,)

    def node_facts(self, record: Record) -> NodeFacts:
        allocatable = ((self.node() or {}).get("status") or {}).get("allocatable") or {}
        ips = (record.address,) if record.address else self.host_ips()
        return NodeFacts(host_ips=self.host_ips(), pod_ips=ips, allocatable=allocatable)

    def config_map(self, namespace: str, name: str) -> Object | None:
        return self._referenced.get("ConfigMap", namespace, name)

    def secret(self, namespace: str, name: str) -> Object | None:
        return self._referenced.get("Secret", namespace, name)

    def claim(self, namespace: str, name: str) -> Object | None:
        return self._referenced.claims.claim(namespace, name)

    def persistent_volume(self, name: str) -> Object | None:
        return self._referenced.claims.volume(name)

    def pods_of(self, namespace: str) -> Iterable[Object]:
        return [pod for pod in self.pods() if pod["metadata"]["namespace"] == namespace]

    def trust_bundles(self) -> Iterable[Object] | None:
        return self._referenced.trust.bundles()

    def services(self, namespace: str) -> Iterable[Object]:
        found = list(self.kube.list("v1", "services", namespace))
        api = self.kube.get_or_none("v1", "services", API)
        return [*found, api] if api is not None and namespace != API.namespace else found

    def token(self, pod: Object, audience: str, seconds: int) -> str:
        return self._tokens.get(pod, audience, seconds)

    async def renew_tokens(self, pod: Object) -> float | None:
        """Seconds until that is to be done again."""
        return await self._tokens.renew(pod, self.kube, self.kube.clock())
