"""What a request is about, read off its path and method: the same words that authorization uses."""

import functools
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})
_ITEM_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}
_COLLECTION_VERBS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
# Subresources that stream: any method means to make a connection or to do what the method says.
_STREAMS = frozenset({"exec", "attach", "portforward", "proxy", "log"})


@dataclass(frozen=True, slots=True)
class Target:
    """A path, taken apart. `resource` is empty for paths that name none.

    tail: what follows the subresource (only of proxy).
    """

    path: str
    prefix: str = ""
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""
    tail: str = ""
    watch: bool = False  # by the old /watch/ prefix


@functools.lru_cache(maxsize=4096)
def parse(raw_path: str) -> Target:
    """The target of a raw (percent-encoded) path; decoded once, before it is split: no two readers of it differ."""
    path = unquote(raw_path) if "%" in raw_path else raw_path
    parts = path.split("/")[1:]
    if parts and parts[-1] == "":
        parts.pop()
    own = parts[: _own(parts)]
    if "" in own or "." in own or ".." in own or "\0" in path:
        return Target(path, prefix="none")
    if not parts or parts[0] not in ("api", "apis"):
        return Target(path)
    if parts[0] == "api":
        return _resource(path, "api", "", parts[1:])
    if len(parts) < 2:
        return Target(path, prefix="apis")
    return _resource(path, "apis", parts[1], parts[2:])


def _own(parts: list[str]) -> int | None:
    """How many parts are the API's, all (None) but for a proxy: what follows it is for the server behind it."""
    at = {"nodes": 4, "namespaces": 6}.get(parts[2], 0) if parts[0] == "api" and len(parts) > 4 else 0
    return at + 1 if at and len(parts) > at and parts[at] == "proxy" else None


def _resource(path: str, prefix: str, group: str, parts: list[str]) -> Target:
    if len(parts) < 2:
        return Target(path, prefix, group, parts[0] if parts else "")
    version, rest = parts[0], parts[1:]
    watch = rest[0] == "watch" and len(rest) > 1
    if watch:
        rest = rest[1:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
        namespace, rest = rest[1], rest[2:]
    elif rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
    padded = [*rest, "", "", ""]
    return Target(
        path,
        prefix,
        group,
        version,
        namespace,
        resource=padded[0],
        name=padded[1],
        subresource=padded[2],
        # As path.Join of Go has it, which upstream's proxies go through.
        tail=posixpath.normpath("/" + "/".join(rest[3:])).lstrip("/") if rest[3:] else "",
        watch=watch,
    )


def verb(target: Target, method: str, query: Mapping[str, str]) -> str:
    """Kubernetes' verb of a request, see "Determine the request verb"; empty for a method it has none for."""
    if not target.resource:
        return method.lower()
    if target.watch and method != "GET":
        return ""
    if target.name:
        if target.watch:
            return "watch"
        if method == "HEAD":
            return "get"
        return _ITEM_VERBS.get(method, "")
    found = _COLLECTION_VERBS.get(method, "list" if method == "HEAD" else "")
    if found == "list" and (target.watch or flag(query, "watch")):
        return "watch"
    return found


def name_selected(selector: str) -> str:
    """The one name that a field selector asks for; "" where it asks for more or something else as well."""
    for term in selector.split(","):
        key, _, value = term.partition("=")
        if key == "metadata.name":
            return value.removeprefix("=")
    return ""


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean of metav1's options: anything but "false" and "0" is a yes, so is a name without a value."""
    text = query.get(name)
    return text is not None and text != "0" and text.lower() != "false"


def truthy(text: str) -> bool:
    """A boolean of a query as Go's strconv.ParseBool reads it."""
    return text in ("1", "t", "T", "true", "TRUE", "True")
