"""Addresses of Services as objects, and the range that they are from."""

from tests.api.conftest import CORE, Client

SERVICES = f"{CORE}/services"
ADDRESSES = "/apis/networking.k8s.io/v1/ipaddresses"


def _service(name: str, **spec: object) -> dict[str, object]:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


async def _names(admin: Client) -> list[str]:
    _, found = await admin.get(ADDRESSES)
    return [item["metadata"]["name"] for item in found["items"]]


async def test_what_a_fresh_server_has(admin: Client) -> None:
    _, cidr = await admin.get("/apis/networking.k8s.io/v1/servicecidrs/kubernetes")
    assert [(item["type"], item["status"]) for item in cidr["status"]["conditions"]] == [("Ready", "True")]
    _, address = await admin.get(f"{ADDRESSES}/10.96.0.1")
    assert address["spec"]["parentRef"] == {"resource": "services", "namespace": "default", "name": "kubernetes"}


async def test_an_address_lives_as_long_as_its_service_has_it(admin: Client) -> None:
    await admin.create(SERVICES, _service("a", clusterIP="10.96.0.77"))
    _, address = await admin.get(f"{ADDRESSES}/10.96.0.77")
    assert address["metadata"]["labels"] == {
        "ipaddress.kubernetes.io/ip-family": "IPv4",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    assert address["metadata"]["managedFields"][0]["manager"] == "kube-apiserver"
    await admin.patch(f"{SERVICES}/a", {"spec": {"type": "ExternalName", "externalName": "x.y"}})
    assert await _names(admin) == ["10.96.0.1"]
    await admin.patch(f"{SERVICES}/a", {"spec": {"type": "ClusterIP", "clusterIP": "10.96.0.78"}})
    assert await _names(admin) == ["10.96.0.1", "10.96.0.78"]
    await admin.call("DELETE", f"{SERVICES}/a")
    assert await _names(admin) == ["10.96.0.1"]


async def test_dry_runs_and_headless_services_take_none(admin: Client) -> None:
    await admin.create(SERVICES, _service("a", clusterIP="10.96.0.77"), dryRun="All")
    await admin.create(SERVICES, _service("b", clusterIP="None"))
    assert await _names(admin) == ["10.96.0.1"]


async def test_an_address_may_be_kept_for_something_else(admin: Client) -> None:
    parent = {"group": "gateway.networking.k8s.io", "resource": "gateways", "name": "g"}
    await admin.create(ADDRESSES, {"metadata": {"name": "10.96.0.77"}, "spec": {"parentRef": parent}})
    code, error = await admin.call("POST", SERVICES, _service("a", clusterIP="10.96.0.77"))
    assert (code, error["details"]["causes"][0]["field"]) == (422, "spec.clusterIPs")
    assert error["message"].endswith("failed to allocate IP 10.96.0.77: provided IP is already allocated")


async def test_a_service_may_be_put(admin: Client) -> None:
    code, made = await admin.call("PUT", f"{SERVICES}/a", _service("a") | {"apiVersion": "v1", "kind": "Service"})
    assert code == 201
    assert made["spec"]["clusterIP"] in await _names(admin)
