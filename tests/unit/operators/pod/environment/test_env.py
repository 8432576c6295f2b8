"""A container's environment: order, references, expansion."""

import base64

import pytest

from operators.pod import sources
from operators.pod.environment import env
from operators.pod.sources import NodeFacts


class Objects:
    def __init__(self, config_maps=None, secrets=None):
        self.config_maps, self.secrets = config_maps or {}, secrets or {}

    def services(self, namespace):
        return ()

    def config_map(self, namespace, name):
        return self.config_maps.get((namespace, name))

    def secret(self, namespace, name):
        return self.secrets.get((namespace, name))


OBJECTS = Objects(
    {("shop", "settings"): {"data": {"COLOR": "green", "SIZE": "L", "a=b": "no"}}},
    {("shop", "keys"): {"data": {"TOKEN": base64.b64encode(b"s3cret\nline").decode()}}},
)
POD = {
    "metadata": {
        "name": "web-0",
        "namespace": "shop",
        "uid": "u-1",
        "labels": {"b": "2", "a": 'quo"te'},
        "annotations": {"note": "hi"},
    },
    "spec": {
        "nodeName": "node",
        "serviceAccountName": "default",
        "containers": [{"name": "c", "resources": {"limits": {"cpu": "1500m", "memory": "64Mi"}}}],
    },
}
NODE = NodeFacts(host_ips=("192.0.2.1",), pod_ips=("10.244.0.9",), allocatable={"cpu": "2", "memory": "1Gi"})


def resolve(*entries, env_from=()):
    container = {**POD["spec"]["containers"][0], "env": list(entries), "envFrom": list(env_from)}
    return env.resolve(POD, container, OBJECTS, NODE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$(A)-$(B)", "1-2"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$(MISSING)", "$(MISSING)"),
        ("$(A", "$(A"),
        ("$A $", "$A $"),
        ("$()", "$()"),
        ("$(A)$(A)", "11"),
        ("$(A$(B))", "$(A$(B))"),
    ],
)
def test_expansion(text, expected):
    assert env.expand(text, {"A": "1", "B": "2"}) == expected


def test_later_entries_see_and_override_earlier_ones():
    found = resolve(
        {"name": "COLOR", "value": "red"},
        {"name": "TEXT", "value": "$(COLOR) $(SIZE) $(LATER)"},
        {"name": "LATER", "value": "x"},
        env_from=[{"configMapRef": {"name": "settings"}}],
    )
    assert found == {"COLOR": "red", "SIZE": "L", "TEXT": "red L $(LATER)", "LATER": "x"}


def test_env_from_prefix_and_secret():
    found = resolve(env_from=[{"prefix": "K_", "secretRef": {"name": "keys"}}])
    assert found == {"K_TOKEN": "s3cret\nline"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("metadata.name", "web-0"),
        ("metadata.namespace", "shop"),
        ("metadata.uid", "u-1"),
        ("metadata.labels['b']", "2"),
        ("metadata.annotations['note']", "hi"),
        ("metadata.labels['none']", ""),
        ("spec.nodeName", "node"),
        ("spec.serviceAccountName", "default"),
        ("status.hostIP", "192.0.2.1"),
        ("status.podIP", "10.244.0.9"),
        ("status.podIPs", "10.244.0.9"),
    ],
)
def test_field_references(path, expected):
    assert resolve({"name": "X", "valueFrom": {"fieldRef": {"fieldPath": path}}}) == {"X": expected}


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ({"resource": "limits.cpu"}, "2"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "1500"),
        ({"resource": "limits.memory", "divisor": "1Mi"}, "64"),
        ({"resource": "limits.memory", "divisor": "0"}, str(64 << 20)),
        ({"resource": "requests.cpu"}, "0"),
        ({"resource": "limits.ephemeral-storage"}, "0"),
    ],
)
def test_resource_references(ref, expected):
    assert resolve({"name": "X", "valueFrom": {"resourceFieldRef": ref}}) == {"X": expected}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"configMapKeyRef": {"name": "none", "key": "k"}}, 'configmap "none" not found'),
        ({"configMapKeyRef": {"name": "settings", "key": "k"}}, "couldn't find key k in ConfigMap shop/settings"),
        ({"secretKeyRef": {"name": "none", "key": "k"}}, 'secret "none" not found'),
        ({"secretKeyRef": {"name": "keys", "key": "k"}}, "couldn't find key k in Secret shop/keys"),
    ],
)
def test_missing_references(entry, message):
    with pytest.raises(sources.Missing) as caught:
        resolve({"name": "X", "valueFrom": entry})
    assert caught.value.message == message
    kind = next(iter(entry))
    assert resolve({"name": "X", "valueFrom": {kind: {**entry[kind], "optional": True}}}) == {}


def test_missing_env_from():
    with pytest.raises(sources.Missing, match='configmap "none" not found'):
        resolve(env_from=[{"configMapRef": {"name": "none"}}])
    assert resolve(env_from=[{"secretRef": {"name": "none", "optional": True}}]) == {}


def test_command_expansion():
    container = {"command": ["sh", "-c", "echo $(A)"], "args": []}
    assert env.command(container, {"A": "1"}) == (["sh", "-c", "echo 1"], None)
