"""Who gets a certificate of which signer, how long requests are kept and certificates live."""

from typing import Any

import pytest

from apiserver_stub.certificates import retention, signers, signing
from apiserver_stub.certificates.signers import CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY, Request

SIGN, ENCIPHER, CLIENT_AUTH, SERVER_AUTH = "digital signature", "key encipherment", "client auth", "server auth"
NODE = {"common_name": "system:node:a", "organizations": ("system:nodes",)}
T = "2026-01-01T00:00:00Z"
EPOCH = 1767225600.0


@pytest.mark.parametrize(
    ("signer", "request_", "usages", "fault"),
    [
        (CLIENT, {"common_name": "jane"}, [CLIENT_AUTH], ""),
        (CLIENT, {"common_name": "jane"}, [CLIENT_AUTH, SIGN, ENCIPHER], ""),
        (CLIENT, {}, [SIGN], "missing required usage for client certificate: client auth"),
        (CLIENT, {}, [CLIENT_AUTH, "any"], "invalid usage for client certificate: any"),
        (KUBELET_CLIENT, NODE, [CLIENT_AUTH, SIGN], ""),
        (KUBELET_CLIENT, NODE, [CLIENT_AUTH, SIGN, ENCIPHER], ""),
        (KUBELET_CLIENT, NODE, [CLIENT_AUTH], "usages did not match [client auth digital signature key encipherment]"),
        (KUBELET_CLIENT, NODE | {"dns": ("a",)}, [CLIENT_AUTH, SIGN], "DNS subjectAltNames are not allowed"),
        (KUBELET_CLIENT, NODE | {"emails": ("a",)}, [CLIENT_AUTH, SIGN], "Email subjectAltNames are not allowed"),
        (KUBELET_CLIENT, NODE | {"addresses": ("::",)}, [CLIENT_AUTH, SIGN], "IP subjectAltNames are not allowed"),
        (KUBELET_CLIENT, NODE | {"uris": ("a:",)}, [CLIENT_AUTH, SIGN], "URI subjectAltNames are not allowed"),
        (
            KUBELET_CLIENT,
            NODE | {"common_name": "a"},
            [CLIENT_AUTH, SIGN],
            "subject common name does not begin with system:node:",
        ),
        (
            KUBELET_CLIENT,
            NODE | {"organizations": ("system:nodes", "more")},
            [CLIENT_AUTH, SIGN],
            "subject organization is not system:nodes",
        ),
        (KUBELET_SERVING, NODE | {"addresses": ("10.0.0.1",)}, [SERVER_AUTH, SIGN], ""),
        (KUBELET_SERVING, NODE | {"dns": ("a",)}, [SERVER_AUTH, SIGN, ENCIPHER], ""),
        (KUBELET_SERVING, NODE, [SERVER_AUTH, SIGN], "DNS or IP subjectAltName is required"),
        (
            KUBELET_SERVING,
            NODE | {"dns": ("a",)},
            [CLIENT_AUTH, SIGN],
            "usages did not match [digital signature key encipherment server auth]",
        ),
        (KUBELET_SERVING, NODE | {"dns": ("a",), "uris": ("a:",)}, [], "URI subjectAltNames are not allowed"),
        (LEGACY, {}, ["any"], ""),
    ],
)
def test_what_signers_demand(signer: str, request_: dict[str, Any], usages: list[str], fault: str) -> None:
    assert signers.fault(signer, Request(**request_), usages) == fault


@pytest.mark.parametrize(
    ("signer", "username", "rights"),
    [
        (KUBELET_CLIENT, "system:node:a", ["selfnodeclient", "nodeclient"]),
        (KUBELET_CLIENT, "system:node:b", ["nodeclient"]),
        (CLIENT, "system:node:a", []),
    ],
)
def test_what_needs_no_person(signer: str, username: str, rights: list[str]) -> None:
    found = signers.approvals(signer, Request(**NODE), [CLIENT_AUTH, SIGN], username)  # type: ignore[arg-type]
    assert [approval.right for approval in found] == rights


def condition(kind: str) -> dict[str, str]:
    return {"type": kind, "status": "True", "lastUpdateTime": "2026-01-02T00:00:00Z"}


@pytest.mark.parametrize(
    ("spec", "status", "after"),
    [
        ({}, {}, 24 * 3600),
        ({}, {"conditions": [condition("Denied")]}, 25 * 3600),
        ({}, {"conditions": [condition("Approved")]}, None),
        ({}, {"conditions": [condition("Approved"), condition("Failed")]}, 25 * 3600),
        ({}, {"conditions": [condition("Approved")], "certificate": "x"}, 25 * 3600),
        ({"expirationSeconds": 600}, {"conditions": [condition("Approved")], "certificate": "x"}, 24 * 3600 + 600),
        ({}, {"conditions": [condition("Other")]}, None),
    ],
)
def test_how_long_requests_are_kept(spec: dict[str, Any], status: dict[str, Any], after: float | None) -> None:
    found = retention.deadline({"metadata": {"creationTimestamp": T}, "spec": spec, "status": status})
    assert found == (None if after is None else EPOCH + after)


@pytest.mark.parametrize(
    ("seconds", "authority_end", "begin", "end"),
    [
        (None, 10**10, -300, 365 * 86400 - 300),
        (10**9, 10**10, -300, 365 * 86400 - 300),
        (600, 10**10, -300, 600),
        (1, 10**10, -300, 600),
        (8 * 3600, 10**10, -300, 8 * 3600 - 300),
        (None, 1000, -300, 1000),
    ],
)
def test_lives(seconds: int | None, authority_end: float, begin: float, end: float) -> None:
    assert signing.boundaries(seconds, 0.0, authority_end) == (begin, end)


def test_an_expired_authority_signs_nothing() -> None:
    with pytest.raises(ValueError, match="expired"):
        signing.boundaries(None, 10.0, 10.0)
