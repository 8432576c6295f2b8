"""Certificate requests, ServiceAccounts and their tokens, reviews of access."""

import pytest

from tests.conformance import certificates
from tests.conformance.cluster import Cluster, Object, Refused, Space, eventually
from tests.conformance.kinds import containers

REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
TOKENS_AT = "/var/run/secrets/kubernetes.io/serviceaccount"


def test_approval_and_status_of_certificate_requests(cluster: Cluster, space: Space) -> None:
    spec = {"request": certificates.request(), "signerName": "example.com/e2e", "usages": ["digital signature"]}
    path = f"{REQUESTS}/{space.name}"
    cluster.create(REQUESTS, {"metadata": {"name": space.name}, "spec": spec})
    verbs = {found["name"]: found["verbs"] for found in cluster.get("/apis/certificates.k8s.io/v1")["resources"]}
    for subresource in ("approval", "status"):
        assert verbs[f"certificatesigningrequests/{subresource}"] == ["get", "patch", "update"]
    condition: Object = {"type": "Approved", "status": "True", "reason": "E2E", "message": "patched by a test"}
    denial = condition | {"type": "Denied"}
    found = cluster.patch(f"{path}/approval", {"status": {"conditions": [condition]}})
    assert found["status"]["conditions"][0]["reason"] == "E2E"
    with pytest.raises(Refused):
        cluster.patch(f"{path}/approval", {"status": {"conditions": [condition, denial]}})
    cluster.change(path, lambda found: found["status"]["conditions"][0].update(message="updated"), "/approval")
    assert cluster.get(f"{path}/approval")["status"]["conditions"][0]["message"] == "updated"
    issued = certificates.bundle()
    cluster.patch(f"{path}/status", {"metadata": {"annotations": {"p": "1"}}, "status": {"certificate": issued}})
    assert cluster.get(f"{path}/status")["status"]["certificate"] == issued
    assert cluster.get(path)["metadata"]["annotations"]["p"] == "1"

    def conclude(found: Object) -> None:
        found["status"]["conditions"].append(
            {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "m"}
        )

    cluster.change(path, conclude, "/status")
    assert [found["type"] for found in cluster.get(path)["status"]["conditions"]] == ["Approved", "StatusUpdate"]


ACCOUNTS = {"default": None, "mount": True, "nomount": False}
PODS = {"unset": None, "yes": True, "no": False}


def test_tokens_are_mounted_unless_opted_out(space: Space) -> None:
    for account, says in ACCOUNTS.items():
        if says is not None:
            space.create("serviceaccounts", {"metadata": {"name": account}, "automountServiceAccountToken": says})
    for account, account_says in ACCOUNTS.items():
        for word, pod_says in PODS.items():
            spec = containers() | {"serviceAccountName": account, "automountServiceAccountToken": pod_says}
            pod = space.create("pods", {"metadata": {"name": f"{account}-{word}"}, "spec": spec})
            mounts = [mount["mountPath"] for mount in pod["spec"]["containers"][0].get("volumeMounts", ())]
            wanted = pod_says if pod_says is not None else account_says is not False
            assert mounts == ([TOKENS_AT] if wanted else []), (account, word)


def test_token_is_reviewed(cluster: Cluster, space: Space) -> None:
    space.create("serviceaccounts", {"metadata": {"name": "robot"}})
    path = space.path("serviceaccounts", "robot", "token")
    made = cluster.create(path, {"spec": {"expirationSeconds": 3600}})
    token = made["status"]["token"]
    assert token
    spec = {"spec": {"token": token}}
    status = cluster.create("/apis/authentication.k8s.io/v1/tokenreviews", spec)["status"]
    assert status["authenticated"] is True
    assert "error" not in status
    assert status["user"]["username"] == f"system:serviceaccount:{space.name}:robot"
    spec = {"spec": {"token": f"{token}x"}}
    assert not cluster.create("/apis/authentication.k8s.io/v1/tokenreviews", spec)["status"].get("authenticated")


def test_reviews_say_what_happens(cluster: Cluster, space: Space) -> None:
    """What a review says of a ServiceAccount is what it meets when it is impersonated, before and after a binding."""
    space.create("serviceaccounts", {"metadata": {"name": "robot"}})
    user = f"system:serviceaccount:{space.name}:robot"
    groups = ["system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{space.name}"]
    robot = cluster.called(**{"Impersonate-User": user})
    attributes = {"verb": "list", "resource": "configmaps", "namespace": space.name, "version": "v1"}
    spec = {"spec": {"user": user, "groups": groups, "resourceAttributes": attributes}}
    everywhere = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    local = space.path("authorization.k8s.io/v1/localsubjectaccessreviews")

    def allowed() -> bool:
        said = {bool(cluster.create(path, spec)["status"]["allowed"]) for path in (everywhere, local)}
        try:
            robot.get(space.path("configmaps"))
        except Refused as refused:
            assert refused.code == 403
            assert said == {False}
            return False
        assert said == {True}
        return True

    assert not allowed()
    subject = {"kind": "ServiceAccount", "name": "robot", "namespace": space.name}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    binding = {"metadata": {"name": "robot"}, "roleRef": role, "subjects": [subject]}
    space.create("rbac.authorization.k8s.io/v1/rolebindings", binding)
    eventually(allowed, "the binding counts")
    robot.close()
