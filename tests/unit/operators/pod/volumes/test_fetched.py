"""Claims and their volumes are read one by one, until they are bound."""

from typing import Any

from operators._kube.errors import ApiError
from operators._kube.meta import Key
from operators.pod.volumes.fetched import Claims
from operators.pod.volumes.trust_bundles import TrustBundles

POD = {
    "metadata": {"name": "p", "namespace": "ns", "uid": "1"},
    "spec": {
        "volumes": [
            {"name": "v", "persistentVolumeClaim": {"claimName": "c"}},
            {"name": "e", "ephemeral": {"volumeClaimTemplate": {}}},
            {"name": "x", "emptyDir": {}},
        ]
    },
}


def claim(volume: str, phase: str) -> dict[str, Any]:
    return {"spec": {"volumeName": volume}, "status": {"phase": phase}}


class Server:
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.asked: list[tuple[str, Key]] = []

    async def fetch(self, api_version: str, resource: str, key: Key) -> dict[str, Any] | None:
        self.asked.append((resource, key))
        return self.objects.get((resource, key.name))


async def test_read_until_bound_and_then_kept() -> None:
    claims, server = Claims(), Server()
    await claims.cover(POD, server)
    assert sorted(server.asked) == [
        ("persistentvolumeclaims", Key("ns", "c")),
        ("persistentvolumeclaims", Key("ns", "p-e")),
    ]
    assert claims.claim("ns", "c") is None
    server.objects = {
        ("persistentvolumeclaims", "c"): claim("pv1", "Bound"),
        ("persistentvolumeclaims", "p-e"): claim("", "Pending"),
        ("persistentvolumes", "pv1"): {"spec": {"local": {"path": "/x"}}},
    }
    await claims.cover(POD, server)
    assert claims.volume("pv1") == {"spec": {"local": {"path": "/x"}}}
    server.asked.clear()
    await claims.cover(POD, server)
    assert server.asked == [("persistentvolumeclaims", Key("ns", "p-e"))]
    claims.forget("1")
    assert (claims.claim("ns", "c"), claims.volume("pv1")) == (None, None)


async def test_a_pod_without_claims_asks_nothing() -> None:
    claims, server = Claims(), Server()
    await claims.cover({"metadata": {"name": "p", "namespace": "ns", "uid": "2"}, "spec": {}}, server)
    assert server.asked == []


PROJECTING = {
    "metadata": {"name": "p", "namespace": "ns", "uid": "3"},
    "spec": {"volumes": [{"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"name": "b"}}]}}]},
}


class Bundles:
    def __init__(self, *answers: list[dict[str, Any]] | ApiError) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def fetch_list(self, api_version: str, resource: str) -> list[dict[str, Any]]:
        self.asked.append(f"{api_version} {resource}")
        answer = self.answers.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer


async def test_trust_bundles_are_read_for_who_projects_them() -> None:
    trust, server = TrustBundles(), Bundles(ApiError(404, "NotFound", "no"), [{"metadata": {"name": "b"}}])
    await trust.cover(POD, server)
    assert server.asked == []
    await trust.cover(PROJECTING, server)
    await trust.cover(PROJECTING, server)
    assert trust.bundles() == [{"metadata": {"name": "b"}}]
    assert server.asked == [f"certificates.k8s.io/{v} clustertrustbundles" for v in ("v1", "v1beta1")]


async def test_trust_bundles_that_a_node_may_not_read() -> None:
    trust = TrustBundles()
    await trust.cover(PROJECTING, Bundles(ApiError(404, "NotFound", "no"), ApiError(403, "Forbidden", "no")))
    assert trust.bundles() is None
