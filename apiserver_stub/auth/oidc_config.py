"""The authentication configuration: which OpenID Connect issuers are believed, and what of their claims becomes whom.

kube-apiserver's file, AuthenticationConfiguration of apiserver.config.k8s.io (KEP-3331, KEP-4633).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Object = Mapping[str, Any]

_GROUP = "apiserver.config.k8s.io/"
_VERSIONS = frozenset(_GROUP + version for version in ("v1", "v1beta1", "v1alpha1"))
_EXTRA_KEY = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[a-z0-9]([-a-z0-9_.]*[a-z0-9])?")


class Invalid(ValueError):
    """A sentence that names the place in the file."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Where a value comes from: a claim with a prefix, or an expression (as text). All empty: nowhere."""

    claim: str = ""
    prefix: str = ""
    expression: str = ""

    def __bool__(self) -> bool:
        return bool(self.claim or self.expression)


@dataclass(frozen=True, slots=True)
class Rule:
    """A claim that must have a value, or an expression that must hold."""

    claim: str = ""
    required: str = ""
    expression: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Issuer:
    """ca: PEM, "" for the system's. extra: (key, expression) pairs."""

    url: str
    audiences: tuple[str, ...]
    username: Claim
    discovery: str = ""
    ca: str = ""
    groups: Claim = Claim()
    uid: Claim = Claim()
    extra: tuple[tuple[str, str], ...] = ()
    claim_rules: tuple[Rule, ...] = ()
    user_rules: tuple[Rule, ...] = ()

    @property
    def discovery_url(self) -> str:
        return self.discovery or f"{self.url.rstrip('/')}/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Configuration:
    """anonymous: whether requests without a credential are let through; paths: only to these, if there are any."""

    issuers: tuple[Issuer, ...] = ()
    anonymous: bool = True
    anonymous_paths: frozenset[str] = frozenset()


def read(path: Path) -> Configuration:
    """Raises OSError, Invalid."""
    import yaml

    try:
        document = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} is not YAML: {str(error).splitlines()[0]}") from None
    try:
        return parse(document)
    except Invalid as error:
        raise Invalid(f"{path}: {error}") from None
    except (AttributeError, TypeError):
        raise Invalid(f"{path}: a value has the wrong type") from None


def parse(document: Any) -> Configuration:
    """Raises Invalid."""
    if not isinstance(document, dict) or document.get("kind") != "AuthenticationConfiguration":
        raise Invalid("kind: must be AuthenticationConfiguration")
    if document.get("apiVersion") not in _VERSIONS:
        raise Invalid(f"apiVersion: must be {_GROUP}v1")
    _known(document, "", "apiVersion", "kind", "jwt", "anonymous")
    issuers = tuple(_issuer(entry, f"jwt[{i}]") for i, entry in enumerate(document.get("jwt") or ()))
    for what in ("url", "discovery_url"):
        urls = [getattr(issuer, what) for issuer in issuers]
        if len(set(urls)) != len(urls):
            raise Invalid(f"jwt: issuers must not share a {what.replace('_', ' ')}")
    anonymous = document.get("anonymous")
    if anonymous is None:
        return Configuration(issuers)
    _known(anonymous, "anonymous", "enabled", "conditions")
    paths = frozenset(_text(one, "path", "anonymous.conditions") for one in anonymous.get("conditions") or ())
    if paths and not anonymous.get("enabled"):
        raise Invalid("anonymous.conditions: must not be set where anonymous.enabled is false")
    return Configuration(issuers, bool(anonymous.get("enabled")), paths)


def _issuer(entry: Object, path: str) -> Issuer:
    _known(entry, path, "issuer", "claimValidationRules", "claimMappings", "userValidationRules")
    issuer, mappings = entry.get("issuer") or {}, entry.get("claimMappings") or {}
    where = f"{path}.issuer"
    _known(
        issuer,
        where,
        "url",
        "discoveryURL",
        "certificateAuthority",
        "audiences",
        "audienceMatchPolicy",
        "egressSelectorType",
    )
    url, discovery = _url(issuer.get("url"), f"{where}.url"), issuer.get("discoveryURL") or ""
    if discovery and _url(discovery, f"{where}.discoveryURL") == url:
        raise Invalid(f"{where}.discoveryURL: must be different from URL")
    audiences = tuple(issuer.get("audiences") or ())
    if not audiences or not all(isinstance(one, str) and one for one in audiences):
        raise Invalid(f"{where}.audiences: at least one is required, and none may be empty")
    policy = issuer.get("audienceMatchPolicy") or ""
    if policy not in ("", "MatchAny") or (len(audiences) > 1 and not policy):
        raise Invalid(f"{where}.audienceMatchPolicy: must be MatchAny for multiple audiences")
    where = f"{path}.claimMappings"
    _known(mappings, where, "username", "groups", "uid", "extra")
    username = _claim(mappings.get("username"), f"{where}.username")
    if not username:
        raise Invalid(f"{where}.username: claim or expression is required")
    return Issuer(
        url,
        audiences,
        username,
        discovery,
        issuer.get("certificateAuthority") or "",
        _claim(mappings.get("groups"), f"{where}.groups"),
        _claim(mappings.get("uid"), f"{where}.uid", has_prefix=False),
        tuple(_extra(one, f"{where}.extra[{i}]") for i, one in enumerate(mappings.get("extra") or ())),
        tuple(
            _rule(one, f"{path}.claimValidationRules[{i}]")
            for i, one in enumerate(entry.get("claimValidationRules") or ())
        ),
        tuple(
            _rule(one, f"{path}.userValidationRules[{i}]", on_user=True)
            for i, one in enumerate(entry.get("userValidationRules") or ())
        ),
    )


def _claim(entry: Object | None, path: str, *, has_prefix: bool = True) -> Claim:
    if not entry:
        return Claim()
    _known(entry, path, "claim", "prefix", "expression")
    claim, expression, prefix = entry.get("claim") or "", entry.get("expression") or "", entry.get("prefix")
    if claim and expression:
        raise Invalid(f"{path}: claim and expression can't both be set")
    if expression and prefix is not None:
        raise Invalid(f"{path}: prefix can't be set when expression is set")
    if claim and has_prefix and prefix is None:
        raise Invalid(f"{path}.prefix: required when claim is set; an empty string means no prefix")
    return Claim(claim, prefix or "", expression)


def _extra(entry: Object, path: str) -> tuple[str, str]:
    _known(entry, path, "key", "valueExpression")
    key = _text(entry, "key", path)
    domain = key.partition("/")[0]
    if not _EXTRA_KEY.fullmatch(key) or any(
        domain == own or domain.endswith(f".{own}") for own in ("kubernetes.io", "k8s.io")
    ):
        raise Invalid(f"{path}.key: must be a lower-case path below a domain that is not Kubernetes' own")
    return key, _text(entry, "valueExpression", path)


def _rule(entry: Object, path: str, *, on_user: bool = False) -> Rule:
    _known(
        entry, path, *(("expression", "message") if on_user else ("claim", "requiredValue", "expression", "message"))
    )
    claim, expression = entry.get("claim") or "", entry.get("expression") or ""
    if bool(claim) == bool(expression):
        raise Invalid(f"{path}: {'expression' if on_user else 'claim or expression'} is required, and only one of them")
    return Rule(claim, entry.get("requiredValue") or "", expression, entry.get("message") or "")


def _url(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise Invalid(f"{path}: URL is required")
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise Invalid(f"{path}: must be an https URL without user, query and fragment")
    return value


def _text(entry: Object, name: str, path: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise Invalid(f"{path}.{name}: required")
    return value


def _known(entry: Object, path: str, *names: str) -> None:
    if unknown := sorted(set(entry) - set(names)):
        raise Invalid(f"{path}.{unknown[0]}".lstrip(".") + ": unknown field")
