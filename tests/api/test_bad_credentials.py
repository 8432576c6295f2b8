"""Credentials that are no good and paths that are not what they seem: refused, with a Status, and nothing is done."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from apiserver_stub.auth.jws import encoded
from tests.api.conftest import CONFIGMAPS, Api, Client, configmap

ISSUER = "https://kubernetes.default.svc.cluster.local"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
SECRETS = "/api/v1/namespaces/kube-system/secrets"
Object = dict[str, Any]


class Forger:
    """Signs what it is told with the server's own key, or with another."""

    def __init__(self, api: Api, account: Object) -> None:
        pki = api.settings.pki
        self.public = (pki / "sa.pub").read_bytes()
        key = serialization.load_pem_private_key((pki / "sa.key").read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.own = key
        self.kid = orjson.loads((pki / "sa.json").read_bytes())["keys"][0]["kid"]
        now = int(time.time())
        self.claims: Object = {
            "aud": [ISSUER],
            "iss": ISSUER,
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "sub": "system:serviceaccount:default:robot",
            "kubernetes.io": {
                "namespace": "default",
                "serviceaccount": {"name": "robot", "uid": account["metadata"]["uid"]},
            },
        }

    def message(self, header: Object | None = None, claims: Object | None = None) -> str:
        head = {"alg": "RS256", "kid": self.kid} | (header or {})
        return f"{encoded(orjson.dumps(head))}.{encoded(orjson.dumps(self.claims | (claims or {})))}"

    def signed(self, header: Object | None = None, key: rsa.RSAPrivateKey | None = None, **claims: Any) -> str:
        text = self.message(header, claims)
        signature = (key or self.own).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{encoded(signature)}"

    def other_account(self, **reference: str) -> str:
        private = self.claims["kubernetes.io"]
        return self.signed(**{"kubernetes.io": private | {"serviceaccount": private["serviceaccount"] | reference}})


def tampered(forger: Forger) -> str:
    """Another's claims under a good signature."""
    text, _, signature = forger.signed().rpartition(".")
    head = text.partition(".")[0]
    claims = forger.claims | {"sub": "system:serviceaccount:kube-system:admin"}
    return f"{head}.{encoded(orjson.dumps(claims))}.{signature}"


def confused(forger: Forger) -> str:
    """The public key taken as a shared secret."""
    text = forger.message({"alg": "HS256"})
    return f"{text}.{encoded(hmac.digest(forger.public, text.encode(), hashlib.sha256))}"


FORGED: dict[str, Callable[[Forger], str]] = {
    "alg none": lambda f: f"{f.message({'alg': 'none'})}.",
    "alg None with a signature": lambda f: f"{f.message({'alg': 'None'})}.{f.signed().rpartition('.')[2]}",
    "no signature": lambda f: f"{f.message()}.",
    "two parts": lambda f: f.message(),
    "truncated": lambda f: f.signed()[:-5],
    "truncated in its claims": lambda f: f.signed()[:60],
    "longer than it was": lambda f: f"{f.signed()}AAAA",
    "oversized": lambda f: f.signed(padding="x" * 20_000),
    "another key": lambda f: f.signed(key=rsa.generate_private_key(65537, 2048)),
    "HS256 with the public key": confused,
    "another algorithm": lambda f: f.signed({"alg": "RS512"}),
    "critical extension": lambda f: f.signed({"crit": ["b64"], "b64": False}),
    "unknown key id": lambda f: f.signed({"kid": "../../dev/null"}),
    "changed claims": tampered,
    "expired": lambda f: f.signed(exp=int(time.time()) - 3600),
    "not yet valid": lambda f: f.signed(nbf=int(time.time()) + 3600),
    "issued in the future": lambda f: f.signed(iat=int(time.time()) + 3600),
    "times as text": lambda f: f.signed(exp="never"),
    "another audience": lambda f: f.signed(aud=["vault"]),
    "no audience": lambda f: f.signed(aud=[]),
    "another issuer": lambda f: f.signed(iss="https://example.com"),
    "another subject": lambda f: f.signed(sub="system:serviceaccount:kube-system:admin"),
    "an account that is not there": lambda f: f.other_account(name="gone"),
    "an account of the same name, before": lambda f: f.other_account(uid="00000000-0000-0000-0000-000000000000"),
    "claims of the wrong type": lambda f: f.signed(**{"kubernetes.io": ["default", "robot"]}),
    "bound to a Pod that is not there": lambda f: f.signed(
        **{"kubernetes.io": f.claims["kubernetes.io"] | {"pod": {"name": "p", "uid": "1"}}}
    ),
}


@pytest.fixture
async def forger(api: Api, admin: Client) -> Forger:
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
    account = await admin.create(ACCOUNTS, body)
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "robot"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "default"}],
    }
    await admin.create("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", binding)
    role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/edit"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]
    await admin.patch(role, {"rules": rules})
    return Forger(api, account)


async def test_the_forger_knows_his_trade(api: Api, forger: Forger) -> None:
    """Otherwise the refusals below would say nothing."""
    async with api.client("", Authorization=f"Bearer {forger.signed()}") as robot:
        assert (await robot.call("POST", CONFIGMAPS, configmap("a")))[0] == 201


async def test_forged_tokens(api: Api, admin: Client, forger: Forger) -> None:
    accepted = {}
    for what, forge in FORGED.items():
        async with api.client("", Authorization=f"Bearer {forge(forger)}") as client:
            code, answer = await client.call("POST", CONFIGMAPS, configmap("a"))
        if (code, answer.get("reason"), answer.get("message")) != (401, "Unauthorized", "Unauthorized"):
            accepted[what] = code, answer
    assert accepted == {}
    assert (await admin.get(f"{CONFIGMAPS}/a"))[0] == 404


async def raw(api: Api, head: str, user: str = "", body: str = "") -> tuple[int, Object]:
    """Code and body of the answer to bytes that no client library would send."""
    context = api.tls(user)
    reader, writer = await asyncio.open_connection("127.0.0.1", api.app.port, ssl=context)
    lines = [head, "Host: localhost", "Connection: close", f"Content-Length: {len(body)}", "", body]
    writer.write("\r\n".join(lines).encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    top, _, content = answer.partition(b"\r\n\r\n")
    try:
        found = json.loads(content)
    except ValueError:
        found = {}
    return int(top.split()[1]), found if isinstance(found, dict) else {}


@pytest.mark.parametrize(
    "header",
    [
        "Basic YWRtaW46YWRtaW4=",
        "Bearer",
        "Bearer ",
        "bearer\t x",
        "Bearer  root-token extra",
        "Token root-token",
        "root-token",
        "Negotiate abc",
    ],
)
async def test_other_schemes_are_nobody_or_refused(api: Api, header: str) -> None:
    code, found = await raw(api, f"GET {SECRETS} HTTP/1.1\r\nAuthorization: {header}")
    assert code in (401, 403), found
    assert found["kind"] == "Status"


@pytest.mark.parametrize(
    "wish",
    [
        "Impersonate-User: kubernetes-admin",
        "Impersonate-User: system:serviceaccount:kube-system:generic-garbage-collector",
        "Impersonate-User: x\r\nImpersonate-Group: system:masters",
        "impersonate-user: x\r\nIMPERSONATE-GROUP: system:masters",
        "Impersonate-User: system:node:pi\r\nImpersonate-Group: system:nodes",
        "Impersonate-User: x\r\nImpersonate-Extra-scopes: all",
        "Impersonate-User: x\r\nImpersonate-Uid: 0",
    ],
)
async def test_impersonation_without_the_right(api: Api, wish: str) -> None:
    for credential in ("", "Authorization: Bearer viewer-token\r\n"):
        code, found = await raw(api, f"GET {SECRETS} HTTP/1.1\r\n{credential}{wish}")
        assert (code, found["reason"]) == (403, "Forbidden")
        assert "cannot impersonate" in found["message"]


DISGUISED = [
    "/api/v1/namespaces/default/../kube-system/secrets",
    "/api/v1/namespaces/default/configmaps/../../kube-system/secrets",
    "/api/v1/namespaces/default/%2e%2e/kube-system/secrets",
    "/api/v1/namespaces/default/..%2fkube-system/secrets",
    "/api/v1/namespaces/default%2f..%2fkube-system/secrets",
    "/api/v1/namespaces/default/configmaps/%2e%2e%2f%2e%2e%2fkube-system%2fsecrets",
    "/api//v1/namespaces/kube-system/secrets",
    "//api/v1/namespaces/kube-system/secrets",
    "/api/v1/namespaces//secrets",
    "/api/v1/namespaces/kube-system//secrets/s",
    "/API/v1/namespaces/kube-system/secrets",
    "/api/v1/namespaces/kube-system/Secrets",
    "/api/v1/namespaces/kube-system/secrets%00",
    "/api/v1/namespaces/kube-system/secrets/s%2f",
    "/api/v1/namespaces/kube-system/secrets;x=y",
    "/healthz/../api/v1/namespaces/kube-system/secrets",
    "/version%2f..%2fapi/v1/namespaces/kube-system/secrets",
    "/api/v1/watch/../namespaces/kube-system/secrets",
    "/./api/v1/namespaces/kube-system/secrets",
]


@pytest.mark.parametrize("path", DISGUISED)
async def test_paths_in_disguise(api: Api, admin: Client, forger: Forger, path: str) -> None:
    """The account may do anything with ConfigMaps of one namespace; nobody may do anything."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "planted"}}
    await admin.create(SECRETS, secret)
    for credential in ("", f"\r\nAuthorization: Bearer {forger.signed()}"):
        for method in ("GET", "DELETE"):
            code, found = await raw(api, f"{method} {path} HTTP/1.1{credential}")
            assert code in (400, 401, 403, 404, 405), found
            assert "items" not in found and "data" not in found
    assert (await admin.get(f"{SECRETS}/s"))[0] == 200


@pytest.mark.parametrize("method", ["delete", "Get", "PoSt", "TRACE", "CONNECT", "FOO", "PROPFIND"])
async def test_verbs_in_disguise(api: Api, admin: Client, forger: Forger, method: str) -> None:
    await admin.create(CONFIGMAPS, configmap("kept"))
    for credential in ("", f"\r\nAuthorization: Bearer {forger.signed()}"):
        code, found = await raw(api, f"{method} {CONFIGMAPS}/kept HTTP/1.1{credential}")
        assert code in (400, 401, 403, 404, 405, 501), found
        assert "data" not in found
    assert (await admin.get(f"{CONFIGMAPS}/kept"))[0] == 200


async def test_two_tokens_are_not_one_good_one(api: Api) -> None:
    two = "Authorization: Bearer wrong\r\nAuthorization: Bearer root-token"
    assert (await raw(api, f"GET {SECRETS} HTTP/1.1\r\n{two}"))[0] in (400, 401)


async def test_a_selector_does_not_widen_a_right_by_name(api: Api, admin: Client, forger: Forger) -> None:
    """resourceNames hold for lists of just that name, and for nothing else."""
    group = "/apis/rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get", "list"]}]
    meta = {"metadata": {"name": "one"}}
    await admin.create(f"{group}/clusterroles", {"kind": "ClusterRole", "apiVersion": group[6:], "rules": rules} | meta)
    subject = {"kind": "ServiceAccount", "name": "robot", "namespace": "default"}
    reference = {"apiGroup": group[6:-3], "kind": "ClusterRole", "name": "one"}
    binding = {"kind": "ClusterRoleBinding", "apiVersion": group[6:], "roleRef": reference, "subjects": [subject]}
    await admin.create(f"{group}/clusterrolebindings", binding | meta)
    async with api.client("", Authorization=f"Bearer {forger.signed()}") as robot:
        for selector, expected in (
            ("metadata.name=mine", 200),
            ("metadata.name==mine", 200),
            ("metadata.name=mine,type=Opaque", 200),
            ("metadata.name=yours", 403),
            ("metadata.name!=mine", 403),
            ("metadata.namespace=mine", 403),
            ("", 403),
        ):
            assert (await robot.get(SECRETS, fieldSelector=selector))[0] == expected, selector
