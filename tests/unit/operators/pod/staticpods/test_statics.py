"""Static Pods between their files, the node and the API."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from operators._kube import meta
from operators._kube.client import Kube
from operators._kube.controller import Key, Result
from operators.pod.staticpods.statics import StaticPods
from tests.fakes.kube import FakeKube

KEY = Key("default", "web-pi")
TEXT = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: c, image: 'web:1'}]}}"


class Objects:
    """Of operators.pod.objects, what is needed."""

    node_name = "pi"

    def __init__(self) -> None:
        self.static: dict[Key, dict[str, Any]] = {}


class Node:
    """Runs Pods by writing down which; a deleted one ends at once."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.ran: list[str] = []

    async def sync(self, key: Key, kube: Kube, now: datetime) -> Result:
        pod = self.objects.static[key]
        if meta.is_deleting(pod):
            self.ran.append(f"end {meta.uid_of(pod)}")
            await kube.delete("v1", "pods", key, uid=meta.uid_of(pod), grace_seconds=0)
            return Result()
        if pod["status"].get("phase") != "Running":
            self.ran.append(f"run {meta.uid_of(pod)}")
        await kube.patch_status(pod, {"phase": "Running", "containerStatuses": []})
        return Result()


class Scene:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kube = FakeKube("pod")
        self.objects = Objects()
        self.node = Node(self.objects)
        self.statics = StaticPods(self.objects, self.node.sync, str(folder))  # type: ignore[arg-type]

    def mirror(self) -> dict[str, Any] | None:
        return self.kube.get_or_none("v1", "pods", KEY)

    async def until(self, check: Callable[[], Any]) -> None:
        async with asyncio.timeout(5):
            while not check():  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path / "manifests")
    made.kube.add("v1", "nodes", {"metadata": {"name": "pi"}})
    await made.statics.open(made.kube)
    made.statics.begin()
    yield made
    await made.statics.close()


def put(scene: Scene, text: str, name: str = "web.yaml") -> None:
    fresh = scene.folder / f".{name}"
    fresh.write_text(text)
    fresh.rename(scene.folder / name)


def phase(scene: Scene) -> str:
    return ((scene.mirror() or {}).get("status") or {}).get("phase", "")


async def test_a_file_runs_and_is_mirrored_with_its_status(scene: Scene) -> None:
    put(scene, TEXT)
    await scene.until(lambda: phase(scene) == "Running")
    mirror = scene.mirror()
    assert mirror is not None
    assert mirror["metadata"]["annotations"]["kubernetes.io/config.mirror"] == meta.uid_of(scene.objects.static[KEY])
    assert len(scene.node.ran) == 1


async def test_a_deleted_mirror_comes_back_and_the_pod_goes_on(scene: Scene) -> None:
    put(scene, TEXT)
    await scene.until(lambda: phase(scene) == "Running")
    old = meta.uid_of(scene.mirror() or {})
    await scene.kube.delete("v1", "pods", KEY, grace_seconds=0)
    scene.statics.enqueue(KEY)
    await scene.until(lambda: phase(scene) == "Running")
    assert meta.uid_of(scene.mirror() or {}) != old
    assert len(scene.node.ran) == 1


async def test_a_changed_file_ends_the_old_pod_before_the_new_one_begins(scene: Scene) -> None:
    put(scene, TEXT)
    await scene.until(lambda: phase(scene) == "Running")
    first = meta.uid_of(scene.objects.static[KEY])
    put(scene, TEXT.replace("web:1", "web:2"))
    await scene.until(lambda: (scene.mirror() or {"spec": TEXT})["spec"] != TEXT and len(scene.node.ran) == 3)
    second = meta.uid_of(scene.objects.static[KEY])
    assert scene.node.ran == [f"run {first}", f"end {first}", f"run {second}"]
    await scene.until(lambda: phase(scene) == "Running")
    assert scene.mirror()["spec"]["containers"][0]["image"] == "web:2"  # type: ignore[index]


async def test_a_removed_file_ends_pod_and_mirror(scene: Scene) -> None:
    put(scene, TEXT)
    await scene.until(lambda: phase(scene) == "Running")
    (scene.folder / "web.yaml").unlink()
    await scene.until(lambda: scene.mirror() is None)
    assert not scene.statics.owns(KEY)


async def test_a_broken_file_leaves_the_pod_as_it_was(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    put(scene, TEXT)
    await scene.until(lambda: phase(scene) == "Running")
    put(scene, "{")
    await scene.until(lambda: "could not process manifest file" in caplog.text)
    await asyncio.sleep(0.1)
    assert scene.statics.owns(KEY) and len(scene.node.ran) == 1


async def test_without_the_node_in_the_api_it_runs_all_the_same(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    put(scene, TEXT)
    await scene.statics.open(scene.kube)
    scene.statics.begin()
    await scene.until(lambda: len(scene.node.ran) == 1)
    assert scene.mirror() is None
    scene.kube.add("v1", "nodes", {"metadata": {"name": "pi"}})
    await scene.until(lambda: phase(scene) == "Running")
    await scene.statics.close()


async def test_an_orphaned_mirror_is_deleted_and_other_pods_are_not(scene: Scene) -> None:
    put(scene, TEXT)
    await scene.until(lambda: phase(scene) == "Running")
    mirror = scene.mirror()
    assert mirror is not None
    assert not await scene.statics.drop_orphan(KEY, scene.kube)
    orphan = {"metadata": {**mirror["metadata"], "name": "gone-pi", "uid": "x"}, "spec": {}}
    scene.kube.add("v1", "pods", orphan)
    scene.kube.add("v1", "pods", {"metadata": {"name": "plain", "namespace": "default"}, "spec": {}})
    assert await scene.statics.drop_orphan(Key("default", "gone-pi"), scene.kube)
    assert not await scene.statics.drop_orphan(Key("default", "plain"), scene.kube)
