"""Query parameters of each verb, checked as the API does: ListOptions, CreateOptions and their like."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from apiserver_stub.auth.authenticate import User
from apiserver_stub.http.route import flag
from apiserver_stub.meta import field, selectors, status
from apiserver_stub.registry.generic import WriteOptions

_FIELD_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_STATED = ("fieldManager", "fieldValidation")
_MATCHES = ("Exact", "NotOlderThan", "")
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class ListOptions:
    """metav1.ListOptions. `revision`: None when no resourceVersion was given."""

    labels: selectors.Selector = ()
    fields: selectors.Selector = ()
    limit: int = 0
    token: str = ""
    revision: int | None = None
    match: str = ""
    timeout: int | None = None  # seconds
    bookmarks: bool = False
    initial_events: bool | None = None


def list_options(query: Mapping[str, str], *, watch: bool) -> ListOptions:
    """Raises StatusError (400, 422, 500 as upstream)."""
    revision = _revision(query.get("resourceVersion", ""), watch=watch)
    options = ListOptions(
        labels=selectors.parse_labels(query.get("labelSelector", "")),
        fields=selectors.parse_fields(query.get("fieldSelector", "")),
        limit=parse_int(query.get("limit")) or 0,
        token=query.get("continue", ""),
        revision=revision,
        match=query.get("resourceVersionMatch", ""),
        timeout=parse_int(query.get("timeoutSeconds")),
        bookmarks=flag(query, "allowWatchBookmarks"),
        initial_events=flag(query, "sendInitialEvents") if "sendInitialEvents" in query else None,
    )
    errors = _watch_faults(options) if watch else _list_faults(options)
    if errors:
        raise status.invalid("meta.k8s.io", "ListOptions", "", errors)
    return options


def _revision(text: str, *, watch: bool) -> int | None:
    if not text:
        return None
    if not _is_uint(text):
        message = f"resourceVersion: Invalid value: {field.quote(text)}: {parse_uint_fault(text)}"
        raise status.unknown(message) if watch else status.bad_request(f"invalid resource version: {message}")
    return int(text)


def _list_faults(options: ListOptions) -> list[field.FieldError]:
    errors = []
    if options.match or options.revision is not None:
        errors += _match_faults(options)
    if options.initial_events is not None:
        errors.append(field.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return errors


def _match_faults(options: ListOptions) -> list[field.FieldError]:
    match = options.match
    if not match:
        return []
    if options.revision is None:
        detail = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        return [field.forbidden("resourceVersionMatch", detail)]
    if options.token:
        return [field.forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")]
    if match not in _MATCHES:
        return [field.not_supported("resourceVersionMatch", match, _MATCHES)]
    if match == "Exact" and options.revision == 0:
        detail = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        return [field.forbidden("resourceVersionMatch", detail)]
    return []


def _watch_faults(options: ListOptions) -> list[field.FieldError]:
    match = options.match
    if options.initial_events is None:
        detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        return [field.forbidden("resourceVersionMatch", detail)] if match else []
    if match == "NotOlderThan":
        return []
    detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    errors = [field.forbidden("resourceVersionMatch", detail)]
    if match:
        errors.append(field.not_supported("resourceVersionMatch", match, ["NotOlderThan"]))
    return errors


def write_options(query: Mapping[str, str], dry_runs: list[str], kind: str, user: User) -> WriteOptions:
    """kind: CreateOptions, UpdateOptions or PatchOptions. Raises StatusError (422)."""
    validation = query.get("fieldValidation", "")
    manager = query.get("fieldManager", "")
    errors = dry_run_faults(dry_runs)
    errors += _manager_faults(manager)
    if validation not in _FIELD_VALIDATIONS:
        errors.append(field.not_supported("fieldValidation", validation, _FIELD_VALIDATIONS))
    if errors:
        raise status.invalid("meta.k8s.io", kind, "", errors)
    chosen: Literal["Strict", "Warn", "Ignore"] = "Warn"
    if validation in ("Strict", "Ignore"):
        chosen = "Strict" if validation == "Strict" else "Ignore"
    stated: dict[str, Any] = {name: query[name] for name in _STATED if query.get(name)} if query else {}
    if dry_runs:
        stated["dryRun"] = dry_runs
    return WriteOptions(bool(dry_runs), chosen, manager, flag(query, "force"), user, stated)


def _manager_faults(manager: str) -> list[field.FieldError]:
    if len(manager.encode()) > 128:
        return [field.too_long("fieldManager", 128)]
    if not manager.isprintable():
        return [field.invalid("fieldManager", manager, "should only contain printable characters")]
    return []


def dry_run_faults(dry_runs: list[str]) -> list[field.FieldError]:
    if all(word == "All" for word in dry_runs):
        return []
    return [field.not_supported("dryRun", dry_runs, ["All"])]


def go_json_fault(body: bytes, error: ValueError) -> str:
    """What Go's JSON decoder says where ours says `error`."""
    position = getattr(error, "pos", 0)
    text = body.decode("utf-8", "replace")
    if position >= len(text.rstrip()):
        return "unexpected end of JSON input"
    return f"invalid character {_go_char(text[position])} looking for beginning of value"


def _go_char(char: str) -> str:
    return "'\\''" if char == "'" else f"'{char}'"


def parse_uint_fault(text: str) -> str:
    """Go's strconv error for a text that is no uint64."""
    if text.isascii() and text.isdigit():
        return f"strconv.ParseUint: parsing {field.quote(text)}: value out of range"
    return f"strconv.ParseUint: parsing {field.quote(text)}: invalid syntax"


def _is_uint(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20 and int(text) < 2**64


def parse_int(text: str | None) -> int | None:
    """An int64 of a query; None where it is not there. Raises StatusError (400)."""
    if text is None:
        return None
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise status.bad_request(f"strconv.ParseInt: parsing {field.quote(text)}: invalid syntax")
    if len(text) > 20 or not -_INT64 <= int(text) < _INT64:
        raise status.bad_request(f"strconv.ParseInt: parsing {field.quote(text)}: value out of range")
    return int(text)
