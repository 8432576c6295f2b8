"""What a request to the endpoint asks leave for: a verb on a subresource of the Node (pure).

See the Kubernetes page "Kubelet authentication/authorization" and KEP-2862 (fine-grained authorization).
"""

from __future__ import annotations

from dataclasses import dataclass

_VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
# Paths whose subresource is not "proxy"; the second table's can be allowed by "proxy" too.
_ALONE = {
    "/stats": "stats",
    "/metrics": "metrics",
    "/logs": "log",
    "/checkpoint": "checkpoint",
    "/statusz": "statusz",
    "/flagz": "flagz",
}
_FINE = {"/healthz": "healthz", "/configz": "configz", "/pods": "pods", "/runningpods": "pods"}


@dataclass(frozen=True, slots=True)
class User:
    """Who asks, as the API server or a certificate names him."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """verb on nodes/SUBRESOURCE for any one of the subresources, in the order in which they are tried."""

    verb: str
    subresources: tuple[str, ...]


def of_request(method: str, path: str) -> Wish:
    verb = _VERBS.get(method, "")
    for prefix, subresource in _ALONE.items():
        if _is_below(path, prefix):
            return Wish(verb, (subresource,))
    for prefix, subresource in _FINE.items():
        if _is_below(path, prefix):
            return Wish(verb, (subresource, "proxy"))
    return Wish(verb, ("proxy",))


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


def forbidden(user: User, wish: Wish) -> str:
    """The body of a 403."""
    subresources = " ".join(wish.subresources)
    return f"Forbidden (user={user.name}, verb={wish.verb}, resource=nodes, subresource(s)=[{subresources}])\n"


def failed(user: User, wish: Wish, subresource: str) -> str:
    """The body of a 500, when nobody can say who may do what."""
    return f"Authorization error (user={user.name}, verb={wish.verb}, resource=nodes, subresource={subresource})"
