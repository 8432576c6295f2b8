"""Names, order and clean-up of ControllerRevisions."""

from __future__ import annotations

from typing import Any

from operators._kube import meta
from operators._kube.actions import Create, Patch
from operators._workloads import revisions

# As a kube-controller-manager names it.
DATA = {
    "spec": {
        "template": {
            "$patch": "replace",
            "metadata": {"labels": {"app": "db"}},
            "spec": {
                "automountServiceAccountToken": False,
                "containers": [
                    {
                        "image": "img:1",
                        "imagePullPolicy": "IfNotPresent",
                        "name": "c",
                        "resources": {},
                        "terminationMessagePath": "/dev/termination-log",
                        "terminationMessagePolicy": "File",
                        "volumeMounts": [{"mountPath": "/d", "name": "data"}],
                    }
                ],
                "dnsPolicy": "ClusterFirst",
                "restartPolicy": "Always",
                "schedulerName": "golden-none",
                "securityContext": {},
                "terminationGracePeriodSeconds": 0,
            },
        }
    }
}


def owner(image: str = "a", limit: int = 10) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "x"}, "creationTimestamp": None}, "spec": {"containers": [image]}}
    return {
        "metadata": {"name": "db", "namespace": "ns"},
        "spec": {"template": template, "revisionHistoryLimit": limit},
    }


def stored(revision: dict[str, Any], number: int) -> dict[str, Any]:
    metadata = revision["metadata"] | {"uid": f"u{number}", "resourceVersion": str(number)}
    return revision | {"metadata": metadata, "revision": number}


def made(image: str, number: int) -> dict[str, Any]:
    return stored(revisions.history(owner(image), [], 0).update, number)


def test_hashes_are_upstreams():
    assert revisions.hash_of(DATA, 0) == "89697d57b"
    assert revisions.hash_of(DATA, 1) != "89697d57b"
    assert revisions.hash_of({"a": "<&>"}, 0) != revisions.hash_of({"a": "<>"}, 0)


def test_a_new_template_gets_the_next_number():
    found = revisions.history(owner("b"), [made("a", 4)], 0)
    (create,) = found.actions
    assert isinstance(create, Create)
    assert create.body["revision"] == 5
    assert create.body["metadata"]["labels"]["app"] == "x"
    assert revisions.template(create.body)["spec"] == {"containers": ["b"]}
    assert "creationTimestamp" not in revisions.template(create.body)["metadata"]


def test_the_present_template_is_found_again():
    known = made("a", 1)
    found = revisions.history(owner("a"), [known], 0)
    assert (found.update, found.actions) == (known, ())
    assert found.named(meta.name_of(known)) is known
    assert found.named("other") is None


def test_going_back_makes_an_old_revision_the_newest():
    first, second = made("a", 1), made("b", 2)
    found = revisions.history(owner("a"), [second, first], 0)
    (patch,) = found.actions
    assert isinstance(patch, Patch)
    assert (patch.name, patch.body["revision"]) == (meta.name_of(first), 3)
    assert found.update["revision"] == 3


def test_old_revisions_go_unless_a_pod_has_them():
    history = [made(image, number) for number, image in enumerate("abcde", 1)]
    live = {meta.name_of(history[0]), meta.name_of(history[4])}
    gone = revisions.surplus(owner("e", limit=1), history, live)
    assert [action.name for action in gone] == [meta.name_of(history[1]), meta.name_of(history[2])]
