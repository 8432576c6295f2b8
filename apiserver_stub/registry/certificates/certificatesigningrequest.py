"""CertificateSigningRequest: what may be asked for; approval and the certificate come through subresources."""

from __future__ import annotations

import datetime
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.certificates import pem

Object = base.Object

_USAGES: Final = (
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
)
_LEGACY: Final = "kubernetes.io/legacy-unknown"
_DECISIONS: Final = ("Approved", "Denied")
_FINAL: Final = (*_DECISIONS, "Failed")
_SHORTEST: Final = 600


class CertificateSigningRequests(base.Kind):
    def prepare_update(self, obj: Object, old: Object) -> None:
        obj["spec"] = old["spec"]
        super().prepare_update(obj, old)

    def prepare_status_update(self, obj: Object, old: Object) -> None:
        super().prepare_status_update(obj, old)
        _stamp(obj, old)

    def validate(self, obj: Object) -> list[FieldError]:
        return _request(obj, None)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return _request(obj, old) + _changes(obj, old, decides=False, issues=False)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return _request(obj, old) + _changes(obj, old, decides=False, issues=True)

    def validate_part_update(self, obj: Object, old: Object, subresource: str) -> list[FieldError]:
        if subresource != "approval":
            return []
        _stamp(obj, old)
        return _request(obj, old) + _changes(obj, old, decides=True, issues=False)

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        return {"spec.signerName": obj["spec"].get("signerName", "")}


def _conditions(obj: Object | None) -> list[Object]:
    return ((obj or {}).get("status") or {}).get("conditions") or []


def _stamp(obj: Object, old: Object) -> None:
    """Times that the client left out: now, or the old time of a condition that has not changed."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = {
        (condition.get("type"), condition.get("status")): condition.get("lastTransitionTime")
        for condition in reversed(_conditions(old))
    }
    for condition in _conditions(obj):
        condition["lastUpdateTime"] = condition.get("lastUpdateTime") or now
        if not condition.get("lastTransitionTime"):
            known = before.get((condition.get("type"), condition.get("status")))
            condition["lastTransitionTime"] = known or now


def _request(obj: Object, old: Object | None) -> list[FieldError]:
    """old: what was wrong with it may stay so."""
    spec = obj["spec"]
    request = spec.get("request", "")
    fault = pem.request_fault(request)
    out = [field.invalid("spec.request", request, fault)] if fault else []
    out += _usages(spec.get("usages") or [], (old or {}).get("spec", {}).get("usages") or [])
    name = spec.get("signerName", "")
    if name == _LEGACY and (old is None or old["spec"].get("signerName") != _LEGACY):
        detail = "the legacy signerName is not allowed via this API version"
        out.append(field.invalid("spec.signerName", name, detail))
    else:
        out += signer_name("spec.signerName", name)
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _SHORTEST:
        detail = "may not specify a duration less than 600 seconds (10 minutes)"
        out.append(field.invalid("spec.expirationSeconds", seconds, detail))
    return out + _status(obj, old)


def _usages(usages: list[str], before: list[str]) -> list[FieldError]:
    out = [] if usages else [field.required("spec.usages")]
    if set(before) <= set(_USAGES):
        for i, usage in enumerate(usages):
            if usage not in _USAGES:
                out.append(field.not_supported(f"spec.usages[{i}]", usage, _USAGES))
    if len(set(before)) == len(before):
        out += [field.duplicate(f"spec.usages[{i}]", usage) for i, usage in enumerate(usages) if usage in usages[:i]]
    return out


def signer_name(path: str, name: str) -> list[FieldError]:
    """A signer's name: domain/path."""
    if not name:
        return [field.required(path)]
    if name.count("/") != 1:
        detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [field.invalid(path, name, detail)]
    domain, _, rest = name.partition("/")
    out = [field.too_long(path, 253)] if len(domain) > 253 else []
    for label in domain.split("."):
        out += [_label_fault(path, domain, label, fault) for fault in formats.label(label)]
    if "." not in domain:
        out.append(field.invalid(path, domain, "should be a domain with at least two segments separated by dots"))
    for label in rest.split("."):
        out += [_label_fault(path, rest, label, fault) for fault in formats.subdomain(label)]
    return [*out, field.too_long(path, 571)] if len(name) > 571 else out


def _label_fault(path: str, whole: str, label: str, fault: str) -> FieldError:
    return field.invalid(path, whole, f"validating label {field.quote(label)}: {fault}")


def _status(obj: Object, old: Object | None) -> list[FieldError]:
    out = _condition_faults(_conditions(obj), _conditions(old))
    certificate = (obj.get("status") or {}).get("certificate", "")
    before = ((old or {}).get("status") or {}).get("certificate", "")
    if certificate and certificate != before:
        fault = "" if before and pem.certificate_fault(before) else pem.certificate_fault(certificate)
        if fault:
            out.append(field.invalid("status.certificate", "<certificate data>", fault))
    return out


def _condition_faults(conditions: list[Object], before: list[Object]) -> list[FieldError]:
    path = "status.conditions"
    types = [condition.get("type", "") for condition in before]
    out = []
    seen: list[str] = []
    for i, condition in enumerate(conditions):
        kind, state, here = condition.get("type", ""), condition.get("status", ""), f"{path}[{i}]"
        if not kind and "" not in types:
            out.append(field.required(f"{here}.type"))
        out += formats.one_of(f"{here}.status", state, ("True",) if kind in _FINAL else ("False", "True", "Unknown"))
        other = {"Approved": "Denied", "Denied": "Approved"}.get(kind)
        if other in seen and not set(_DECISIONS) <= set(types):
            out.append(field.invalid(path, kind, "Approved and Denied conditions are mutually exclusive"))
        if kind in seen and len(set(types)) == len(types):
            out.append(field.duplicate(f"{here}.type", kind))
        seen.append(kind)
    return out


def _changes(obj: Object, old: Object, *, decides: bool, issues: bool) -> list[FieldError]:
    """decides: whether the request may be approved or denied; issues: whether a certificate may be set."""
    path = "status.conditions"
    out = []
    for kind in _FINAL:
        if len(_of(obj, kind)) < len(_of(old, kind)):
            out.append(field.forbidden(path, f'updates may not remove a condition of type "{kind}"'))
    for kind in () if decides else _DECISIONS:
        new, before = _of(obj, kind), _of(old, kind)
        if len(new) > len(before):
            out.append(field.forbidden(path, f'updates may not add a condition of type "{kind}"'))
        elif len(new) == len(before) and new != before:
            out.append(field.forbidden(path, f'updates may not modify a condition of type "{kind}"'))
    certificate, had = ((o.get("status") or {}).get("certificate", "") for o in (obj, old))
    if certificate != had and not issues:
        out.append(field.forbidden("status.certificate", "updates may not set certificate content"))
    elif certificate != had and had:
        out.append(field.forbidden("status.certificate", "updates may not modify existing certificate content"))
    return out


def _of(obj: Object, kind: str) -> list[Any]:
    return [condition for condition in _conditions(obj) if condition.get("type") == kind]
