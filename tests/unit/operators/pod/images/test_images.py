"""Images: references, policies, pulls with back-off."""

import asyncio

import looptime
import pytest

from operators._node.ports import ImageInfo, PodmanError
from operators.pod.images import pulls
from operators.pod.images.pulls import Waiting
from operators.pod.units.parts import Image


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("team/app", "docker.io/team/app:latest"),
        ("localhost/web", "localhost/web:latest"),
        ("registry.example:5000/a/b:v1", "registry.example:5000/a/b:v1"),
        ("quay.io/a@sha256:" + "a" * 64, "quay.io/a@sha256:" + "a" * 64),
        ("", None),
        ("--privileged", None),
        ("a b", None),
        ("UPPER", None),
        ("a//b", None),
        ("a:b:c", None),
        ("../etc/passwd", None),
        ("x\ny", None),
    ],
)
def test_normalise(name, expected):
    assert pulls.normalise(name) == expected


class FakePodman:
    def __init__(self, *present):
        self.present = set(present)
        self.pulls = []
        self.error = ""

    async def image(self, name):
        return ImageInfo("abc", digests=(f"{name}@sha256:1",), size=5) if name in self.present else None

    async def images(self):
        return []

    async def pull(self, name):
        self.pulls.append(name)
        await asyncio.sleep(1)
        if self.error:
            raise PodmanError(500, self.error)
        return ImageInfo("new", size=7)


class Setup:
    def __init__(self, *present):
        self.podman, self.events, self.woken = FakePodman(*present), [], 0
        self.images = pulls.Images(self.podman, self.notify, self.wake)
        self.pod = {"metadata": {"uid": "u", "name": "p", "namespace": "n"}}

    def notify(self, pod, container, type_, reason, message):
        self.events.append((reason, message))

    def wake(self, pod):
        self.woken += 1

    async def need(self, image, policy="IfNotPresent"):
        return await self.images.need(self.pod, {"name": "c", "image": image, "imagePullPolicy": policy})


async def test_present_is_not_pulled():
    setup = Setup("nginx")
    assert await setup.need("nginx") == Image("abc", "nginx@sha256:1")
    assert setup.podman.pulls == []


async def test_never():
    waiting = await Setup().need("nginx", "Never")
    assert (waiting.reason, waiting.message) == (
        "ErrImageNeverPull",
        'Container image "nginx" is not present with pull policy of Never',
    )


async def test_invalid():
    waiting = await Setup().need("Not Valid")
    assert waiting.reason == "InvalidImageName"
    assert 'couldn\'t parse image name "Not Valid": invalid reference format' in waiting.message


async def test_always_pulls_what_is_there_but_not_what_was_built_here():
    setup = Setup("nginx", "localhost/web")
    assert isinstance(await setup.need("nginx", "Always"), Waiting)
    assert isinstance(await setup.need("localhost/web", "Always"), Image)


@pytest.mark.looptime
async def test_pull():
    setup = Setup()
    assert await setup.need("nginx") == Waiting("ContainerCreating", "")
    await asyncio.sleep(2)
    assert setup.woken == 1
    assert await setup.need("nginx") == Image("new", "sha256:new")
    assert setup.podman.pulls == ["docker.io/library/nginx:latest"]
    assert [reason for reason, _ in setup.events] == ["Pulling", "Pulled"]


@pytest.mark.looptime
async def test_backoff():
    setup = Setup()
    setup.podman.error = "no route to host"
    times = []
    loop = asyncio.get_running_loop()
    seen = set()
    while loop.time() < 100:
        before = len(setup.podman.pulls)
        waiting = await setup.need("nginx")
        seen.add((waiting.reason, waiting.message))
        if len(setup.podman.pulls) > before or (waiting.reason == "ContainerCreating" and not times):
            times.append(loop.time())
        await asyncio.sleep(0.5)
    assert len(setup.podman.pulls) == 4  # at 0, then after 10, 20 and 40 s
    assert seen >= {
        ("ErrImagePull", "no route to host"),
        ("ImagePullBackOff", 'Back-off pulling image "nginx": ErrImagePull: no route to host'),
    }
    assert ("BackOff", 'Back-off pulling image "nginx"') in setup.events
    assert ("Failed", 'Failed to pull image "nginx": no route to host') in setup.events


assert looptime  # the marker's plugin
