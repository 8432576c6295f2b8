"""Protobuf bodies, as kubectl sends them, turned into JSON."""

import orjson
import pytest

from apiserver_stub.meta import status
from apiserver_stub.schema import kinds, openapi, protobuf


def field(number: int, value: bytes | int) -> bytes:
    """One field on the wire; short values only."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


def body(api_version: str, kind: str, content: bytes) -> bytes:
    head = field(1, api_version.encode()) + field(2, kind.encode())
    return b"k8s\x00" + field(1, head) + field(2, content)


def read(raw: bytes, group: str, version: str, name: str) -> dict[str, object]:
    resource = kinds.builtin().get(group, version, name)
    assert resource
    found: dict[str, object] = orjson.loads(protobuf.to_json(raw, openapi.node_for(resource)))
    return found


def test_what_kubectl_create_configmap_sends() -> None:
    raw = bytes.fromhex(
        "6b3873000a0f0a02763112 09436f6e6669674d6170121b0a110a01611200"
        "1a0022002a003200380042001206 0a016112 0162 1a002200"
    )
    found = read(raw, "", "v1", "configmaps")
    assert found["data"] == {"a": "b"}
    meta = found["metadata"]
    assert isinstance(meta, dict)
    assert (meta["name"], meta["namespace"]) == ("a", "")
    assert "creationTimestamp" not in meta  # an empty message is no time


def test_embedded_structs_are_inline_in_json() -> None:
    volume = field(1, b"v") + field(2, field(2, field(1, b"")))  # a Volume of the source emptyDir
    probe = field(1, field(2, field(2, field(1, 1) + field(3, b"http")))) + field(2, 5)  # httpGet on a named port
    container = field(1, b"c") + field(10, probe)
    pod = field(2, field(1, volume) + field(2, container))
    spec = read(body("v1", "Pod", pod), "", "v1", "pods")["spec"]
    assert isinstance(spec, dict)
    assert spec["volumes"] == [{"name": "v", "emptyDir": {"medium": ""}}]
    (read_container,) = spec["containers"]
    assert read_container["livenessProbe"] == {"httpGet": {"port": "http"}, "initialDelaySeconds": 5}


def test_bytes_quantities_and_negative_numbers() -> None:
    secret = field(2, field(1, b"k") + field(2, b"\x00\xff"))
    assert read(body("v1", "Secret", secret), "", "v1", "secrets")["data"] == {"k": "AP8="}
    limits = field(8, field(1, field(1, b"cpu") + field(2, field(1, b"100m"))))
    pod = field(2, field(2, limits))
    spec = read(body("v1", "Pod", pod), "", "v1", "pods")["spec"]
    assert isinstance(spec, dict)
    assert spec["containers"][0]["resources"]["limits"] == {"cpu": "100m"}
    minus_one = b"\x08" + b"\xff" * 9 + b"\x01"
    scale = read(body("apps/v1", "Deployment", field(2, minus_one)), "apps", "v1", "deployments")
    assert scale["spec"] == {"replicas": -1}


def test_delete_options_of_any_group() -> None:
    found = orjson.loads(protobuf.to_json(body("policy/v1", "DeleteOptions", field(1, 0)), None))
    assert found == {"kind": "DeleteOptions", "apiVersion": "policy/v1", "gracePeriodSeconds": 0}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"k8s\x00",
        b"k8s\x00\xff\xff\xff",
        b"k8s\x00" + b"\x0a\x7f",
        body("v1", "Nope", b""),
        body("v1", "ConfigMap", b"\x00"),
        body("v1", "ConfigMap", b"\x0a\x05"),
        body("v1", "ConfigMap", field(1, 5)),
        body("v1", "ConfigMap", field(2, field(1, b"\xff"))),
        body("v1", "ConfigMap", b"\x0b"),
    ],
)
def test_malformed(raw: bytes) -> None:
    with pytest.raises(status.StatusError) as caught:
        read(raw, "", "v1", "configmaps")
    assert caught.value.code == 400


def test_the_data_is_of_every_kind_that_is_served() -> None:
    missing = [
        resource.kind
        for resource in kinds.builtin()
        if protobuf._message_name(resource.api_version, resource.kind) is None
    ]
    # Served by extensions of kube-apiserver that clients speak JSON with, and kinds newer than the data.
    assert set(missing) <= {
        "CustomResourceDefinition", "APIService", "IPAddress", "ServiceCIDR", "DeviceClass", "ResourceClaim",
        "ResourceClaimTemplate", "ResourceSlice", "VolumeAttributesClass", "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
    }  # fmt: skip
