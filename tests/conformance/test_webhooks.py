"""Admission by webhooks: asked, obeyed, timed out, selected, refused when they make no sense."""

import base64
import json
import time
from collections.abc import Callable, Iterator

import pytest

from tests.conformance import certificates
from tests.conformance.cluster import Cluster, Object, Refused, Space, eventually
from tests.conformance.hooks import Hooks
from tests.conformance.kinds import ADMISSION, containers

GROUP = f"/apis/{ADMISSION}"
KINDS = {"mutating": "MutatingWebhookConfiguration", "validating": "ValidatingWebhookConfiguration"}
SLOW_SECONDS = 1.5
BAD_KEY = "webhook-e2e-test"


def review(question: Object, **answer: object) -> Object:
    response = {"uid": question["request"]["uid"], "allowed": True, **answer}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def patching(path: str, value: object) -> Callable[[Object], Object]:
    operations = json.dumps([{"op": "add", "path": path, "value": value}])
    encoded = base64.b64encode(operations.encode()).decode()
    return lambda question: review(question, patchType="JSONPatch", patch=encoded)


def judge(question: Object) -> Object:
    """Refuses what carries the bad key, and Pods with a bad name."""
    obj = question["request"]["object"]
    bad = BAD_KEY in obj.get("data", {}) or BAD_KEY in obj["metadata"]["name"]
    if bad:
        return review(question, allowed=False, status={"reason": "it carries the unwanted key"})
    return review(question)


def wait(question: Object) -> Object:
    time.sleep(SLOW_SECONDS)
    return review(question)


INIT = {"name": "webhook-added-init-container", "image": "webhook-added-image"}
ANSWERS = {
    "/always": review,
    "/never": lambda question: review(question, allowed=False, status={"message": "this webhook denies all requests"}),
    "/judge": judge,
    "/slow": wait,
    "/mutate": patching("/data/mutated", "yes"),
    "/init": patching("/spec/initContainers", [INIT]),
}


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hooks]:
    with Hooks(tmp_path_factory.mktemp("hooks"), ANSWERS) as hooks:
        yield hooks


class Registered:
    """Webhook configurations of one test. They ask about objects of the test's namespace only."""

    def __init__(self, space: Space, hooks: Hooks) -> None:
        self.space = space
        self.cluster: Cluster = space.cluster
        self.hooks = hooks
        self.made: list[str] = []

    def body(self, kind: str, path: str, resource: str = "configmaps", **more: object) -> Object:
        operations = ["CONNECT"] if "/" in resource else ["CREATE", "UPDATE"]
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": operations, "resources": [resource]}
        webhook = {
            "name": f"{path.strip('/')}.example.com",
            "clientConfig": {"url": self.hooks.url + path, "caBundle": certificates.bundle()},
            "rules": [rule],
            "namespaceSelector": {"matchLabels": {"test": self.space.name}},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            **more,
        }
        name = f"{self.space.name}-{len(self.made)}"
        metadata = {"name": name, "labels": {"hooks": self.space.name}}
        return {"apiVersion": ADMISSION, "kind": KINDS[kind], "metadata": metadata, "webhooks": [webhook]}

    def create(self, kind: str, path: str, resource: str = "configmaps", **more: object) -> Object:
        made = self.cluster.create(f"{GROUP}/{kind}webhookconfigurations", self.body(kind, path, resource, **more))
        self.made.append(f"{GROUP}/{kind}webhookconfigurations/{made['metadata']['name']}")
        return made

    def drop(self) -> None:
        for path in self.made:
            if self.cluster.exists(path):
                self.cluster.delete(path)


@pytest.fixture
def registered(space: Space, hooks: Hooks) -> Iterator[Registered]:
    registered = Registered(space, hooks)
    yield registered
    registered.drop()


def configmap(space: Space, name: str = "", **data: str) -> Object:
    metadata = {"name": name} if name else {"generateName": "c-"}
    return space.create("configmaps", {"metadata": metadata, "data": {"a": "b", **data}})


def denied(space: Space) -> str:
    """The message, "" if a ConfigMap is let in."""
    try:
        configmap(space)
    except Refused as refused:
        return str(refused.status["message"])
    return ""


@pytest.mark.parametrize("kind", KINDS)
def test_listed_and_deleted_together(registered: Registered, kind: str) -> None:
    space, path = registered.space, f"{GROUP}/{kind}webhookconfigurations"
    label = f"hooks={space.name}"
    for _ in range(10):
        registered.create(kind, "/mutate" if kind == "mutating" else "/never")
    assert len(registered.cluster.names(path, labelSelector=label)) == 10

    def obeyed() -> bool:
        return "mutated" in configmap(space)["data"] if kind == "mutating" else bool(denied(space))

    eventually(obeyed, "the webhooks are asked")
    registered.cluster.delete(path, labelSelector=label)
    assert registered.cluster.names(path, labelSelector=label) == []
    eventually(lambda: not obeyed(), "the webhooks are not asked any more")


CONDITIONS = [{"name": "expression-1", "expression": "object.metadata.namespace == 'production'"}]


@pytest.mark.parametrize("kind", KINDS)
def test_match_conditions_are_stored(registered: Registered, kind: str) -> None:
    made = registered.create(kind, "/always", matchConditions=CONDITIONS)
    path = registered.made[0]
    assert made["webhooks"][0]["matchConditions"] == CONDITIONS
    more = [*CONDITIONS, {"name": "expression-2", "expression": "object.metadata.namespace == 'staging'"}]
    registered.cluster.change(path, lambda found: found["webhooks"][0].update(matchConditions=more))
    assert registered.cluster.get(path)["webhooks"][0]["matchConditions"] == more


@pytest.mark.parametrize("kind", KINDS)
def test_match_conditions_that_do_not_compile(registered: Registered, kind: str) -> None:
    with pytest.raises(Refused) as refused:
        registered.create(kind, "/always", matchConditions=[{"name": "invalid", "expression": "... [] bad expression"}])
    assert refused.value.code == 422
    assert "compilation failed" in refused.value.status["message"]


def test_attach_is_denied(registered: Registered) -> None:
    space = registered.space
    space.create("pods", {"metadata": {"name": "to-be-attached"}, "spec": containers()})
    registered.create("validating", "/never", "pods/attach")

    def attached() -> str:
        with pytest.raises(Refused) as refused:
            path = space.path("pods", "to-be-attached", "attach")
            space.cluster.answer("POST", path, container="main", stdout="true")
        return refused.value.status.get("message", str(refused.value))

    eventually(lambda: "denied the request: this webhook denies all requests" in attached(), "attaching is denied")


def test_creates_and_updates_are_denied(registered: Registered) -> None:
    space = registered.space
    registered.create("validating", "/judge")
    registered.create("validating", "/judge", "pods")
    registered.create(
        "validating",
        "/slow",
        "pods",
        timeoutSeconds=1,
        objectSelector={"matchLabels": {"slow": "yes"}},
    )
    eventually(lambda: configmap(space, "good"), "compliant objects are let in")
    pod = {"metadata": {"name": BAD_KEY}, "spec": containers()}
    for attempt in (
        lambda: configmap(space, "bad", **{BAD_KEY: "x"}),
        lambda: space.change("configmaps", "good", lambda found: found["data"].update({BAD_KEY: "x"})),
        lambda: space.patch("configmaps", "good", {"data": {BAD_KEY: "x"}}),
        lambda: space.create("pods", pod),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.code == 400
        assert 'admission webhook "judge.example.com" denied the request' in refused.value.status["message"]
        assert "it carries the unwanted key" in refused.value.status["message"]
    hanging = {"metadata": {"name": "hanging", "labels": {"slow": "yes"}}, "spec": containers()}
    with pytest.raises(Refused) as refused:
        space.create("pods", hanging)
    assert refused.value.code == 500
    assert "context deadline exceeded" in refused.value.status["message"]
    other = space.cluster.space(f"{space.name}-skipped")
    assert configmap(other, **{BAD_KEY: "x"})


def test_timeouts_are_honoured(registered: Registered) -> None:
    space = registered.space
    for timeout, policy, passes in ((1, "Fail", False), (1, "Ignore", True), (5, "Fail", True)):
        registered.create("validating", "/slow", timeoutSeconds=timeout, failurePolicy=policy)
        words = denied(space)
        assert bool(words) is not passes
        assert passes or "context deadline exceeded" in words or "Client.Timeout exceeded" in words
        registered.drop()


def test_one_name_is_skipped(registered: Registered) -> None:
    conditions = [{"name": "skip-me", "expression": "object.metadata.name != 'skip-me'"}]
    registered.create("mutating", "/mutate", matchConditions=conditions)
    assert "mutated" not in configmap(registered.space, "skip-me")["data"]
    assert configmap(registered.space, "mutate-me")["data"]["mutated"] == "yes"


def test_defaults_come_after_mutation(registered: Registered) -> None:
    registered.create("mutating", "/init", "pods")
    pod = registered.space.create("pods", {"metadata": {"name": "pod"}, "spec": containers()})
    (added,) = pod["spec"]["initContainers"]
    assert added["name"] == "webhook-added-init-container"
    assert added["terminationMessagePolicy"] == "File"


def test_fail_closed(registered: Registered) -> None:
    broken = {"clientConfig": {"url": "https://127.0.0.1:9/none"}, "failurePolicy": "Fail"}
    registered.create("validating", "/always", **broken)
    assert 'failed calling webhook "always.example.com"' in denied(registered.space)
    with pytest.raises(Refused) as refused:
        configmap(registered.space)
    assert refused.value.code == 500


def test_objects_of_admission_itself_are_never_asked_about(registered: Registered) -> None:
    """A webhook that denies everything can still be removed."""
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"], "scope": "Cluster"}
    selector = {"matchLabels": {"hooks": registered.space.name}}
    for kind in KINDS:
        registered.create(kind, "/never", rules=[rule], namespaceSelector={}, objectSelector=selector)
    for path in list(registered.made):
        registered.cluster.patch(path, {"metadata": {"labels": {"changed": "yes"}}})
        registered.cluster.delete(path)
