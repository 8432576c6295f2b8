"""The Unix socket: the kernel says who asks."""

import dataclasses
import os
import socket
import stat
from pathlib import Path

import aiohttp
import pytest

from apiserver_stub.auth.authenticate import MASTERS
from apiserver_stub.auth.peers import ADMIN, Peers
from apiserver_stub.http import local_socket
from tests.api.conftest import Api

SELF = "http://localhost/apis/authentication.k8s.io/v1/selfsubjectreviews"
BODY = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


async def test_who_runs_the_server_is_its_administrator(tmp_path: Path) -> None:
    api, path = Api(tmp_path), tmp_path / "api.sock"
    api.settings = dataclasses.replace(api.settings, unix_socket=path)
    await api.start()
    try:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session:
            async with session.post(SELF, json=BODY) as answer:
                assert (await answer.json())["status"]["userInfo"]["username"] == "kubernetes-admin"
            for token, name in (("viewer-token", "viewer"), ("wrong", "")):
                headers = {"Authorization": f"Bearer {token}"}
                async with session.post(SELF, json=BODY, headers=headers) as answer:
                    found = await answer.json()
                    assert found["status"]["userInfo"]["username"] == name if name else answer.status == 401
            wish = {"Impersonate-User": "jane"}
            async with session.get("http://localhost/api/v1/secrets", headers=wish) as answer:
                assert answer.status == 403
    finally:
        await api.stop()


@pytest.mark.parametrize(
    ("peers", "uid", "name", "groups"),
    [
        (Peers(1000), 0, "kubernetes-admin", ADMIN.groups),
        (Peers(1000), 1000, "kubernetes-admin", ADMIN.groups),
        (Peers(1000), 65534, "local:nobody", ("ukube:local", "system:authenticated")),
        (Peers(1000), 4_000_000, "local:4000000", ("ukube:local", "system:authenticated")),
        (Peers(0, "ops", ("a", "b")), 65534, "ops", ("a", "b", "system:authenticated")),
    ],
)
def test_peers(peers: Peers, uid: int, name: str, groups: tuple[str, ...]) -> None:
    found = peers.of(uid)
    assert (found.name, found.groups) == (name, groups)
    assert (MASTERS in found.groups) == (name == "kubernetes-admin")


def test_the_kernel_names_the_peer() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert Peers(os.geteuid()).identify(one) == ADMIN


def test_what_a_dead_server_left_is_replaced_and_a_living_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "s"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    with local_socket.listening(path), pytest.raises(OSError, match="in use"):
        local_socket.listening(path)
    path.unlink()
    path.write_text("not a socket")
    with pytest.raises(OSError, match="in use"):
        local_socket.listening(path)
    assert path.read_text() == "not a socket"


def test_sockets_of_another_process_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", "1")
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert local_socket.inherited() == []
    assert "LISTEN_FDS" not in os.environ
