"""A Pod's volumes as the kubelet keeps them: made, told of, listed for the boot, shown to containers."""

from pathlib import Path
from typing import Any

import pytest

from operators.pod.inventory import Record
from operators.pod.paths import Paths
from operators.pod.sources import NodeFacts
from operators.pod.volumes import mounts
from operators.pod.volumes.setup import Volumes
from tests.unit.operators.pod.volumes import build


class Objects(build.Objects):
    def node_facts(self, record: Record) -> NodeFacts:
        return NodeFacts()


class Sealer:
    def __init__(self) -> None:
        self.wanted: list[tuple[object, ...]] = []

    def want(self, uid: str, content: tuple[object, ...]) -> None:
        self.wanted.append(tuple(content))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths(state=tmp_path / "state", run=tmp_path / "run")
    found.pod_run("u").mkdir(parents=True)
    return found


@pytest.fixture
def sealer() -> Sealer:
    return Sealer()


@pytest.fixture
def volumes(paths: Paths, sealer: Sealer) -> Volumes:
    return Volumes(paths, Objects(), None, sealer)  # type: ignore[arg-type]


DECLARED: list[dict[str, Any]] = [
    {"name": "settings", "configMap": {"name": "settings"}},
    {"name": "gone", "configMap": {"name": "none"}},
    {"name": "empty", "emptyDir": {}},
]


async def test_what_can_be_made_is_made(volumes: Volumes, paths: Paths, sealer: Sealer) -> None:
    host = {"name": "host", "hostPath": {"path": str(paths.run / "h"), "type": "DirectoryOrCreate"}}
    failures = await volumes.ensure(build.pod(*DECLARED, host), Record("u"), [("c", "mark")])
    assert [failure.message for failure in failures] == [
        'MountVolume.SetUp failed for volume "gone" : configmap "none" not found'
    ]
    root = paths.pod_state("u") / "volumes"
    assert (root / "kubernetes.io~configmap/settings/a.conf").read_text() == "one"
    assert (root / "kubernetes.io~empty-dir/empty").is_dir()
    assert (paths.pod_state("u") / "volumes.list").read_text() == f"directory 0755 {paths.run}/h\n"
    assert (paths.pod_run("u") / "volumes.made").exists()
    assert ("c", "mark") in sealer.wanted[0]


async def test_a_renewed_token_is_not_sealed_again(volumes: Volumes, sealer: Sealer, monkeypatch) -> None:
    token = {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token", "audience": "a"}}]}}
    await volumes.ensure(build.pod(token), Record("u"), ())
    monkeypatch.setattr(Objects, "token", lambda *words: "another")
    await volumes.ensure(build.pod(token), Record("u"), ())
    assert sealer.wanted[0] == sealer.wanted[1]


def test_what_a_container_is_shown(volumes: Volumes, paths: Paths) -> None:
    planned = volumes.plan(build.pod(*DECLARED, {"name": "i", "image": {"reference": "x:1"}}), Record("u"))
    spec = {
        "name": "c",
        "volumeMounts": [
            {"name": "settings", "mountPath": "/1"},
            {"name": "empty", "mountPath": "/2", "subPath": "a"},
            {"name": "i", "mountPath": "/3", "subPath": "bin"},
        ],
    }
    binds = volumes.show("u", "c", mounts.plan(spec, planned, {}), {"i": "abc"})
    assert [(bind.source, bind.target, bind.read_only, bind.image) for bind in binds] == [
        (planned["settings"].path, "/1", True, ""),
        (f"{paths.pod_run('u')}/pins/c/1", "/2", False, ""),
        ("bin", "/3", True, "abc"),
    ]
    listed = paths.pod_state("u") / "mounts/c"
    assert listed.read_text() == f"1 - empty {planned['empty'].path} ./a\n"
    volumes.show("u", "c", mounts.plan({"name": "c"}, planned, {}), {})
    assert not listed.exists()


async def test_what_a_pod_that_has_ended_keeps(volumes: Volumes, paths: Paths) -> None:
    await volumes.ensure(build.pod(*DECLARED, {"name": "k", "secret": {"secretName": "keys"}}), Record("u"), ())
    (paths.pod_state("u") / "sealed").touch()
    (paths.pod_run("u") / "exits").mkdir()
    await volumes.release("u")
    assert [path.name for path in paths.pod_run("u").iterdir()] == ["exits"]
    assert [path.name for path in paths.pod_state("u").iterdir()] == ["volumes"]
