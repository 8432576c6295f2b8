"""What the demo concludes from Pods and units, and what its manifests contain."""

from typing import Any

import pytest
import yaml

from deploy.demo import pods, run, show


def pod(ready: bool = False, waiting: str = "", phase: str = "Pending") -> dict[str, Any]:
    state: dict[str, Any] = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {"status": {"phase": phase, "conditions": conditions, "containerStatuses": [{"state": state}]}}


@pytest.mark.parametrize(
    ("found", "wanted", "words"),
    [
        ([], 3, "0/3 ready"),
        ([{}], 1, "0/1 ready, 1 Pending"),
        ([pod(ready=True, phase="Running"), pod(waiting="ContainerCreating")], 3, "1/3 ready, 1 ContainerCreating"),
    ],
)
def test_summary(found: list[dict[str, Any]], wanted: int, words: str) -> None:
    assert pods.summary(found, wanted) == words


def test_all_ready_means_as_many_as_wanted() -> None:
    assert pods.all_ready([pod(ready=True)], 1)
    assert not pods.all_ready([pod(ready=True)], 2)
    assert not pods.all_ready([pod(ready=True), pod()], 2)


def test_waiting_for_config_is_told_from_other_reasons() -> None:
    assert pods.all_waiting_for_config([pod(waiting="CreateContainerConfigError")], 1)
    assert not pods.all_waiting_for_config([pod(waiting="ImagePullBackOff")], 1)


def test_a_unit_says_whose_it_is() -> None:
    text = '[Unit]\nDescription=x\n\n[X-Ukube]\nNamespace="demo"\nPod="web-1"\nContainer="nginx"\n\n[Service]\nUser=x\n'
    assert show.identity(text) == {"Namespace": "demo", "Pod": "web-1", "Container": "nginx"}
    assert show.identity("[Unit]\n") == {}


def test_manifests_name_only_images_that_the_demo_makes() -> None:
    documents = list(yaml.safe_load_all(run.manifests()))
    specs = [one["spec"]["template"]["spec"] for one in documents if one["kind"] == "Deployment"]
    assert {container["image"] for spec in specs for container in spec["containers"]} == set(run.IMAGES)
    assert documents[0]["kind"] == "Namespace"
