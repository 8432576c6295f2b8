"""Which images are removed, and when."""

import asyncio

import looptime
import pytest

from operators._node.ports import ImageInfo, PodmanError
from operators.pod.images import using
from operators.pod.images.collector import Collector, Disk, Policy, excess, is_pinned

GIB = 1 << 30


class FakePodman:
    def __init__(self):
        self.found = {}
        self.busy = set()
        self.is_away = False

    def put(self, image_id, *names, size=GIB, **labels):
        self.found[image_id] = ImageInfo(
            image_id, names or (f"reg.example/{image_id}:1",), (), size, {"Labels": labels}
        )

    async def images(self):
        if self.is_away:
            raise PodmanError(0, "podman does not answer")
        return list(self.found.values())

    async def remove(self, name):
        image = next(i for i in self.found.values() if name in (i.id, *i.names))
        if image.id in self.busy:
            raise PodmanError(409, "image is in use")
        names = tuple(other for other in image.names if other != name)
        if names:
            self.found[image.id] = ImageInfo(image.id, names, (), image.size, image.config)
        else:
            del self.found[image.id]


class Setup:
    def __init__(self, **policy):
        self.podman, self.used, self.in_use, self.told = FakePodman(), {}, set(), []
        self.records, self.on_pulled = self, None
        self.foreign, self.known = set(), set()
        self.capacity, self.other = 100 * GIB, 0
        self.collector = Collector(
            self, lambda: self.in_use, lambda *told: self.told.append(told), policy=Policy(**policy), disk=self.disk
        )

    def has(self, image_id):
        return image_id not in self.foreign

    def ids(self):
        return self.known | set(self.podman.found) - self.foreign

    def remove(self, image_id):
        self.known.discard(image_id)

    def disk(self):
        used = self.other + sum(image.size for image in self.podman.found.values())
        return Disk(self.capacity, self.capacity - used)

    @property
    def left(self):
        return set(self.podman.found)


async def older(setup, *ids):
    """Makes images that were last used one after the other."""
    for image_id in ids:
        setup.podman.put(image_id)
        setup.used[image_id] = asyncio.get_running_loop().time()
        await asyncio.sleep(1)
    await asyncio.sleep(200)


@pytest.mark.parametrize(("used", "expected"), [(50, 0), (84, 0), (85, 5), (100, 20)])
def test_excess(used, expected):
    assert excess(Disk(100 * GIB, (100 - used) * GIB), Policy()) == expected * GIB


@pytest.mark.parametrize(
    ("names", "labels", "expected"),
    [
        (["reg.example/a:1"], {}, False),
        (["reg.example/a:1", "localhost/a:1"], {}, True),
        (["registry.k8s.io/pause:3.10"], {}, True),
        (["reg.example/a:1"], {"io.cri-containerd.pinned": "pinned"}, True),
        ([], {}, False),
    ],
)
def test_is_pinned(names, labels, expected):
    policy = Policy(pinned=("registry.k8s.io/pause:*",))
    assert is_pinned(ImageInfo("i", tuple(names), config={"Labels": labels}), policy) is expected


@pytest.mark.looptime
async def test_the_oldest_go_until_there_is_room():
    setup = Setup()
    await older(setup, "a", "b", "c", "d")
    setup.other = 90 * GIB
    assert await setup.collector.look()
    assert setup.left == set()
    assert setup.told == [
        (
            "FreeDiskSpaceFailed",
            "Failed to garbage collect required amount of images. Attempted to free 15032385536 bytes, "
            "but only found 4294967296 bytes eligible to free.",
        )
    ]
    await setup.collector.look()
    assert [reason for reason, _ in setup.told][1:] == ["FreeDiskSpaceFailed", "ImageGCFailed"]


@pytest.mark.looptime
async def test_collect_takes_no_more_than_is_wanted():
    setup = Setup()
    await older(setup, "a", "b", "c", "d")
    assert await setup.collector.collect(2 * GIB) == 2 * GIB
    assert setup.left == {"c", "d"}


@pytest.mark.looptime
async def test_what_stays():
    setup = Setup()
    await older(setup, "used", "busy", "foreign", "gone")
    setup.podman.put("pinned", "localhost/x:1")
    setup.podman.put("named", "reg.example/pod:1")
    setup.in_use = {"used", "reg.example/pod:1"}
    setup.foreign = {"foreign"}
    setup.podman.busy = {"busy"}
    setup.used["fresh"] = asyncio.get_running_loop().time()
    setup.podman.put("fresh")
    assert await setup.collector.collect(100 * GIB) == GIB
    assert setup.left == {"used", "busy", "foreign", "pinned", "named", "fresh"}


@pytest.mark.looptime
async def test_all_names_go():
    setup = Setup()
    setup.podman.put("a", "reg.example/a:1", "reg.example/a:2")
    setup.podman.found["b"] = ImageInfo("b", (), (), GIB)
    await asyncio.sleep(200)
    assert await setup.collector.collect(10 * GIB) == 2 * GIB
    assert setup.left == set()


@pytest.mark.looptime
async def test_too_old():
    setup = Setup(max_age=3600.0)
    await older(setup, "a", "b")
    setup.in_use = {"b"}
    await asyncio.sleep(3600)
    await setup.collector.look()
    assert setup.left == {"b"}


@pytest.mark.looptime
async def test_it_looks_again_only_while_there_is_a_reason():
    setup = Setup()
    await older(setup, "a")
    setup.collector.nudge()
    await asyncio.sleep(1)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    setup.other = 90 * GIB
    setup.podman.is_away = True
    setup.collector.nudge()
    await asyncio.sleep(310)
    assert setup.told == [("ImageGCFailed", "failed to get image stats: podman does not answer")]
    setup.other, setup.podman.is_away = 0, False
    await asyncio.sleep(310)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.looptime
async def test_a_pull_has_a_look_taken_at_once_and_what_is_gone_is_forgotten():
    setup = Setup()
    await older(setup, "a", "b")
    setup.other, setup.in_use, setup.known = 90 * GIB, {"a", "b"}, {"gone"}
    setup.collector.nudge()
    await asyncio.sleep(10)
    assert setup.left == {"a", "b"}
    assert setup.known == set()
    setup.in_use, setup.known = {"b"}, {"gone"}
    await asyncio.sleep(200)
    setup.on_pulled()
    await asyncio.sleep(1)
    assert setup.left == {"b"}
    await setup.collector.close()
    await asyncio.sleep(1)
    setup.other, setup.known = 0, {"gone"}
    setup.on_pulled()
    await asyncio.sleep(1)
    assert setup.known == set()


@pytest.mark.parametrize(
    "settings",
    [
        {"UKUBE_IMAGE_GC_HIGH": "70"},
        {"UKUBE_IMAGE_GC_LOW": "x"},
        {"UKUBE_IMAGE_GC_HIGH": "101"},
        {"UKUBE_IMAGE_MAX_AGE": "-1"},
    ],
)
def test_policies_that_make_no_sense(settings):
    with pytest.raises(ValueError, match=r"UKUBE_IMAGE|could not convert"):
        Policy.read(settings)


def test_policy():
    found = Policy.read({"UKUBE_IMAGE_GC_HIGH": "90", "UKUBE_PINNED_IMAGES": "a:*, b"})
    assert found == Policy(high=90.0, pinned=("a:*", "b"))


def test_wanted():
    def pod(phase, **spec):
        return {"spec": spec, "status": {"phase": phase}}

    pods = [
        pod("Running", containers=[{"image": "nginx"}], volumes=[{"image": {"reference": "quay.io/data"}}, {}]),
        pod("Failed", containers=[{"image": "ended"}]),
    ]
    found = using.wanted(pods, ["id-1"], {"u": ["id-2"], "v": []})
    assert found == {"docker.io/library/nginx:latest", "quay.io/data:latest", "id-1", "id-2"}


assert looptime  # the marker's plugin
