"""Asking to be somebody else: the Impersonate-… headers (Kubernetes page "User Impersonation")."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from apiserver_stub.auth.authenticate import ANONYMOUS, AUTHENTICATED, Headers, User
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.auth.rbac import ACCOUNT_PREFIX, Attributes
from apiserver_stub.meta import field, status

PREFIX = "impersonate-"
_EXTRA = "impersonate-extra-"
_UNAUTHENTICATED = "system:unauthenticated"
_GROUP = "authentication.k8s.io"
_ACCOUNT = re.compile(
    f"{ACCOUNT_PREFIX}([a-z0-9]([-a-z0-9]{{0,61}}[a-z0-9])?):([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)"
)


def impersonated(user: User, headers: Headers, authorizer: Authorizer) -> User:
    """The user that `user` asks to be; itself when there is no such wish. Raises StatusError (400, 403)."""
    wanted = _wanted(headers)
    if wanted is None:
        return user
    for attributes in _checks(wanted):
        authorizer.check(user, attributes)
    return User(wanted.name, _groups(wanted), wanted.uid, wanted.extra)


def _wanted(headers: Headers) -> User | None:
    name = _text(headers.get("Impersonate-User") or "")
    groups = tuple(map(_text, headers.getall("Impersonate-Group", [])))
    uid = _text(headers.get("Impersonate-Uid") or "")
    extra = {
        _text(unquote(header[len(_EXTRA) :].lower())): tuple(map(_text, headers.getall(header, [])))
        for header in headers
        if header.lower().startswith(_EXTRA)
    }
    if name:
        return User(name, groups, uid, extra)
    if groups or uid or extra:
        raise status.bad_request(f"requested {_shown(User('', groups, uid, extra))} without impersonating a user name")
    return None


def _text(value: str) -> str:
    """Bytes of a header that are no UTF-8 could not be written into an answer."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _shown(user: User) -> str:
    """Go's %#v of the user."""
    groups = f"[]string{{{_listed(user.groups)}}}" if user.groups else "[]string(nil)"
    extra = "(nil)"
    if user.extra:
        values = (f"{field.quote(key)}:[]string{{{_listed(found)}}}" for key, found in sorted(user.extra.items()))
        extra = f"{{{', '.join(values)}}}"
    return (
        f'&user.DefaultInfo{{Name:"", UID:{field.quote(user.uid)}, Groups:{groups}, Extra:map[string][]string{extra}}}'
    )


def _listed(texts: tuple[str, ...]) -> str:
    return ", ".join(map(field.quote, texts))


def _checks(wanted: User) -> Iterator[Attributes]:
    """What the asking user must be allowed to do."""
    account = _account(wanted.name)
    if account:
        yield Attributes("impersonate", "", "", "serviceaccounts", "", *account)
    else:
        yield Attributes("impersonate", "", "", "users", name=wanted.name)
    for group in wanted.groups:
        yield Attributes("impersonate", "", "", "groups", name=group)
    for key, values in sorted(wanted.extra.items()):
        for value in values:
            yield Attributes("impersonate", "", _GROUP, "userextras", key, name=value)
    if wanted.uid:
        yield Attributes("impersonate", "", _GROUP, "uids", name=wanted.uid)


def _account(name: str) -> tuple[str, str] | None:
    """Namespace and name of a ServiceAccount's user name."""
    found = _ACCOUNT.fullmatch(name)
    return (found[1], found[3]) if found else None


def _groups(wanted: User) -> tuple[str, ...]:
    groups = wanted.groups
    account = _account(wanted.name)
    if account and not groups:
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}")
    if AUTHENTICATED in groups or _UNAUTHENTICATED in groups:
        return groups
    return (*groups, _UNAUTHENTICATED if wanted.name == ANONYMOUS.name else AUTHENTICATED)
