"""Where webhooks are called: the URL or the Service of a client configuration."""

from __future__ import annotations

import base64
import re
import ssl
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats

Object = dict[str, Any]

_FORM: Final = "; desired format: https://host[/path]"


def client_config(config: Object | None, path: str) -> list[FieldError]:
    """Exactly one of url and service, and what they must look like; nothing about the CA bundle."""
    config = config or {}
    address, service_ = config.get("url"), config.get("service")
    if (address is None) == (service_ is None):
        return [field.required(path, "exactly one of url or service is required")]
    if address is not None:
        return url(f"{path}.url", address)
    return service(f"{path}.service", service_ or {})


def url(path: str, text: str) -> list[FieldError]:
    parsed, problem = _parse(text)
    if parsed is None:
        return [field.required(path, f"url must be a valid URL: {problem}{_FORM}")]
    out = []
    if parsed.scheme != "https":
        out.append(field.invalid(path, parsed.scheme, f"'https' is the only allowed URL scheme{_FORM}"))
    user, at, host = parsed.netloc.rpartition("@")
    if not host:
        out.append(field.invalid(path, host, f"host must be specified{_FORM}"))
    if at:
        out.append(field.invalid(path, user, "user information is not permitted in the URL"))
    if parsed.fragment:
        out.append(field.invalid(path, parsed.fragment, "fragments are not permitted in the URL"))
    if parsed.query:
        out.append(field.invalid(path, parsed.query, "query parameters are not permitted in the URL"))
    return out


def _parse(text: str) -> tuple[SplitResult | None, str]:
    """The parts of a URL, or what Go says is wrong with it."""
    quoted = field.quote(text)
    if any(char < " " or char == "\x7f" for char in text):
        return None, f"parse {quoted}: net/url: invalid control character in URL"
    if text.startswith(":"):
        return None, f"parse {quoted}: missing protocol scheme"
    first = text.partition("/")[0].partition("?")[0]
    scheme = re.match(r"[a-zA-Z][-a-zA-Z0-9+.]*:", text)
    if ":" in first and not scheme:
        return None, f"parse {quoted}: first path segment in URL cannot contain colon"
    bad = re.search(r"%(?![0-9a-fA-F]{2}).{0,2}", text)
    if bad:
        return None, f"parse {quoted}: invalid URL escape {field.quote(bad.group())}"
    try:
        parsed = urlsplit(text)
    except ValueError as problem:
        return None, f"parse {quoted}: {problem}"
    port = re.search(r":([^\]:]*)\Z", parsed.netloc)
    if port and not port.group(1).isdigit() and port.group(1):
        return None, f"parse {quoted}: invalid port {field.quote(port.group())} after host"
    return parsed, ""


def service(path: str, value: Object) -> list[FieldError]:
    out = []
    if not value.get("name"):
        out.append(field.required(f"{path}.name", "service name is required"))
    if not value.get("namespace"):
        out.append(field.required(f"{path}.namespace", "service namespace is required"))
    port = value.get("port", 443)
    found = formats.port(port)
    if found:
        out.append(field.invalid(f"{path}.port", port, "port is not valid: " + ", ".join(found)))
    return out + _path(f"{path}.path", value.get("path"))


def _path(path: str, text: str | None) -> list[FieldError]:
    if not text or text == "/":
        return []
    if text == "//":
        return [field.invalid(path, text, "segment[0] may not be empty")]
    out = [] if text.startswith("/") else [field.invalid(path, text, "must start with a '/'")]
    for i, step in enumerate(text[1:].removesuffix("/").split("/")):
        if not step:
            out.append(field.invalid(path, text, f"segment[{i}] may not be empty"))
            continue
        out += [field.invalid(path, text, f"segment[{i}]: {fault}") for fault in formats.subdomain(step)]
    return out


def ca_bundle(path: str, encoded: str) -> list[FieldError]:
    """encoded: PEM in base64, as the API has it."""
    if _holds_certificates(encoded):
        return []
    return [field.invalid(path, encoded, "unable to load root certificates: unable to parse bytes as PEM block")]


def _holds_certificates(encoded: str) -> bool:
    try:
        # The standard library's: it is there anyway, cryptography costs 8 MB.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=base64.b64decode(encoded).decode("ascii"))
    except (ValueError, ssl.SSLError):
        return False
    return True
