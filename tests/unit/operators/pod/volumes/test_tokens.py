"""Tokens of Pods: when they are asked for, renewed, kept over a restart; what their files look like."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from operators._kube.errors import ApiError
from operators.pod import sources
from operators.pod.paths import Paths
from operators.pod.sources import NodeFacts
from operators.pod.volumes import parts, tokens
from operators.pod.volumes import plan as volumes

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def jwt(issued: float, name: str = "") -> str:
    body = base64.urlsafe_b64encode(json.dumps({"iat": issued, "jti": name}).encode()).decode().rstrip("=")
    return f"e30.{body}.c2ln"


class Api:
    """Issues tokens, or refuses."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.fault: ApiError | None = None
        self.now = NOW

    async def request(self, method: str, path: str, *, body: Any = None) -> dict[str, Any]:
        if self.fault:
            raise self.fault
        self.asked.append((f"{method} {path}", body["spec"]))
        return {"status": {"token": jwt(self.now.timestamp(), str(len(self.asked)))}}


def pod(audience: str = "", seconds: int = 3607, **spec: Any) -> dict[str, Any]:
    source = {"path": "token", "expirationSeconds": seconds} | ({"audience": audience} if audience else {})
    volume = {"name": "access", "projected": {"defaultMode": 0o644, "sources": [{"serviceAccountToken": source}]}}
    spec = {"serviceAccountName": "robot", "containers": [{"name": "c"}], "volumes": [volume], **spec}
    return {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": spec}


def make(tmp_path: Path) -> tokens.Tokens:
    return tokens.Tokens(Paths(run=tmp_path), jitter=lambda: 0.0)


async def test_asked_for_once_bound_to_the_pod(tmp_path: Path) -> None:
    api, held = Api(), make(tmp_path)
    assert await held.renew(pod(), api, NOW) == pytest.approx(3607 * 0.8)
    assert await held.renew(pod(), api, NOW + timedelta(seconds=100)) == pytest.approx(3607 * 0.8 - 100)
    [(path, spec)] = api.asked
    assert path == "POST /api/v1/namespaces/n/serviceaccounts/robot/token"
    assert spec == {
        "audiences": [],
        "expirationSeconds": 3607,
        "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"},
    }
    assert held.get(pod(), "", 3607) == jwt(NOW.timestamp(), "1")


@pytest.mark.parametrize(("seconds", "later"), [(600, 480), (3600, 2880), (7 * 86400, 86400)])
async def test_renewed_when_a_fifth_is_left_or_after_a_day(tmp_path: Path, seconds: int, later: int) -> None:
    api, held = Api(), make(tmp_path)
    assert await held.renew(pod("x", seconds), api, NOW) == later
    await held.renew(pod("x", seconds), api, NOW + timedelta(seconds=later - 1))
    assert len(api.asked) == 1
    await held.renew(pod("x", seconds), api, NOW + timedelta(seconds=later))
    assert len(api.asked) == 2
    assert api.asked[0][1]["audiences"] == ["x"]


async def test_a_restart_goes_on_with_what_is_on_disk(tmp_path: Path) -> None:
    kept = tmp_path / "pods/u/volumes/kubernetes.io~projected/access/..data/token"
    kept.parent.mkdir(parents=True)
    kept.write_text(jwt(NOW.timestamp() - 1000))
    api, held = Api(), make(tmp_path)
    assert await held.renew(pod(), api, NOW) == pytest.approx(3607 * 0.8 - 1000)
    assert api.asked == []
    assert held.get(pod(), "", 3607) == kept.read_text()


async def test_what_has_run_out_is_used_while_there_is_no_other(tmp_path: Path) -> None:
    kept = tmp_path / "pods/u/volumes/kubernetes.io~projected/access/..data/token"
    kept.parent.mkdir(parents=True)
    kept.write_text(jwt(0))
    api, held = Api(), make(tmp_path)
    api.fault = ApiError(0, "", "no answer")
    assert await held.renew(pod(), api, NOW) == 30
    assert held.get(pod(), "", 3607) == kept.read_text()
    api.fault = None
    await held.renew(pod(), api, NOW + timedelta(seconds=30))
    assert held.get(pod(), "", 3607) == jwt(NOW.timestamp(), "1")


async def test_a_refusal_is_told(tmp_path: Path) -> None:
    api, held = Api(), make(tmp_path)
    api.fault = ApiError(404, "NotFound", 'serviceaccounts "robot" not found')
    assert await held.renew(pod(), api, NOW) == 30
    with pytest.raises(sources.Missing) as missing:
        held.get(pod(), "", 3607)
    assert missing.value.message == 'failed to fetch token: serviceaccounts "robot" not found'
    held.forget("u")
    with pytest.raises(sources.Missing, match="not asked for"):
        held.get(pod(), "", 3607)


async def test_a_pod_without_tokens(tmp_path: Path) -> None:
    assert await make(tmp_path).renew(pod(volumes=[{"name": "v", "emptyDir": {}}]), Api(), NOW) is None


class Objects:
    def config_map(self, namespace: str, name: str) -> None:
        return None

    def secret(self, namespace: str, name: str) -> None:
        return None

    def services(self, namespace: str) -> list[Any]:
        return []

    def token(self, pod: Any, audience: str, seconds: int) -> str:
        return f"{audience} {seconds}"


@pytest.mark.parametrize(
    ("spec", "mode", "user"),
    [
        ({}, 0o644, None),
        ({"securityContext": {"runAsUser": 5}}, 0o600, 5),
        ({"securityContext": {"fsGroup": 7}}, 0o600, None),
        ({"securityContext": {"runAsUser": 5}, "initContainers": [{"securityContext": {"runAsUser": 6}}]}, 0o644, None),
        ({"containers": [{"securityContext": {"runAsUser": 5}}, {"name": "c"}]}, 0o644, None),
        ({"containers": [{"securityContext": {"runAsUser": 5}}]}, 0o600, 5),
    ],
)
def test_who_may_read_its_file(spec: dict[str, Any], mode: int, user: int | None) -> None:
    [volume] = volumes.plan(pod("x", **spec), Objects(), parts.Roots("/disk", "/memory"), NodeFacts()).values()
    assert volume.path == "/memory/kubernetes.io~projected/access"
    assert volume.files == {"token": parts.File(b"x 3607", mode, user, is_renewed=True)}
