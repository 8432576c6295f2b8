"""Which user and password a registry gets for an image, from a Pod's imagePullSecrets (pure).

See the Kubernetes page "Images", "Using a private registry".
"""

import base64
import binascii
import fnmatch
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from operators.pod.sources import Object, Sources

_DEFAULT_REGISTRY = "index.docker.io"
_LOCATION = re.compile(r"(?:https?://)?(?P<host>[^/?#]+)(?P<path>/[^?#]*)?", re.IGNORECASE)
_KINDS = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}


@dataclass(frozen=True, slots=True)
class Coordinates:
    """The Secret that a credential is from."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Credential:
    user: str
    password: str = field(repr=False)
    secret: Coordinates

    @property
    def header(self) -> str:
        """The value of podman's X-Registry-Auth."""
        return base64.urlsafe_b64encode(
            json.dumps({"username": self.user, "password": self.password}).encode()
        ).decode()


@dataclass(frozen=True, slots=True)
class Found:
    """In the order they are tried; `missing`: names of Secrets that are not there."""

    credentials: tuple[Credential, ...] = ()
    missing: tuple[str, ...] = ()


def of_pod(pod: Object, repository: str, sources: Sources) -> Found:
    """The credentials of a Pod that are meant for a repository ("registry.example/team/app")."""
    namespace = pod["metadata"]["namespace"]
    names = [entry.get("name") for entry in pod.get("spec", {}).get("imagePullSecrets") or ()]
    by_location: list[tuple[str, Credential]] = []
    missing = []
    for name in dict.fromkeys(name for name in names if name):
        secret = sources.secret(namespace, name)
        if secret is None:
            missing.append(name)
        else:
            by_location += parse(secret)
    return Found(tuple(_matching(by_location, repository)), tuple(missing))


def parse(secret: Object) -> list[tuple[str, Credential]]:
    """(where it is valid, credential) of a Secret of one of the two types for registries; others have none."""
    key = _KINDS.get(str(secret.get("type")), "")
    raw = (secret.get("data") or {}).get(key)
    if not key or raw is None:
        return []
    try:
        content = json.loads(base64.b64decode(raw))
    except (ValueError, binascii.Error):
        return []
    entries = content.get("auths") if key == ".dockerconfigjson" and isinstance(content, dict) else content
    meta = secret["metadata"]
    origin = Coordinates(meta["namespace"], meta["name"], str(meta.get("uid") or ""))
    found = []
    for location, entry in entries.items() if isinstance(entries, dict) else ():
        credential = _credential(entry, origin) if isinstance(entry, Mapping) else None
        if credential is not None and (place := _place(str(location))):
            found.append((place, credential))
    return found


def matches(place: str, repository: str) -> bool:
    """Whether a place ("*.example.org:5000/team") covers a repository: host by host label, then by the path's start."""
    host, _, path = place.partition("/")
    wanted_host, _, wanted_path = repository.partition("/")
    name, _, port = host.partition(":")
    wanted_name, _, wanted_port = wanted_host.partition(":")
    labels, wanted_labels = name.split("."), wanted_name.split(".")
    return (
        port == wanted_port
        and len(labels) == len(wanted_labels)
        and all(fnmatch.fnmatchcase(one, glob) for glob, one in zip(labels, wanted_labels, strict=True))
        and wanted_path.startswith(path)
    )


def _matching(credentials: Iterable[tuple[str, Credential]], repository: str) -> list[Credential]:
    """The longest place first, as kubelet's keyring."""
    ordered = sorted(credentials, key=lambda pair: pair[0], reverse=True)
    found = [credential for place, credential in ordered if matches(place, repository)]
    if not found and repository.startswith("docker.io/"):
        found = [credential for place, credential in ordered if place == _DEFAULT_REGISTRY]
    return list(dict.fromkeys(found))


def _place(location: str) -> str:
    """A location without scheme and API version."""
    match = _LOCATION.fullmatch(location)
    if match is None:
        return ""
    path = match["path"] or ""
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return match["host"] + ("" if path == "/" else path)


def _credential(entry: Mapping[str, Any], origin: Coordinates) -> Credential | None:
    user, password = entry.get("username"), entry.get("password")
    if isinstance(auth := entry.get("auth"), str) and auth:
        try:
            user, _, password = base64.b64decode(auth + "=" * (-len(auth) % 4)).decode().partition(":")
        except ValueError:
            return None
    if not isinstance(user, str) or not isinstance(password, str) or not (user or password):
        return None
    return Credential(user, password.rstrip("\0"), origin)
