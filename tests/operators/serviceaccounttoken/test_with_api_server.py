"""Secrets that ask for a token, with the real API server: the token works, and ends with its Secret."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.cluster import Cluster, Object, Refused, Space, eventually
from tests.servers import ROOT, server

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Space]:
    with server(tmp_path):
        config = tmp_path / "admin.kubeconfig"
        argv = [
            sys.executable,
            "-P",
            "-m",
            "operators",
            "serviceaccount",
            "serviceaccounttoken",
            "--kubeconfig",
            config,
        ]
        with subprocess.Popen([*argv, "--log-level", "warning"], cwd=ROOT) as operators:
            cluster = Cluster(config)
            try:
                yield cluster.space("tokens")
            finally:
                cluster.close()
                operators.terminate()


def whoami(space: Space, token: str) -> str:
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = space.cluster.ask("POST", REVIEW, asked, {"Authorization": f"Bearer {token}"})
    return str(answer["status"]["userInfo"]["username"])


def secret(account: str) -> Object:
    annotations = {"kubernetes.io/service-account.name": account}
    metadata = {"name": "token", "annotations": annotations}
    return {"metadata": metadata, "type": "kubernetes.io/service-account-token"}


def test_a_token_lives_as_long_as_its_secret(space: Space) -> None:
    space.create("secrets", secret("default"))
    data = eventually(lambda: space.get("secrets", "token").get("data") or {}, "it is filled in")
    assert base64.b64decode(data["namespace"]) == b"tokens"
    assert b"BEGIN CERTIFICATE" in base64.b64decode(data["ca.crt"])
    token = base64.b64decode(data["token"]).decode()
    assert whoami(space, token) == "system:serviceaccount:tokens:default"
    space.patch("secrets", "token", {"data": {"ca.crt": None}})
    eventually(lambda: "ca.crt" in space.get("secrets", "token")["data"], "what is taken out is put back")
    assert base64.b64decode(space.get("secrets", "token")["data"]["token"]).decode() == token
    space.delete("secrets", "token")
    with pytest.raises(Refused) as refused:
        whoami(space, token)
    assert refused.value.code == 401


def test_a_secret_goes_with_its_account(space: Space) -> None:
    space.create("serviceaccounts", {"metadata": {"name": "sa"}})
    space.create("secrets", secret("sa"))
    eventually(lambda: "data" in space.get("secrets", "token"), "it is filled in")
    space.delete("serviceaccounts", "sa")
    space.cluster.gone(space.path("secrets", "token"))
    space.create("secrets", secret("nobody"))
    space.cluster.gone(space.path("secrets", "token"))
