"""The audit log over HTTP: what is written of which request."""

import dataclasses
import json

import pytest

from apiserver_stub import app as application
from apiserver_stub.settings import Audit

from .conftest import CONFIGMAPS, Api, configmap

POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
rules:
- {level: None, nonResourceURLs: ["/readyz*"]}
- {level: Metadata, resources: [{group: "", resources: [secrets]}]}
- {level: RequestResponse, omitStages: [RequestReceived]}
"""
SECRETS = "/api/v1/namespaces/default/secrets"


class Audited(Api):
    def __init__(self, directory, text=POLICY):
        super().__init__(directory)
        self.log = directory / "audit.log"
        (directory / "policy.yaml").write_text(text)
        audit = Audit(directory / "policy.yaml", str(self.log))
        self.settings = dataclasses.replace(self.settings, audit=audit)

    async def events(self):
        """Ends the server: then everything is written."""
        await self.stop()
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
async def audited(tmp_path):
    api = Audited(tmp_path)
    await api.start()
    yield api


async def test_levels_stages_and_bodies(audited):
    async with audited.client() as admin:
        await admin.create(CONFIGMAPS, configmap("a", {"k": "v"}))
        secret = {"metadata": {"name": "s"}, "stringData": {"password": "planted-value"}}
        await admin.create(SECRETS, secret)
        await admin.get(f"{CONFIGMAPS}/nope")
        await admin.get("/readyz")
        async with admin.watch(CONFIGMAPS, timeoutSeconds="1") as watch:
            await watch.next()
        await admin.call("DELETE", f"{CONFIGMAPS}/a")
    events = await audited.events()
    assert "planted-value" not in audited.log.read_text()
    assert "readyz" not in audited.log.read_text()
    seen = [(one["verb"], one["objectRef"].get("name"), one["stage"], one["level"]) for one in events]
    assert seen[:4] == [
        ("create", "a", "ResponseComplete", "RequestResponse"),
        ("create", None, "RequestReceived", "Metadata"),
        ("create", "s", "ResponseComplete", "Metadata"),
        ("get", "nope", "ResponseComplete", "RequestResponse"),
    ]
    assert [one["stage"] for one in events if one["verb"] == "watch"] == ["ResponseStarted", "ResponseComplete"]
    created = events[0]
    assert created["requestObject"]["data"] == created["responseObject"]["data"] == {"k": "v"}
    assert "managedFields" not in created["responseObject"]["metadata"]
    assert created["user"] == {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]}
    assert created["sourceIPs"] == ["127.0.0.1"]
    assert created["annotations"]["authorization.k8s.io/decision"] == "allow"
    received, done = events[1], events[2]
    assert received["auditID"] == done["auditID"]
    assert "annotations" not in received
    assert events[3]["responseStatus"]["reason"] == "NotFound"
    assert audited.log.stat().st_mode & 0o777 == 0o600


async def test_who_was_refused(audited):
    async with audited.client() as admin, audited.client(user="") as other:
        await other.call("GET", "/api/v1/pods", headers={"Authorization": "Bearer stolen-secret"})
        await other.call("GET", "/api/v1/pods", headers={"Authorization": "Bearer viewer-token"})
        await admin.call("GET", "/api/v1/pods", headers={"Impersonate-User": "bob", "Impersonate-Group": "dev"})
        viewer = {"Authorization": "Bearer viewer-token", "Impersonate-User": "root"}
        await other.call("GET", "/api/v1/pods", headers=viewer)
    events = await audited.events()
    text = audited.log.read_text()
    assert "stolen-secret" not in text
    assert "viewer-token" not in text
    unknown, viewer, bob, failed = events
    assert (unknown["stage"], unknown["user"], unknown["responseStatus"]["code"]) == ("ResponseStarted", {}, 401)
    assert viewer["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert (bob["user"]["username"], bob["impersonatedUser"]["username"]) == ("kubernetes-admin", "bob")
    assert bob["impersonatedUser"]["groups"] == ["dev", "system:authenticated"]
    assert (failed["user"]["username"], failed["responseStatus"]["code"]) == ("viewer", 403)
    assert "impersonatedUser" not in failed


async def test_long_and_packed_lists_are_whole(audited):
    async with audited.client() as admin:
        for number in range(2):
            await admin.create(CONFIGMAPS, configmap(f"c{number}", {"k": "v" * 200_000}))
        for encoding in ("identity", "gzip"):
            code, _ = await admin.call("GET", CONFIGMAPS, headers={"Accept-Encoding": encoding})
            assert code == 200
    lists = [one for one in await audited.events() if one["verb"] == "list"]
    assert [len(one["responseObject"]["items"]) for one in lists] == [2, 2]


async def test_annotations_of_admission(audited):
    async with audited.client() as admin:
        labels = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/audit": "restricted"}
        await admin.create("/api/v1/namespaces", {"metadata": {"name": "strict", "labels": labels}})
        await admin.create("/api/v1/namespaces/strict/serviceaccounts", {"metadata": {"name": "default"}})
        pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        code, _ = await admin.call("POST", "/api/v1/namespaces/strict/pods", pod)
        assert code == 403
    (event,) = [one for one in await audited.events() if one.get("objectRef", {}).get("resource") == "pods"]
    assert event["annotations"]["pod-security.kubernetes.io/enforce-policy"].startswith("restricted")


async def test_tokens_are_never_written(audited):
    async with audited.client() as admin:
        await admin.create("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "bot"}})
        path = "/api/v1/namespaces/default/serviceaccounts/bot/token"
        token = (await admin.create(path, {"spec": {}}))["status"]["token"]
        review = {"spec": {"token": token}}
        await admin.create("/apis/authentication.k8s.io/v1/tokenreviews", review)
        await admin.call("GET", "/api/v1/pods", headers={"Authorization": f"Bearer {token}"})
        assert (await admin.get("/metrics"))[1].count(b"apiserver_audit_event_total") == 3
    await audited.events()
    assert token.split(".")[2] not in audited.log.read_text()


@pytest.mark.parametrize(
    ("audit", "sentence"),
    [
        (lambda folder: Audit(folder / "none.yaml"), "none.yaml"),
        (lambda folder: Audit(folder / "bad.yaml"), "Required value"),
        (lambda folder: Audit(None, "x.log"), "--audit-policy-file"),
    ],
)
def test_what_it_cannot_start_with(tmp_path, audit, sentence):
    api = Api(tmp_path)
    (tmp_path / "bad.yaml").write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{}]")
    with pytest.raises(application.StartError, match=sentence):
        application.build(dataclasses.replace(api.settings, audit=audit(tmp_path)))
