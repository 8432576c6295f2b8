"""Images: references, policies, pulls with back-off."""

import asyncio
import base64
import json

import looptime
import pytest

from operators._node.ports import ImageInfo, PodmanError
from operators.pod.images import pulls
from operators.pod.images.pulls import Waiting
from operators.pod.images.records import Records
from operators.pod.units.parts import Image


class FakePodman:
    def __init__(self, *present):
        self.present = set(present)
        self.pulls = []
        self.error = ""
        self.headers = []
        self.seconds = 1.0

    async def image(self, name):
        if name not in self.present:
            return None
        return ImageInfo("abc", digests=(f"{name.partition(':')[0]}@sha256:1",), size=5)

    async def images(self):
        return []

    async def pull(self, name, auth="", line=lambda _: None):
        self.pulls.append(name)
        self.headers.append(auth)
        line("Copying blob sha256:1")
        await asyncio.sleep(self.seconds)
        if self.error and not auth.startswith(GOOD):
            raise PodmanError(500, self.error)
        return ImageInfo("new", size=7)

    async def remove(self, name):
        raise AssertionError


class Secrets:
    def __init__(self):
        self.found = {}

    def secret(self, namespace, name):
        return self.found.get((namespace, name))


GOOD = base64.urlsafe_b64encode(b'{"username": "good"').decode()[:24]


def docker_config(name, *auths, uid="s-1"):
    """A Secret with (registry, user, password)."""
    content = {"auths": {place: {"username": user, "password": password} for place, user, password in auths}}
    data = {".dockerconfigjson": base64.b64encode(json.dumps(content).encode()).decode()}
    meta = {"namespace": "n", "name": name, "uid": uid}
    return {"metadata": meta, "type": "kubernetes.io/dockerconfigjson", "data": data}


class Setup:
    def __init__(self, folder, *present):
        self.podman, self.secrets, self.events, self.woken = FakePodman(*present), Secrets(), [], 0
        self.records = Records(folder)
        self.records.open()
        self.images = pulls.Images(self.podman, self.notify, self.wake, records=self.records, sources=self.secrets)
        self.pod = {"metadata": {"uid": "u", "name": "p", "namespace": "n"}, "spec": {}}

    def give(self, name, *auths, uid="s-1"):
        self.secrets.found[("n", name)] = docker_config(name, *auths, uid=uid)
        self.pod["spec"]["imagePullSecrets"] = [{"name": name}]

    def notify(self, pod, container, type_, reason, message):
        self.events.append((reason, message))

    def wake(self, pod):
        self.woken += 1

    async def need(self, image, policy="IfNotPresent", pod=None):
        return await self.images.need(pod or self.pod, {"name": "c", "image": image, "imagePullPolicy": policy})

    async def pulled(self, image, **more):
        """The image, after a pull."""
        await self.need(image, **more)
        await asyncio.sleep(3)
        return await self.need(image, **more)


@pytest.fixture
def setup(tmp_path):
    return lambda *present: Setup(tmp_path, *present)


NGINX = "docker.io/library/nginx:latest"


async def test_present_is_not_pulled(setup):
    setup = setup(NGINX)
    assert await setup.need("nginx") == Image("abc", "docker.io/library/nginx@sha256:1")
    assert setup.podman.pulls == []


async def test_never(setup):
    setup = setup()
    waiting = await setup.need("nginx", "Never")
    await setup.need("nginx", "Never")
    assert setup.events == [("ErrImageNeverPull", waiting.message), ("Failed", "Error: ErrImageNeverPull")]
    assert (waiting.reason, waiting.message) == (
        "ErrImageNeverPull",
        'Container image "nginx" is not present with pull policy of Never',
    )


async def test_invalid(setup):
    waiting = await setup().need("Not Valid")
    assert waiting.reason == "InvalidImageName"
    assert 'couldn\'t parse image name "Not Valid": invalid reference format' in waiting.message


async def test_always_pulls_what_is_there_but_not_what_was_built_here(setup):
    setup = setup(NGINX, "localhost/web:latest")
    assert isinstance(await setup.need("nginx", "Always"), Waiting)
    assert isinstance(await setup.need("localhost/web", "Always"), Image)


@pytest.mark.looptime
async def test_pull(setup):
    setup = setup()
    assert await setup.need("nginx") == Waiting("ContainerCreating", "")
    await asyncio.sleep(2)
    assert setup.woken == 1
    assert await setup.need("nginx") == Image("new", "sha256:new")
    assert setup.podman.pulls == ["docker.io/library/nginx:latest"]
    assert setup.events == [
        ("Pulling", 'Pulling image "nginx"'),
        ("Pulled", 'Successfully pulled image "nginx" in 1s (1s including waiting). Image size: 7 bytes.'),
    ]


@pytest.mark.looptime
async def test_backoff(setup):
    setup = setup()
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


@pytest.mark.looptime
async def test_always_asks_again_at_a_later_start(setup):
    setup = setup()
    assert isinstance(await setup.pulled("nginx", policy="Always"), Image)
    await asyncio.sleep(20)
    assert isinstance(await setup.need("nginx", "Always"), Waiting)
    await asyncio.sleep(2)
    assert isinstance(await setup.need("nginx", "Always"), Image)
    assert len(setup.podman.pulls) == 2


@pytest.mark.looptime
async def test_two_pods_share_a_pull(setup):
    setup = setup()
    other = {"metadata": {"uid": "v", "name": "q", "namespace": "n"}, "spec": {}}
    await asyncio.gather(setup.pulled("nginx"), setup.pulled("nginx", pod=other))
    assert len(setup.podman.pulls) == 1
    assert [reason for reason, _ in setup.events].count("Pulled") == 2


@pytest.mark.looptime
async def test_a_pull_goes_on_while_somebody_waits_for_it(setup):
    setup = setup()
    setup.podman.seconds = 100.0
    other = {"metadata": {"uid": "v", "name": "q", "namespace": "n"}, "spec": {}}
    await setup.need("nginx")
    await setup.need("nginx", pod=other)
    await asyncio.sleep(1)
    setup.images.forget("u")
    await asyncio.sleep(1)
    assert len(asyncio.all_tasks()) > 1
    setup.images.forget("v")
    await asyncio.sleep(1)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.looptime
async def test_a_long_pull_is_told_of(setup):
    setup = setup()
    setup.podman.seconds = 70.0
    await setup.need("nginx")
    await asyncio.sleep(71)
    assert [text for _, text in setup.events][1:3] == ['Pulling image "nginx": 1 layers begun'] * 2


@pytest.mark.looptime
async def test_a_pull_from_which_nothing_comes_is_given_up(setup):
    setup = setup()
    setup.podman.seconds = 10_000.0
    await setup.need("nginx")
    await asyncio.sleep(640)
    assert ("Failed", 'Failed to pull image "nginx": no progress in 10m0s: the pull was given up') in setup.events


async def test_pulls_that_were_cut_off(setup):
    before = setup()
    before.records.begin("reg.example/a:1")
    before.records.begin("reg.example/b:1")
    after = setup("reg.example/a:1")
    await after.images.open(None)
    assert after.records.cut_off() == []
    assert (await after.need("reg.example/a:1", "Never")).reason == "ErrImageNeverPull"
    after.podman.present.add("reg.example/b:1")  # brought by other means, since then
    after.records.remove("abc")
    assert isinstance(await after.need("reg.example/b:1", "Never"), Image)


PRIVATE = "reg.example/team/app:v1"


@pytest.mark.looptime
async def test_credentials_are_tried_one_after_the_other(setup):
    setup = setup()
    setup.podman.error = "authentication required"
    setup.give("s", ("reg.example/team", "bad", "x"), ("reg.example", "good", "y"), ("other.example", "no", "z"))
    assert isinstance(await setup.pulled(PRIVATE), Image)
    users = [json.loads(base64.urlsafe_b64decode(header))["username"] for header in setup.podman.headers]
    assert users == ["bad", "good"]


@pytest.mark.looptime
async def test_a_secret_that_is_not_there(setup):
    setup = setup()
    setup.pod["spec"]["imagePullSecrets"] = [{"name": "none"}, {}]
    await setup.pulled(PRIVATE)
    assert setup.events[0] == (
        "FailedToRetrieveImagePullSecret",
        "Unable to retrieve some image pull secrets (none); attempting to pull the image may not succeed.",
    )


@pytest.mark.looptime
async def test_an_image_of_a_secret_is_for_its_holders(setup):
    setup = setup()
    setup.podman.error = "authentication required"
    setup.give("s", ("reg.example", "good", "y"))
    assert isinstance(await setup.pulled(PRIVATE), Image)
    setup.podman.present.add(PRIVATE)

    async def image(name):
        return ImageInfo("new") if name == PRIVATE else None

    setup.podman.image = image
    stranger = {"metadata": {"uid": "v", "name": "q", "namespace": "n"}, "spec": {}}
    assert (await setup.need(PRIVATE, "Never", pod=stranger)).reason == "ErrImageNeverPull"
    await setup.need(PRIVATE, pod=stranger)
    await asyncio.sleep(1.5)
    assert (await setup.need(PRIVATE, pod=stranger)).reason == "ErrImagePull"
    before = len(setup.podman.pulls)
    holder = {**setup.pod, "metadata": {**stranger["metadata"], "uid": "w"}}
    assert isinstance(await setup.need(PRIVATE, pod=holder), Image)
    assert len(setup.podman.pulls) == before


assert looptime  # the marker's plugin
