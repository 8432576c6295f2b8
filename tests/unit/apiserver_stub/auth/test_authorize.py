"""Decisions follow the roles in the log; default roles are put right; who may be impersonated."""

from typing import Any

import pytest
from multidict import CIMultiDict

from apiserver_stub.auth import bootstrap_roles, impersonate
from apiserver_stub.auth.authenticate import ANONYMOUS, MASTERS, User
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.auth.rbac import GROUP, Attributes
from apiserver_stub.meta.status import StatusError
from apiserver_stub.storage.log import Change, Key, encode
from apiserver_stub.storage.memory import MemoryLog

ROOT = User("root", (MASTERS,))
JANE = User("jane", ("system:authenticated",))
GET = Attributes("get", "", "", "pods", "", "ns", "p")


async def store(log: MemoryLog, resource: str, obj: dict[str, Any]) -> None:
    key = Key(GROUP, resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
    present = log.get(key)
    await log.append(Change(key, encode(obj), present.revision if present else 0))


async def remove(log: MemoryLog, resource: str, name: str) -> None:
    entry = log.get(Key(GROUP, resource, "", name))
    assert entry
    await log.append(Change(entry.key, None, entry.revision))


async def cluster() -> MemoryLog:
    log = MemoryLog()
    for resource, obj in bootstrap_roles.load("node"):
        await store(log, resource, obj)
    return log


def binding(role: str, user: str = "jane") -> dict[str, Any]:
    subjects = [{"kind": "User", "name": user}]
    return {"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": subjects}


async def test_changes_count_at_once() -> None:
    log = await cluster()
    authorizer = Authorizer(log)
    assert not authorizer.decide(JANE, GET).allowed
    await store(log, "clusterrolebindings", binding("cluster-admin"))
    assert authorizer.decide(JANE, GET).allowed
    await store(log, "clusterrolebindings", binding("cluster-admin", "joe"))
    assert not authorizer.decide(JANE, GET).allowed
    await store(log, "clusterrolebindings", binding("cluster-admin"))
    assert authorizer.decide(JANE, GET).allowed
    await remove(log, "clusterroles", "cluster-admin")
    decision = authorizer.decide(JANE, GET)
    assert not decision.allowed
    assert decision.reason == 'RBAC: clusterrole.rbac.authorization.k8s.io "cluster-admin" not found'
    await remove(log, "clusterrolebindings", "b")
    assert authorizer.decide(JANE, GET).reason == ""


async def test_history_that_is_gone_is_no_trouble() -> None:
    log = await cluster()
    authorizer = Authorizer(log)
    assert not authorizer.decide(JANE, GET).allowed
    await store(log, "clusterrolebindings", binding("cluster-admin"))
    log.compact(float("inf"))
    assert authorizer.decide(JANE, GET).allowed


@pytest.mark.parametrize(
    ("user", "wanted", "allowed"),
    [
        (ROOT, GET, True),
        (ANONYMOUS, Attributes("get", "/version"), True),
        (ANONYMOUS, Attributes("get", "/readyz"), True),
        (ANONYMOUS, Attributes("get", "/api"), False),
        (ANONYMOUS, Attributes("post", "/version"), False),
        (JANE, Attributes("get", "/apis/apps/v1"), True),
        (JANE, Attributes("get", "/openapi/v3"), True),
        (JANE, Attributes("get", "/metrics"), False),
        (JANE, Attributes("create", "", "authorization.k8s.io", "selfsubjectaccessreviews"), True),
        (JANE, Attributes("create", "", "authorization.k8s.io", "subjectaccessreviews"), False),
        (User("system:kube-scheduler"), Attributes("create", "", "", "pods", "binding", "ns", "p"), True),
        (
            User("system:serviceaccount:kube-system:job-controller"),
            Attributes("create", "", "", "pods", "", "ns"),
            True,
        ),
    ],
)
async def test_default_roles(user: User, wanted: Attributes, allowed: bool) -> None:
    assert Authorizer(await cluster()).decide(user, wanted).allowed is allowed


async def test_probes_do_not_hang_on_roles() -> None:
    authorizer = Authorizer(MemoryLog())
    assert authorizer.decide(ANONYMOUS, Attributes("get", "/livez")).allowed
    assert not authorizer.decide(ANONYMOUS, Attributes("get", "/version")).allowed


def role(verbs: list[str], **meta: Any) -> dict[str, Any]:
    return {"metadata": {"name": "r", **meta}, "rules": [{"verbs": verbs, "apiGroups": [""], "resources": ["pods"]}]}


KEPT = {
    "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
    "annotations": {bootstrap_roles.AUTO_UPDATE: "true"},
}


@pytest.mark.parametrize(
    ("present", "rules"),
    [
        (role(["get", "list"], **KEPT), None),
        (role(["*"], **KEPT), None),
        (role(["get"], **KEPT), [["get"], ["list"]]),
        (role(["list", "delete"], **KEPT), [["list", "delete"], ["get"]]),
        (role([], annotations={bootstrap_roles.AUTO_UPDATE: "false"}), None),
        (role(["get", "list"]), [["get", "list"]]),
    ],
)
def test_default_roles_are_put_right(present: dict[str, Any], rules: list[list[str]] | None) -> None:
    changed = bootstrap_roles.reconciled(role(["get", "list"], **KEPT), present)
    assert (changed and [rule["verbs"] for rule in changed["rules"]]) == rules
    assert changed is None or changed["metadata"]["labels"] == KEPT["labels"]


def test_subjects_are_added_never_taken() -> None:
    wanted = binding("r") | {"metadata": {"name": "b", **KEPT}}
    present = binding("r", "joe") | {"metadata": {"name": "b", **KEPT}}
    changed = bootstrap_roles.reconciled(wanted, present)
    assert changed
    assert [subject["name"] for subject in changed["subjects"]] == ["joe", "jane"]
    assert bootstrap_roles.reconciled(wanted, changed) is None


@pytest.mark.parametrize(
    ("headers", "user"),
    [
        ([], ROOT),
        ([("Impersonate-User", "joe")], User("joe", ("system:authenticated",))),
        (
            [("Impersonate-User", "joe"), ("impersonate-group", "a"), ("Impersonate-Group", "b")],
            User("joe", ("a", "b", "system:authenticated")),
        ),
        ([("Impersonate-User", "system:anonymous")], ANONYMOUS),
        (
            [("Impersonate-User", "system:serviceaccount:ns:robot")],
            User(
                "system:serviceaccount:ns:robot",
                ("system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"),
            ),
        ),
        (
            [("Impersonate-User", "system:serviceaccount:ns:robot"), ("Impersonate-Group", "g")],
            User("system:serviceaccount:ns:robot", ("g", "system:authenticated")),
        ),
        (
            [("Impersonate-User", "system:serviceaccount:Not:valid")],
            User("system:serviceaccount:Not:valid", ("system:authenticated",)),
        ),
        (
            [("Impersonate-User", "joe"), ("Impersonate-Uid", "7"), ("Impersonate-Extra-Acme.com%2FProject", "x")],
            User("joe", ("system:authenticated",), "7", {"acme.com/project": ("x",)}),
        ),
        ([("Impersonate-User", "\udcff")], User("�", ("system:authenticated",))),
    ],
)
async def test_impersonation(headers: list[tuple[str, str]], user: User) -> None:
    assert impersonate.impersonated(ROOT, CIMultiDict(headers), Authorizer(MemoryLog())) == user


@pytest.mark.parametrize(
    ("headers", "code", "message"),
    [
        (
            [("Impersonate-User", "joe")],
            403,
            'users "joe" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster '
            "scope",
        ),
        (
            [("Impersonate-User", "system:serviceaccount:ns:robot")],
            403,
            'serviceaccounts "robot" is forbidden: User "jane" cannot impersonate resource "serviceaccounts" in API '
            'group "" in the namespace "ns"',
        ),
        (
            [("Impersonate-User", "me"), ("Impersonate-Group", "system:masters")],
            403,
            'groups "system:masters" is forbidden: User "jane" cannot impersonate resource "groups" in API group "" '
            "at the cluster scope",
        ),
        (
            [("Impersonate-User", "me"), ("Impersonate-Extra-Scopes", "all")],
            403,
            'userextras.authentication.k8s.io "all" is forbidden: User "jane" cannot impersonate resource '
            '"userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
        ),
        (
            [("Impersonate-Uid", "1"), ("Impersonate-Extra-A", "b")],
            400,
            'requested &user.DefaultInfo{Name:"", UID:"1", Groups:[]string(nil), '
            'Extra:map[string][]string{"a":[]string{"b"}}} without impersonating a user name',
        ),
    ],
)
async def test_impersonation_that_is_refused(headers: list[tuple[str, str]], code: int, message: str) -> None:
    log = MemoryLog()
    rules = [{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["me"]}]
    await store(log, "clusterroles", {"metadata": {"name": "self"}, "rules": rules})
    await store(log, "clusterrolebindings", binding("self"))
    with pytest.raises(StatusError) as error:
        impersonate.impersonated(JANE, CIMultiDict(headers), Authorizer(log))
    assert (error.value.code, error.value.message) == (code, message)
