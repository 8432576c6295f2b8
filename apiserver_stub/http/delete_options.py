"""metav1.DeleteOptions, from the body or the query of a DELETE."""

from collections.abc import Mapping
from typing import Any

import orjson

from apiserver_stub.http.options import dry_run_faults, go_json_fault, parse_int
from apiserver_stub.http.route import flag
from apiserver_stub.meta import field, status
from apiserver_stub.registry.delete import DeleteOptions

_POLICIES = ("Foreground", "Background", "Orphan", "nil")
_SCHEME = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"


def parse(query: Mapping[str, str], dry_runs: list[str], body: bytes) -> DeleteOptions:
    """From the body, or else from the query. Raises StatusError (400, 422)."""
    given = _delete_body(body) if body else _delete_query(query, dry_runs)
    errors = dry_run_faults(given.get("dryRun") or [])
    policy = given.get("propagationPolicy") or ""
    orphan = given.get("orphanDependents")
    if policy and orphan is not None:
        errors.append(
            field.invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set")
        )
    elif policy and policy not in _POLICIES[:3]:
        errors.append(field.not_supported("propagationPolicy", policy, _POLICIES))
    if errors:
        raise status.invalid("meta.k8s.io", "DeleteOptions", "", errors)
    if orphan is not None:
        policy = "Orphan" if orphan else "Background"
    conditions = given.get("preconditions") or {}
    return DeleteOptions(
        grace_period_seconds=given.get("gracePeriodSeconds"),
        policy=policy,
        uid=conditions.get("uid"),
        revision=conditions.get("resourceVersion"),
        dry_run=bool(given.get("dryRun")),
        orphan_dependents=orphan,
    )


def _delete_query(query: Mapping[str, str], dry_runs: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {"dryRun": dry_runs, "propagationPolicy": query.get("propagationPolicy")}
    if "gracePeriodSeconds" in query:
        given["gracePeriodSeconds"] = parse_int(query["gracePeriodSeconds"])
    if "orphanDependents" in query:
        given["orphanDependents"] = flag(query, "orphanDependents")
    return given


_SHAPES: dict[str, type] = {
    "gracePeriodSeconds": int,
    "propagationPolicy": str,
    "orphanDependents": bool,
    "preconditions": dict,
    "dryRun": list,
    "kind": str,
    "apiVersion": str,
}


def _delete_body(body: bytes) -> dict[str, Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise status.bad_request(f"couldn't get version/kind; json parse error: {go_json_fault(body, error)}") from None
    if not isinstance(given, dict):
        shown = {list: "array", str: "string", bool: "bool"}.get(type(given), "number")
        raise status.bad_request(
            "couldn't get version/kind; json parse error: json: cannot unmarshal "
            f'{shown} into Go value of type struct {{ APIVersion string "json:\\"apiVersion,omitempty\\""; '
            'Kind string "json:\\"kind,omitempty\\"" }'
        )
    kind, version = given.get("kind") or "DeleteOptions", given.get("apiVersion") or "v1"
    if kind != "DeleteOptions":
        raise status.bad_request(f'no kind "{kind}" is registered for version "{version}" in scheme "{_SCHEME}"')
    for name, kind_of in _SHAPES.items():
        value = given.get(name)
        if value is not None and (not isinstance(value, kind_of) or (kind_of is int and isinstance(value, bool))):
            shown = _go_type(value)
            raise status.bad_request(
                f"json: cannot unmarshal {shown} into Go struct field DeleteOptions.{name} of type {_GO[kind_of]}"
            )
    for word in given.get("dryRun") or []:
        if not isinstance(word, str):
            raise status.bad_request(
                f"json: cannot unmarshal {_go_type(word)} into Go struct field DeleteOptions.dryRun of type string"
            )
    return given


_GO = {int: "int64", str: "string", bool: "bool", dict: "v1.Preconditions", list: "[]string"}


def _go_type(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    names: dict[type, str] = {dict: "object", list: "array", str: "string"}
    return names.get(type(value), "number")
