"""Where webhooks are found, and how what goes wrong is told."""

from typing import Any

import pytest

from apiserver_stub.outbound.webhooks import WebhookError, Webhooks
from apiserver_stub.storage.log import Change, Key, encode
from apiserver_stub.storage.memory import MemoryLog

Object = dict[str, Any]
PORTS = [{"name": "web", "port": 443, "targetPort": "tls"}]
SELECTED = {"selector": {"a": "b"}, "clusterIP": "10.96.0.9", "ports": PORTS}
POD = {
    "spec": {
        "containers": [{"ports": [{"name": "other", "containerPort": 1}, {"name": "tls", "containerPort": 9443}]}]
    },
    "status": {"podIP": "10.0.0.2", "conditions": [{"type": "Ready", "status": "True"}]},
}
SLICE = {"ports": [{"name": "web", "port": 8443}], "endpoints": [{"addresses": ["10.0.0.1"]}]}


async def log_with(spec: Object | None, slices: list[Object], endpoints: Object | None = None) -> MemoryLog:
    log = MemoryLog()
    found: list[tuple[str, str, str, Object]] = []
    if spec is not None:
        found.append(("", "services", "hook", {"metadata": {}, "spec": spec}))
    for i, one in enumerate(slices):
        table = ("", "pods") if "spec" in one else ("discovery.k8s.io", "endpointslices")
        found.append((*table, f"s{i}", {"metadata": {}} | one))
    if endpoints is not None:
        found.append(("", "endpoints", "hook", {"metadata": {}} | endpoints))
    for group, resource, name, obj in found:
        obj["metadata"] |= {"name": name}
        labels = {"kubernetes.io/service-name": "hook", "a": "b"}
        await log.append(Change(Key(group, resource, "ns", name), encode(obj), 0, labels))
    return log


@pytest.mark.parametrize(
    ("spec", "slices", "endpoints", "connect"),
    [
        (SELECTED, [SLICE], None, "https://10.0.0.1:8443/c?timeout=5s"),
        (
            SELECTED,
            [{**SLICE, "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": False}}]}, SLICE],
            None,
            "https://10.0.0.1:8443/c?timeout=5s",
        ),
        (
            SELECTED,
            [],
            {"subsets": [{"addresses": [{"ip": "fd00::1"}], "ports": [{"name": "web", "port": 1}]}]},
            "https://[fd00::1]:1/c?timeout=5s",
        ),
        (SELECTED, [POD], None, "https://10.0.0.2:9443/c?timeout=5s"),
        (SELECTED, [POD, {**SLICE, "endpoints": []}], None, 'no endpoints available for service "hook"'),
        (SELECTED, [{**POD, "status": {"podIP": "10.0.0.2"}}], None, 'no endpoints available for service "hook"'),
        ({"clusterIP": "10.96.0.9", "ports": PORTS}, [], None, "https://10.96.0.9:443/c?timeout=5s"),
        ({"type": "ExternalName", "externalName": "h.example"}, [], None, "https://h.example:443/c?timeout=5s"),
        (None, [], None, 'service "hook" not found'),
        (SELECTED, [], None, 'no endpoints available for service "hook"'),
        ({**SELECTED, "ports": []}, [SLICE], None, 'no service port 443 found for service "hook"'),
    ],
)
async def test_service(spec: Object | None, slices: list[Object], endpoints: Object | None, connect: str) -> None:
    webhooks = Webhooks(await log_with(spec, slices, endpoints))
    service = {"namespace": "ns", "name": "hook", "path": "/c"}
    try:
        place = webhooks._place({"service": service}, 5)
    except WebhookError as error:
        assert str(error) == f'Post "https://hook.ns.svc:443/c?timeout=5s": {connect}'
    else:
        assert (place.connect, place.name) == (connect, "hook.ns.svc")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"url": "https://127.0.0.1:1/x"}, "dial tcp 127.0.0.1:1: connect: connection refused"),
        ({"url": "https://127.0.0.1:1/x", "caBundle": "QQ=="}, "unable to load root certificates"),
    ],
)
async def test_faults(config: Object, message: str) -> None:
    webhooks = Webhooks(MemoryLog())
    with pytest.raises(WebhookError, match=message):
        await webhooks.ask(config, b"{}", 5)
    await webhooks.close()
