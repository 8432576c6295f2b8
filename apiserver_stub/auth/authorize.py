"""What a user may do: system:masters everything, everybody health and version, nobody else anything."""

from dataclasses import dataclass

from apiserver_stub.auth.authenticate import MASTERS, User
from apiserver_stub.meta import status

_PUBLIC = ("/healthz", "/livez", "/readyz", "/version")


@dataclass(frozen=True, slots=True)
class Attributes:
    """One request, as authorizers see it. `resource` is empty for a plain path."""

    verb: str
    path: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""


def check(user: User, wanted: Attributes) -> None:
    """Raises StatusError (403)."""
    if MASTERS in user.groups or is_public(wanted):
        return
    raise refusal(user, wanted)


def is_public(wanted: Attributes) -> bool:
    if wanted.resource or wanted.verb != "get":
        return False
    return any(wanted.path == path or wanted.path.startswith(f"{path}/") for path in _PUBLIC)


def refusal(user: User, wanted: Attributes) -> status.StatusError:
    """403 in upstream's words."""
    if not wanted.resource:
        return status.forbidden_path(user.name, wanted.verb, wanted.path)
    resource = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    message = f'User "{user.name}" cannot {wanted.verb} resource "{resource}" in API group "{wanted.group}" {where}'
    return status.forbidden((wanted.group, wanted.resource), wanted.name, message)
