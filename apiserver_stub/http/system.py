"""Paths that are no resources: health, version, metrics, the keys of tokens."""

import platform
from collections.abc import Iterable

import orjson
from aiohttp import web

from apiserver_stub.auth.tokens import Issuer
from apiserver_stub.http import metrics

GIT_VERSION = "v1.36.0"
_TEXT = "text/plain; charset=utf-8"

VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": GIT_VERSION,
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": platform.python_implementation().lower(),
    "platform": f"linux/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine(), platform.machine()) }",
}

_KEYS = "/openid/v1/jwks"
OPENID = ("/.well-known/openid-configuration", _KEYS)
HEALTH = ("/healthz", "/livez", "/readyz")
# What the verbose form lists; all of it is one process that either answers or doesn't.
_CHECKS = ("ping", "log", "storage")


def health(path: str, verbose: bool, excluded: Iterable[str] = ()) -> web.Response | None:
    """None for a check that does not exist."""
    _, root, *rest = path.rstrip("/").split("/")
    if rest and (len(rest) > 1 or rest[0] not in _CHECKS):
        return None
    if verbose and not rest:
        lines = [f"[+]{check} {'excluded: ' if check in excluded else ''}ok\n" for check in _CHECKS]
        return text("".join(lines) + f"{root} check passed\n")
    return text("ok")


def text(content: str, code: int = 200) -> web.Response:
    headers = {"Content-Type": _TEXT, "Cache-Control": "no-cache, private", "X-Content-Type-Options": "nosniff"}
    return web.Response(body=content.encode(), status=code, headers=headers)


def metrics_page(collected: "metrics.Metrics") -> web.Response:
    headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    return web.Response(body=collected.render(), headers=headers)


def too_many_requests() -> web.Response:
    """429 as kube-apiserver's: no Status; clients make one of it."""
    response = text("Too many requests, please try again later.\n", 429)
    response.headers["Retry-After"] = "1"
    return response


def openid(path: str, issuer: Issuer, server: str) -> web.Response:
    """What others need to check ServiceAccount tokens (OpenID Connect Discovery 1.0). server: our URL."""
    if path == _KEYS:
        content, media = orjson.dumps({"keys": issuer.keys}), "application/jwk-set+json"
    else:
        content, media = orjson.dumps(issuer.configuration(server)), "application/json"
    return web.Response(body=content, headers={"Content-Type": media, "Cache-Control": "public, max-age=3600"})


def page_not_found() -> web.Response:
    return text("404 page not found\n", 404)
