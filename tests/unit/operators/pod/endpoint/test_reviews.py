"""Who may ask: what a request wishes, and what the API server's answers are worth."""

from typing import Any

import pytest

from operators._kube.errors import ApiError
from operators.pod.endpoint import attributes
from operators.pod.endpoint.attributes import User, Wish
from operators.pod.endpoint.reviews import ApiReviews, Unanswered


@pytest.mark.parametrize(
    ("method", "path", "wish"),
    [
        ("GET", "/stats/summary", Wish("get", ("stats",))),
        ("GET", "/metrics", Wish("get", ("metrics",))),
        ("GET", "/metrics/cadvisor", Wish("get", ("metrics",))),
        ("GET", "/metricsx", Wish("get", ("proxy",))),
        ("GET", "/logs/", Wish("get", ("log",))),
        ("GET", "/pods/", Wish("get", ("pods", "proxy"))),
        ("GET", "/runningpods/", Wish("get", ("pods", "proxy"))),
        ("HEAD", "/healthz/ping", Wish("get", ("healthz", "proxy"))),
        ("GET", "/configz", Wish("get", ("configz", "proxy"))),
        ("POST", "/checkpoint/ns/p/c", Wish("create", ("checkpoint",))),
        ("POST", "/exec/ns/p/c", Wish("create", ("proxy",))),
        ("GET", "/containerLogs/ns/p/c", Wish("get", ("proxy",))),
        ("DELETE", "/pods", Wish("delete", ("pods", "proxy"))),
        ("OPTIONS", "/", Wish("", ("proxy",))),
    ],
)
def test_wishes(method: str, path: str, wish: Wish) -> None:
    assert attributes.of_request(method, path) == wish


class Api:
    """Answers reviews; counts them."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.allowed = True
        self.is_away = False

    async def request(self, method: str, path: str, *, body: dict[str, Any]) -> dict[str, Any]:
        if self.is_away:
            raise ApiError(0, "", "no answer")
        self.asked.append(body)
        if body["kind"] == "TokenReview":
            known = body["spec"]["token"] == "good"
            user = {"username": "jane", "groups": ["team"], "uid": "7", "extra": {"k": ["v"]}}
            return {"status": {"authenticated": True, "user": user} if known else {"error": "no"}}
        return {"status": {"allowed": self.allowed}}


JANE = User("jane", ("team",), "7", (("k", ("v",)),))


class Scene:
    def __init__(self) -> None:
        self.api = Api()
        self.now = 0.0
        self.reviews = ApiReviews(self.api, "pi", lambda: self.now)  # type: ignore[arg-type]


async def test_a_token_is_believed_for_two_minutes_and_a_wrong_one_never() -> None:
    scene = Scene()
    assert await scene.reviews.user_of("good") == JANE
    scene.now = 119.0
    assert await scene.reviews.user_of("good") == JANE
    assert len(scene.api.asked) == 1
    scene.now = 121.0
    await scene.reviews.user_of("good")
    for _ in range(2):
        assert await scene.reviews.user_of("bad") is None
    assert len(scene.api.asked) == 4


@pytest.mark.parametrize(("allowed", "seconds"), [(True, 300.0), (False, 30.0)])
async def test_how_long_a_right_is_believed(allowed: bool, seconds: float) -> None:
    scene = Scene()
    scene.api.allowed = allowed
    for scene.now in (0.0, seconds - 1, seconds + 1):
        assert await scene.reviews.allows(JANE, "get", "metrics") is allowed
    assert len(scene.api.asked) == 2
    assert scene.api.asked[0]["spec"] == {
        "user": "jane",
        "groups": ["team"],
        "uid": "7",
        "extra": {"k": ["v"]},
        "resourceAttributes": {
            "verb": "get",
            "version": "v1",
            "resource": "nodes",
            "subresource": "metrics",
            "name": "pi",
        },
    }
    await scene.reviews.allows(JANE, "get", "proxy")
    assert len(scene.api.asked) == 3


async def test_nobody_to_ask() -> None:
    scene = Scene()
    scene.api.is_away = True
    with pytest.raises(Unanswered):
        await scene.reviews.user_of("good")
    with pytest.raises(Unanswered):
        await scene.reviews.allows(JANE, "get", "metrics")
