"""Sub paths of volumes that are made of variables."""

from tests.conformance.cluster import Object
from tests.conformance.node.running import FOREVER, Running, container, mount, pod

VOLUMES = [{"name": "volume", "emptyDir": {}}]


def annotated(key: str) -> Object:
    return {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": f"metadata.annotations['{key}']"}}}


def in_part(variable: Object, script: str = FOREVER) -> Object:
    mounts = [mount("/part", subPathExpr="$(POD_NAME)"), mount("/whole")]
    return container(script, env=[variable], volumeMounts=mounts)


def reason(running: Running) -> str:
    return str(running.container("pod").get("state", {}).get("waiting", {}).get("reason", ""))


def refused(running: Running) -> None:
    running.wait(lambda: reason(running) == "CreateContainerConfigError", "it cannot be made")


def test_absolute_paths_are_refused(running: Running) -> None:
    running.start(pod("pod", in_part({"name": "POD_NAME", "value": "/tmp"}), volumes=VOLUMES))
    refused(running)
    assert running.phase("pod") == "Pending"
    assert "Failed" in running.reasons("pod")


def test_a_failing_path_can_be_mended(running: Running) -> None:
    metadata = {"annotations": {"notmysubpath": "mypath"}}
    running.start(pod("pod", in_part(annotated("mysubpath")), metadata=metadata, volumes=VOLUMES))
    refused(running)
    running.space.patch("pods", "pod", {"metadata": {"annotations": {"mysubpath": "mypath"}}})
    running.ready("pod")


def test_files_are_written(running: Running) -> None:
    metadata = {"annotations": {"mysubpath": "mypath"}}
    script = f"mkdir -p /part/foo && echo written > /part/foo/test.log && cat /whole/mypath/foo/test.log; {FOREVER}"
    running.start(pod("pod", in_part(annotated("mysubpath"), script), metadata=metadata, volumes=VOLUMES))
    running.ready("pod")
    running.wait(lambda: running.last("pod") == "written", "it has written")
    running.space.patch("pods", "pod", {"metadata": {"annotations": {"mysubpath": "mynewpath"}}})
    running.space.delete("pods", "pod")
    running.gone("pod")
