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


def read_file(volume, path):
    if volume != "data":
        raise LookupError(volume)
    if path != "a.env":
        raise FileNotFoundError(path)
    return "A='1'\nEMPTY=''\n"


@pytest.mark.parametrize(
    ("volume", "path", "key", "expected"),
    [
        ("data", "a.env", "A", "1"),
        ("data", "a.env", "B", 'environment variable key "B" not found in file "a.env"'),
        ("data", "a.env", "EMPTY", 'environment variable key "EMPTY" not found in file "a.env"'),
        ("data", "b.env", "A", "couldn't parse env file"),
        ("none", "a.env", "A", 'cannot find the volume "none" referenced by FileKeyRef'),
    ],
)
def test_variables_from_files(volume, path, key, expected):
    def resolve_file(**more):
        ref = {"volumeName": volume, "path": path, "key": key, **more}
        entry = {"name": "X", "valueFrom": {"fileKeyRef": ref}}
        return env.resolve(POD, {"name": "c", "env": [entry]}, OBJECTS, NODE, read_file)

    if len(expected) == 1:
        assert resolve_file() == {"X": expected}
        return
    with pytest.raises(sources.Missing) as caught:
        resolve_file()
    assert caught.value.message == expected
    if "not found in" in expected:
        assert resolve_file(optional=True) == {}


def test_binary_data_of_a_config_map_is_no_variable():
    objects = Objects({("shop", "b"): {"binaryData": {"k": base64.b64encode(b"x").decode()}}})
    entry = {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "b", "key": "k"}}}
    with pytest.raises(sources.Missing, match="couldn't find key k in ConfigMap shop/b"):
        env.resolve(POD, {"name": "c", "env": [entry]}, objects, NODE)


def test_limits_that_are_not_set():
    pod = {**POD, "spec": {"resources": {"limits": {"cpu": "750m"}}, "containers": [{"name": "c"}]}}
    node = NodeFacts(allocatable={"cpu": "2", "memory": "1Gi", "hugepages-2Mi": "4Mi", "ephemeral-storage": "5"})

    def of(resource, divisor="0"):
        return sources.container_resource(
            pod, pod["spec"]["containers"][0], {"resource": resource, "divisor": divisor}, node
        )

    assert of("limits.cpu", "1m") == "750"
    assert of("limits.memory") == str(1 << 30)
    assert of("limits.ephemeral-storage") == "5"
    assert of("limits.hugepages-2Mi") == "0"
    assert of("requests.memory") == "0"


def test_values_of_a_map_are_quoted_as_go_does():
    labels = {"b": "1", "a": 'x\a\x7f\u2028"\\ü\n'}
    pod = {**POD, "metadata": {**POD["metadata"], "annotations": labels}}
    assert sources.pod_field(pod, "metadata.annotations", NODE) == 'a="x\\a\\x7f\\u2028\\"\\\\ü\\n"\nb="1"'


def test_missing_env_from():
    with pytest.raises(sources.Missing, match='configmap "none" not found'):
        resolve(env_from=[{"configMapRef": {"name": "none"}}])
    assert resolve(env_from=[{"secretRef": {"name": "none", "optional": True}}]) == {}


def test_command_expansion():
    container = {"command": ["sh", "-c", "echo $(A)"], "args": []}
    assert env.command(container, {"A": "1"}) == (["sh", "-c", "echo 1"], None)
