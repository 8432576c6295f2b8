"""Jobs with the real API server, while their operator is killed again and again."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.cluster import Cluster, Object, eventually
from tests.conformance.kubelet import Kubelet
from tests.servers import ROOT, server

JOBS = "batch/v1/jobs"
TRACKED = "batch.kubernetes.io/job-tracking"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Cluster, Callable[..., "subprocess.Popen[bytes]"]]]:
    """An API server, and what starts operators there."""
    with server(tmp_path):
        config = tmp_path / "admin.kubeconfig"
        started: list[subprocess.Popen[bytes]] = []

        def start(*names: str) -> "subprocess.Popen[bytes]":
            argv = [sys.executable, "-P", "-m", "operators", *names, "--kubeconfig", str(config)]
            started.append(subprocess.Popen([*argv, "--log-level", "warning"], cwd=ROOT))
            return started[-1]

        start("serviceaccount", "namespace", "garbagecollector")
        found = Cluster(config)
        try:
            yield found, start
        finally:
            found.close()
            for process in started:
                process.terminate()
            for process in started:
                process.wait()


def job(**spec: object) -> Object:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "i:1"}]}}
    return {"metadata": {"name": "job"}, "spec": {"template": template, **spec}}


def test_counts_are_exact_while_the_operator_is_killed(
    cluster: tuple[Cluster, Callable[..., "subprocess.Popen[bytes]"]],
) -> None:
    found, start = cluster
    space = found.space("kills")
    codes: dict[str, int] = {}

    def ends(pod: Object) -> int:
        # One in four fails, whenever it is asked the same.
        return codes.setdefault(pod["metadata"]["name"], 1 if len(codes) % 4 == 3 else 0)

    most = [0]
    with Kubelet(space) as kubelet:
        kubelet.ends = ends
        space.create(JOBS, job(completions=40, parallelism=5, backoffLimit=1000))
        stop = threading.Event()

        def kill() -> None:
            # It needs about a second to start. The last one is left alone.
            for seconds in (1.3, 1.6, 1.9, 2.2, 1.5, 60.0):
                operator = start("job")
                stop.wait(seconds)
                operator.kill()
                operator.wait()

        killer = threading.Thread(target=kill)
        killer.start()
        try:

            def is_over() -> bool:
                active = [p for p in space.items("pods") if p["status"].get("phase") not in ("Succeeded", "Failed")]
                most[0] = max(most[0], len(active))
                conditions = space.get(JOBS, "job")["status"].get("conditions") or ()
                return any(each["type"] == "Complete" for each in conditions)

            eventually(is_over, "the Job is complete", 60)
        finally:
            stop.set()
            killer.join()
    pods = space.items("pods")
    status = space.get(JOBS, "job")["status"]
    ended = [pod["status"]["phase"] for pod in pods]
    assert (status["succeeded"], status.get("failed", 0)) == (40, ended.count("Failed"))
    assert ended.count("Succeeded") == 40 and most[0] <= 5
    assert status["uncountedTerminatedPods"] == {} and not any("finalizers" in pod["metadata"] for pod in pods)


def test_pods_of_a_job_that_went_while_the_operator_was_away(
    cluster: tuple[Cluster, Callable[..., "subprocess.Popen[bytes]"]],
) -> None:
    found, start = cluster
    space = found.space("away")
    pod = {"metadata": {"name": "left", "finalizers": [TRACKED, "example.com/other"]}} | {
        "spec": job()["spec"]["template"]["spec"]
    }
    space.create("pods", pod)
    start("job")
    eventually(lambda: space.get("pods", "left")["metadata"]["finalizers"] == ["example.com/other"], "it is let go")
