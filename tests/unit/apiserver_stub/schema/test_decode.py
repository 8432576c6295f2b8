"""Bodies: messages about what is wrong with them, and the canonical object."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apiserver_stub.meta.status import StatusError
from apiserver_stub.schema import decode, kinds

# The machine may be busy.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TABLE = kinds.builtin()


def _resource(name: str, group: str = "", version: str = "v1") -> kinds.Resource:
    found = TABLE.get(group, version, name)
    assert found
    return found


CONFIG_MAPS = _resource("configmaps")
PODS = _resource("pods")
DEPLOYMENTS = _resource("deployments", "apps")


def _decode(body: Any, resource: kinds.Resource = CONFIG_MAPS, mode: Any = "Strict", **options: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode.decode(raw, options.pop("content_type", "application/json"), resource, mode, **options)


def _refused(body: Any, resource: kinds.Resource = CONFIG_MAPS, **options: Any) -> str:
    with pytest.raises(StatusError) as caught:
        _decode(body, resource, **options)
    assert caught.value.code == 400
    return caught.value.message


UNREADABLE = "the object provided is unrecognized (must be of type ConfigMap): "
HANDLED = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: '


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"),
        (b'{"a"', 'couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"a")'),
        (
            b"[]",
            "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct "
            '{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)',
        ),
        (b'{"apiVersion":"a/b/c"}', 'unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})'),
        (
            b"apiVersion: v1\nkind: ConfigMap\n",
            "couldn't get version/kind; json parse error: invalid character 'a' looking for beginning of value "
            "(61706956657273696f6e3a2076310a6b696e643a20436f6e6669674d6170 ...)",
        ),
    ],
)
def test_unreadable(body: bytes, message: str) -> None:
    assert _refused(body) == UNREADABLE + message


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (
            {"kind": "Nope", "apiVersion": "v1"},
            'Nope in version "v1" cannot be handled as a ConfigMap: no kind "Nope" is registered for version "v1" '
            'in scheme "pkg/api/legacyscheme/scheme.go:30"',
        ),
        (
            {"kind": "Secret", "apiVersion": "v1"},
            'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): '
            "unknown conversion",
        ),
    ],
)
def test_other_kinds(head: dict[str, str], message: str) -> None:
    assert _refused({**head, "metadata": {"name": "x"}}) == message


def test_version_that_is_no_longer_served() -> None:
    body = {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "d"}}
    assert _refused(body, DEPLOYMENTS) == (
        "the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)"
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"data": {"k": 5}}, "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"),
        ({"data": []}, "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string"),
        ({"binaryData": {"k": "***"}}, "illegal base64 data at input byte 0"),
        ({"immutable": "x"}, "json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool"),
        (
            {"metadata": {"name": True}},
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string",
        ),
        (
            {"metadata": 5},
            "json: cannot unmarshal number into Go struct field ConfigMap.metadata of type v1.ObjectMeta",
        ),
        (
            b'{"metadata": {"generation": 99999999999999999999}}',
            "json: cannot unmarshal number 99999999999999999999 into Go struct field ObjectMeta.metadata.generation "
            "of type int64",
        ),
        (
            b'{"metadata": {"generation": 1.0}}',
            "json: cannot unmarshal number 1.0 into Go struct field ObjectMeta.metadata.generation of type int64",
        ),
        (
            {"metadata": {"creationTimestamp": "soon"}},
            'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"',
        ),
        (
            {"metadata": {"creationTimestamp": 5}},
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
    ],
)
def test_wrong_types(body: Any, message: str) -> None:
    assert _refused(body) == HANDLED + message


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"containers": "x"},
            "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            {"containers": [{"ports": [{"containerPort": "80"}]}]},
            "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort "
            "of type int32",
        ),
        (
            {"containers": [{"ports": [{"containerPort": 3_000_000_000}]}]},
            "json: cannot unmarshal number 3000000000 into Go struct field "
            "ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
        (
            {"restartPolicy": 1},
            "json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy",
        ),
        (
            {"containers": [{"resources": {"limits": {"cpu": "one"}}}]},
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
    ],
)
def test_wrong_types_in_depth(spec: Any, message: str) -> None:
    assert _refused({"spec": spec}, PODS) == f'Pod in version "v1" cannot be handled as a Pod: {message}'


def test_unknown_fields_in_each_mode() -> None:
    body = {"metadata": {"name": "a", "labelz": {}}, "data": {"k": "v"}, "nope": 1}
    assert _refused(body) == (f'{HANDLED}strict decoding error: unknown field "metadata.labelz", unknown field "nope"')
    pruned = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {"k": "v"}}
    obj, warnings = _decode(body, mode="Warn")
    assert obj == pruned
    assert warnings == ['unknown field "metadata.labelz"', 'unknown field "nope"']
    assert _decode(body, mode="Ignore") == (pruned, [])


def test_unknown_fields_in_lists_have_an_index() -> None:
    body = {"spec": {"containers": [{"name": "a"}, {"name": "b", "imagePolicy": "x"}]}}
    _, warnings = _decode(body, PODS, mode="Warn")
    assert warnings == ['unknown field "spec.containers[1].imagePolicy"']


@pytest.mark.parametrize("colon", [":", " : "])
def test_duplicate_fields(colon: str) -> None:
    text = '{"metadata"COLON{"name"COLON"a","name"COLON"b"},"data"COLON{"k"COLON"1","k"COLON"2"},"x"COLON1}'
    raw = text.replace("COLON", colon).encode()
    obj, warnings = _decode(raw, mode="Warn")
    assert (obj["metadata"]["name"], obj["data"]) == ("b", {"k": "2"})
    assert warnings == ['duplicate field "metadata.name"', 'duplicate field "data.k"', 'unknown field "x"']
    assert _decode(raw, mode="Ignore")[1] == []
    assert 'strict decoding error: duplicate field "metadata.name"' in _refused(raw)


def test_duplicate_keys_of_yaml() -> None:
    raw = b'metadata: {name: y1}\ndata:\n  k: "1"\n  k: "2"\nextra: 1\n'
    assert _refused(raw, content_type="application/yaml") == (
        f'{HANDLED}strict decoding error: yaml: unmarshal errors:\n  line 4: key "k" already set in map, '
        'unknown field "extra"'
    )
    _, warnings = _decode(raw, mode="Warn", content_type="application/yaml;charset=utf-8")
    assert warnings == ['line 4: key "k" already set in map', 'unknown field "extra"']


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"null", {"metadata": {}}),
        ({"data": None, "metadata": {"name": "a", "creationTimestamp": None}}, {"metadata": {"name": "a"}}),
        ({"data": {}, "immutable": False}, {"metadata": {}, "immutable": False}),
        ({"metadata": {"labels": {"a": None}, "annotations": {}}}, {"metadata": {"labels": {"a": ""}}}),
        ({"metadata": {"name": "a", "selfLink": "/x"}}, {"metadata": {"name": "a"}}),
        (b'{"data": {"k": "\\u0000"}}', {"data": {"k": "\0"}, "metadata": {}}),
        (b'{"data": {"k": "\\ud800"}}', {"data": {"k": "\ufffd"}, "metadata": {}}),
    ],
)
def test_canonical(body: Any, expected: dict[str, Any]) -> None:
    obj, _ = _decode(body)
    assert obj == {"kind": "ConfigMap", "apiVersion": "v1", **expected}


def test_canonical_deployment() -> None:
    body = {
        "spec": {
            "replicas": 0,
            "paused": False,
            "minReadySeconds": 0,
            "template": {
                "spec": {
                    "hostNetwork": False,
                    "automountServiceAccountToken": False,
                    "containers": [{"name": "c", "image": "", "resources": {"limits": {"memory": "0.5Gi", "cpu": 1}}}],
                }
            },
        },
    }
    obj, _ = _decode(body, DEPLOYMENTS)
    template = obj["spec"].pop("template")
    assert obj["spec"] == {"replicas": 0, "strategy": {}}
    assert obj["status"] == {}
    assert template["metadata"] == {}
    assert template["spec"] == {
        "automountServiceAccountToken": False,
        "containers": [{"name": "c", "resources": {"limits": {"memory": "512Mi", "cpu": "1"}}}],
    }


def test_what_go_encodes_though_nobody_set_it() -> None:
    event, _ = _decode({"involvedObject": {}}, _resource("events"))
    assert event["eventTime"] is None and event["firstTimestamp"] is None
    assert (event["source"], event["reportingComponent"]) == ({}, "")
    node, _ = _decode({}, _resource("nodes"))
    assert node["status"]["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 0}}
    assert node["status"]["nodeInfo"]["kernelVersion"] == ""


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"a":' * 200_000,
        b'{"data":{"k":"\x80"}}',
        b"\xff\xfe",
        b"\x00",
        b'{"kind":{}}',
        b"NaN",
        b'{"data":{"k":NaN}}',
    ],
)
def test_hostile_bodies_are_refused(raw: bytes) -> None:
    assert _refused(raw)
    assert _refused(b"[" + raw, content_type="application/yaml")


@_PATIENT
@given(st.binary(max_size=200), st.sampled_from(["application/json", "application/yaml"]))
def test_no_body_breaks_the_decoder(raw: bytes, content_type: str) -> None:
    try:
        obj, _ = decode.decode(raw, content_type, PODS, "Warn")
    except StatusError as error:
        assert error.code == 400
    else:
        assert obj["kind"] == "Pod"


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["metadata", "spec", "containers", "name", "ports", "x"]), inner, max_size=4)
    ),
    max_leaves=15,
)


@_PATIENT
@given(st.dictionaries(st.sampled_from(["metadata", "spec", "status", "x"]), _ANY, max_size=4))
def test_fast_and_slow_decoding_agree(body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    spaced = json.dumps(body, separators=(" , ", " : ")).encode()
    results = []
    for text in (raw, spaced):
        try:
            results.append(decode.decode(text, "application/json", PODS, "Warn"))
        except StatusError as error:
            results.append((error.message, []))
    assert results[0] == results[1]


def test_check_prunes_in_place() -> None:
    obj = {"metadata": {"name": "p"}, "dat": {"x": "y"}}
    assert decode.check(obj, CONFIG_MAPS, "Warn") == ['unknown field "dat"']
    assert obj == {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "p"}}


def test_check_quotes_the_patch() -> None:
    with pytest.raises(StatusError) as caught:
        decode.check({"metadata": {"name": "p"}, "dat": {}}, CONFIG_MAPS, "Strict", quoted="map[dat:map[]]")
    assert caught.value.code == 422
    assert caught.value.message == (
        ' "" is invalid: patch: Invalid value: "map[dat:map[]]": strict decoding error: unknown field "dat"'
    )
    assert set(caught.value.body["details"]) == {"causes"}


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("***", 0),
        ("b", 0),
        ("abcde", 4),
        ("ab=", 3),
        ("ab=c", 3),
        ("a===", 1),
        ("ab==x", 4),
        ("abc=\n=", 5),
        ("a b=", 1),
    ],
)
def test_where_base64_breaks(text: str, at: int) -> None:
    assert _refused({"binaryData": {"k": text}}) == f"{HANDLED}illegal base64 data at input byte {at}"


@pytest.mark.parametrize(("text", "kept"), [("AAEC", "AAEC"), ("AA==", "AA=="), ("AA\n==\n", "AA=="), ("", "")])
def test_base64_is_kept(text: str, kept: str) -> None:
    assert _decode({"binaryData": {"k": text}})[0]["binaryData"] == {"k": kept}
