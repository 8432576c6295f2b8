"""CertificateSigningRequests from request to a certificate with which one gets in."""

import asyncio
import base64
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from apiserver_stub.certificates import retention
from tests.api.conftest import Api, Client

REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
CLIENT = "kubernetes.io/kube-apiserver-client"
KUBELET = "kubernetes.io/kube-apiserver-client-kubelet"
SERVING = "kubernetes.io/kubelet-serving"
KEY = ec.generate_private_key(ec.SECP256R1())
USAGES = ["client auth", "digital signature"]


def request(name: str, subject: str, signer: str, usages: list[str], *dns: str, **spec: Any) -> dict[str, Any]:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name.from_rfc4514_string(subject))
    if dns:
        names = x509.SubjectAlternativeName([x509.DNSName(one) for one in dns])
        builder = builder.add_extension(names, critical=False)
    pem = builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {"request": base64.b64encode(pem).decode(), "signerName": signer, "usages": usages, **spec},
    }


async def approve(admin: Client, name: str, kind: str = "Approved") -> None:
    condition = {"type": kind, "status": "True", "reason": "Test", "message": ""}
    code, body = await admin.patch(f"{REQUESTS}/{name}/approval", {"status": {"conditions": [condition]}})
    assert code == 200, body


async def settled(admin: Client, name: str) -> dict[str, Any]:
    """The status, once there is a certificate or a failure."""
    async with admin.watch(REQUESTS, fieldSelector=f"metadata.name={name}") as watch, asyncio.timeout(20):
        while event := await watch.next():
            state: dict[str, Any] = event["object"]["status"]
            if "certificate" in state or any(one["type"] == "Failed" for one in state.get("conditions", ())):
                return state
    raise AssertionError("the watch ended")


def issued(state: dict[str, Any]) -> x509.Certificate:
    return x509.load_pem_x509_certificate(base64.b64decode(state["certificate"]))


async def test_a_user_gets_in_with_his_certificate(api: Api, admin: Client, tmp_path: Path) -> None:
    await admin.create(REQUESTS, request("jane", "CN=jane,O=team", CLIENT, USAGES, expirationSeconds=3600))
    await approve(admin, "jane")
    state = await settled(admin, "jane")
    pem, key = tmp_path / "jane.crt", tmp_path / "jane.key"
    pem.write_bytes(base64.b64decode(state["certificate"]))
    secret = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key.write_bytes(KEY.private_bytes(*secret))
    context: ssl.SSLContext = api.tls("")
    context.load_cert_chain(pem, key)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        client = Client(session, api.app.url)
        found = await client.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert found["status"]["userInfo"]["username"] == "jane"
    assert "team" in found["status"]["userInfo"]["groups"]
    life = issued(state).not_valid_after_utc - issued(state).not_valid_before_utc
    assert life.total_seconds() == 3600 + 300


@pytest.mark.parametrize(
    ("subject", "signer", "usages", "dns", "message"),
    [
        ("CN=x", CLIENT, ["client auth", "server auth"], [], "invalid usage for client certificate: server auth"),
        ("CN=x", CLIENT, ["digital signature"], [], "missing required usage for client certificate: client auth"),
        ("CN=x,O=system:nodes", SERVING, ["digital signature", "server auth"], [], "DNS or IP subjectAltName is req"),
        ("CN=x", SERVING, ["digital signature", "server auth"], ["x"], "subject organization is not system:nodes"),
    ],
)
async def test_what_a_signer_refuses(
    admin: Client, subject: str, signer: str, usages: list[str], dns: list[str], message: str
) -> None:
    await admin.create(REQUESTS, request("x", subject, signer, usages, *dns))
    await approve(admin, "x")
    state = await settled(admin, "x")
    failed = state["conditions"][-1]
    assert (failed["type"], failed["reason"]) == ("Failed", "SignerValidationFailure")
    assert failed["message"].startswith(message)
    assert "certificate" not in state


async def test_nodes_are_approved_by_right(api: Api, admin: Client) -> None:
    node = request("late", "CN=system:node:a,O=system:nodes", KUBELET, USAGES)
    async with api.client("", Authorization="Bearer viewer-token") as viewer:
        assert (await viewer.call("POST", REQUESTS, node))[0] == 403
        role = {"kind": "ClusterRole", "apiGroup": "rbac.authorization.k8s.io"}
        subject = {"kind": "User", "name": "viewer", "apiGroup": "rbac.authorization.k8s.io"}
        for name in ("system:node-bootstrapper", "system:certificates.k8s.io:certificatesigningrequests:nodeclient"):
            binding = {"metadata": {"name": name[-8:]}, "roleRef": role | {"name": name}, "subjects": [subject]}
            await admin.create(ROLES, binding)
        await viewer.create(REQUESTS, node)
    state = await settled(admin, "late")
    assert state["conditions"][0] | {"lastUpdateTime": "", "lastTransitionTime": ""} == {
        "type": "Approved",
        "status": "True",
        "reason": "AutoApproved",
        "message": "Auto approving kubelet client certificate after SubjectAccessReview.",
        "lastUpdateTime": "",
        "lastTransitionTime": "",
    }
    assert issued(state).subject.rfc4514_string() == "CN=system:node:a,O=system:nodes"


async def test_others_signers_and_the_denied_are_left_alone(admin: Client) -> None:
    await admin.create(REQUESTS, request("other", "CN=x", "example.com/signer", USAGES))
    await admin.create(REQUESTS, request("denied", "CN=x", CLIENT, USAGES))
    await approve(admin, "other")
    await approve(admin, "denied", "Denied")
    # The last one that is signed shows that the others have been looked at.
    await admin.create(REQUESTS, request("signed", "CN=x", CLIENT, USAGES))
    await approve(admin, "signed")
    await settled(admin, "signed")
    for name in ("other", "denied"):
        assert "certificate" not in (await admin.get(f"{REQUESTS}/{name}"))[1]["status"]


async def test_old_ones_are_deleted(api: Api, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PENDING", 0.0)
    async with admin.watch(REQUESTS) as watch:
        await admin.create(REQUESTS, request("pending", "CN=x", CLIENT, USAGES))
        async with asyncio.timeout(20):
            assert await watch.some(2) == [("ADDED", "pending"), ("DELETED", "pending")]
