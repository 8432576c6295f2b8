"""URL paths of the Kubernetes API (pure)."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from operators._kube.meta import Key


class Kind(NamedTuple):
    """A served kind by the names that URLs use: ("apps/v1", "deployments")."""

    api_version: str
    resource: str

    def __str__(self) -> str:
        return f"{self.api_version}/{self.resource}"


def parse_kind(text: str) -> Kind:
    """ "apps/v1/deployments" or "v1/pods". Raises ValueError for anything else."""
    api_version, slash, resource = text.rpartition("/")
    if not slash or not api_version or not resource or api_version.count("/") > 1:
        raise ValueError(f"{text!r} is not of the form GROUP/VERSION/PLURAL or v1/PLURAL")
    return Kind(api_version, resource)


def of_collection(kind: Kind, namespace: str | None = None) -> str:
    """All objects of a kind; of one namespace where `namespace` is given."""
    root = "/apis/" if "/" in kind.api_version else "/api/"
    scope = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    return f"{root}{kind.api_version}{scope}/{kind.resource}"


def of_object(kind: Kind, key: Key, subresource: str | None = None) -> str:
    path = f"{of_collection(kind, key.namespace)}/{quote(key.name, safe='')}"
    return f"{path}/{subresource}" if subresource else path


def kind_of_collection(path: str) -> Kind | None:
    """The kind whose cluster-wide collection is at `path`; None for any other path."""
    match path.strip("/").split("/"):
        case ["api", version, resource]:
            return Kind(version, resource)
        case ["apis", group, version, resource]:
            return Kind(f"{group}/{version}", resource)
        case _:
            return None
