"""Names of images."""

import pytest

from operators.pod.images import references

DIGEST = "@sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
        ("team/app", "docker.io/team/app:latest"),
        ("localhost/web", "localhost/web:latest"),
        ("localhost:5000/web", "localhost:5000/web:latest"),
        ("registry.example:5000/a/b:v1", "registry.example:5000/a/b:v1"),
        ("[fd00::1]:5000/a", "[fd00::1]:5000/a:latest"),
        ("quay.io/a" + DIGEST, "quay.io/a" + DIGEST),
        ("quay.io/a:v1" + DIGEST, "quay.io/a" + DIGEST),
        ("", None),
        ("a" * 64, None),
        ("a" * 300, None),
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
    assert references.normalise(name) == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("docker.io/library/nginx:latest", "docker.io/library/nginx"),
        ("reg:5000/a/b", "reg:5000/a/b"),
        ("reg:5000/a/b:v1", "reg:5000/a/b"),
        ("reg:5000/a/b:v1" + DIGEST, "reg:5000/a/b"),
    ],
)
def test_repository(reference, expected):
    assert references.repository(reference) == expected


def test_candidates():
    assert references.candidates("web") == ["docker.io/library/web:latest", "localhost/web"]
    assert references.candidates("quay.io/web:1") == ["quay.io/web:1"]
    assert references.candidates("localhost/web") == ["localhost/web:latest"]
    assert references.candidates("docker.io/web") == ["docker.io/library/web:latest"]
    assert references.candidates("A b") == []


def test_identity():
    digests = [f"localhost/a{DIGEST}", f"quay.io/a{DIGEST}"]
    assert references.identity("quay.io/a:v1", "id", digests) == f"quay.io/a{DIGEST}"
    assert references.identity("nginx", "id", digests) == f"localhost/a{DIGEST}"
    assert references.identity("nginx", "id", []) == "sha256:id"


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("a b", "invalid reference format"),
        ("quay.io/Team/App", "invalid reference format: repository name must be lowercase"),
    ],
)
def test_invalid(name, cause):
    text = f'Failed to apply default image tag "{name}": couldn\'t parse image name "{name}": {cause}'
    assert references.invalid(name) == text
