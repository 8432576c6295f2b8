"""Credentials for registries, from Secrets."""

import base64
import json

import pytest

from operators.pod.images import credentials


def secret(content, type_="kubernetes.io/dockerconfigjson", name="s"):
    key = ".dockercfg" if type_.endswith("cfg") else ".dockerconfigjson"
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    meta = {"namespace": "n", "name": name, "uid": "u"}
    return {"metadata": meta, "type": type_, "data": {key: base64.b64encode(raw).decode()}}


def users(content, **more):
    return [(place, one.user, one.password) for place, one in credentials.parse(secret(content, **more))]


AUTH = base64.b64encode(b"me:pa:ss").decode()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"username": "me", "password": "x"}, [("reg.example", "me", "x")]),
        ({"auth": AUTH}, [("reg.example", "me", "pa:ss")]),
        ({"auth": AUTH.rstrip("="), "username": "other", "password": "x"}, [("reg.example", "me", "pa:ss")]),
        ({"auth": "?"}, []),
        ({"username": "me"}, []),
        ({}, []),
        ("text", []),
    ],
)
def test_entries(entry, expected):
    assert users({"auths": {"reg.example": entry}}) == expected
    assert users({"reg.example": entry}, type_="kubernetes.io/dockercfg") == expected


@pytest.mark.parametrize("content", [b"not json", [], {}, {"auths": []}, {"auths": None}, 7])
def test_what_is_no_docker_config(content):
    assert users(content) == []


def test_other_types_have_none():
    assert credentials.parse({**secret({"auths": {"a.b": {"auth": AUTH}}}), "type": "Opaque"}) == []


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("https://index.docker.io/v1/", "index.docker.io"),
        ("http://reg.example:5000", "reg.example:5000"),
        ("reg.example/v2/team", "reg.example/team"),
        ("reg.example/team/", "reg.example/team/"),
        ("https://reg.example/", "reg.example"),
    ],
)
def test_places(location, place):
    assert users({"auths": {location: {"auth": AUTH}}}) == [(place, "me", "pa:ss")]


@pytest.mark.parametrize(
    ("place", "repository", "expected"),
    [
        ("reg.example", "reg.example/team/app", True),
        ("reg.example/team", "reg.example/team/app", True),
        ("reg.example/team", "reg.example/other/app", False),
        ("*.example", "reg.example/app", True),
        ("*.example", "a.reg.example/app", False),
        ("re?.example:5000", "reg.example:5000/app", True),
        ("reg.example", "reg.example:5000/app", False),
        ("reg.example:5000", "reg.example/app", False),
    ],
)
def test_matches(place, repository, expected):
    assert credentials.matches(place, repository) is expected


class Secrets:
    def __init__(self, *found):
        self.found = {one["metadata"]["name"]: one for one in found}

    def secret(self, namespace, name):
        return self.found.get(name) if namespace == "n" else None


def test_of_pod():
    auths = {
        "reg.example": {"username": "wide", "password": "1"},
        "reg.example/team": {"username": "narrow", "password": "2"},
        "https://index.docker.io/v1/": {"username": "hub", "password": "3"},
    }
    sources = Secrets(secret({"auths": auths}, name="a"), secret({"auths": {}}, name="b"))
    names = [{"name": "a"}, {"name": "none"}, {"name": "a"}, {}, {"name": "b"}]
    pod = {"metadata": {"namespace": "n"}, "spec": {"imagePullSecrets": names}}

    def found(repository):
        return [one.user for one in credentials.of_pod(pod, repository, sources).credentials]

    assert found("reg.example/team/app") == ["narrow", "wide"]
    assert found("reg.example/app") == ["wide"]
    assert found("docker.io/library/nginx") == ["hub"]
    assert found("quay.io/app") == []
    assert credentials.of_pod(pod, "quay.io/app", sources).missing == ("none",)


def test_a_credential_does_not_show_its_password():
    ((_, one),) = credentials.parse(secret({"auths": {"a.b": {"username": "me", "password": "s3cret"}}}))
    assert "s3cret" not in repr(one)
    assert json.loads(base64.urlsafe_b64decode(one.header)) == {"username": "me", "password": "s3cret"}
