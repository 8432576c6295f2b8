"""Addresses and address families of a Service: what they must look like, and how they may change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats, ip

Object = Mapping[str, Any]

_PATH: Final = "spec.clusterIPs"
_FAMILIES: Final = "spec.ipFamilies"
_POLICY: Final = "spec.ipFamilyPolicy"
_POLICIES: Final = ("PreferDualStack", "RequireDualStack", "SingleStack")
_ONCE: Final = "may not change once set"


def is_headless(spec: Object) -> bool:
    return spec.get("clusterIPs") == ["None"]


def validate(spec: Object, old: Object | None) -> list[FieldError]:
    """Of all types but ExternalName. old: addresses that were there before are taken as they are."""
    many: list[str] = spec.get("clusterIPs") or []
    out = _paired(spec.get("clusterIP", ""), many) + _words(spec)
    known = (old or {}).get("clusterIPs") or ()
    wrong = False
    for i, address in enumerate(many):
        if i == 0 and address == "None":
            if len(many) > 1:
                wrong = True
                out.append(field.invalid(_PATH, many, "'None' must be the first and only value"))
        elif address not in known:
            found = formats.faults(f"{_PATH}[{i}]", address, formats.address(address))
            wrong = wrong or bool(found)
            out += found
    if len(many) > 2:
        out.append(field.invalid(_PATH, many, "may only hold up to 2 values"))
    # More would only repeat what is wrong.
    return out if wrong else out + _fitting(spec, many)


def _paired(one: str, many: list[str]) -> list[FieldError]:
    if one and not many:
        return [field.required(_PATH)]
    if one and many[0] != one:
        return [field.invalid(_PATH, many, "first value must match `clusterIP`")]
    if many and not one:
        return [field.invalid(_PATH, many, "must be empty when `clusterIP` is not specified")]
    return []


def _words(spec: Object) -> list[FieldError]:
    out = []
    families, policy = spec.get("ipFamilies") or [], spec.get("ipFamilyPolicy")
    for i, family in enumerate(families):
        if family not in ("IPv4", "IPv6"):
            out.append(field.not_supported(f"{_FAMILIES}[{i}]", family, ("IPv4", "IPv6")))
        if family in families[:i]:
            out.append(field.duplicate(f"{_FAMILIES}[{i}]", family))
    if policy is not None and policy not in _POLICIES:
        out.append(field.not_supported(_POLICY, policy, _POLICIES))
    return out


def _fitting(spec: Object, many: list[str]) -> list[FieldError]:
    families = spec.get("ipFamilies") or []
    versions = [family_of(address) for address in many]
    out = []
    if len(many) > 1 and len(set(versions)) == 1:
        out.append(field.invalid(_PATH, many, "may specify no more than one IP for each IP family"))
    if is_headless(spec):
        return out
    for i, (address, wanted) in enumerate(zip(many, families, strict=False)):
        if wanted in ("IPv4", "IPv6") and versions[i] != wanted:
            detail = f"expected an {wanted} value as indicated by `ipFamilies[{i}]`"
            out.append(field.invalid(f"{_PATH}[{i}]", address, detail))
    return out


def family_of(address: str) -> str:
    found = ip.sloppy(address)
    return "IPv6" if found and found[0].version == 6 else "IPv4"


def validate_update(spec: Object, old: Object) -> list[FieldError]:
    """What may change once it is set; a second address or family may come and go."""
    if "ExternalName" in (spec.get("type"), old.get("type")):
        return []
    out = []
    if not (is_headless(old) and is_headless(spec)):
        out += _changed_addresses(spec, old)
    if not is_headless(old) and not is_headless(spec):
        out += _changed_families(spec, old)
    return out


def _changed_addresses(spec: Object, old: Object) -> list[FieldError]:
    before, now = old.get("clusterIPs") or [], spec.get("clusterIPs") or []
    if len(before) == len(now):
        return [field.invalid(f"{_PATH}[{i}]", now, _ONCE) for i, text in enumerate(before) if text != now[i]]
    out = []
    if not now:
        out.append(field.invalid(f"{_PATH}[0]", None, "primary clusterIP can not be unset"))
    if before and now and now[0] != before[0]:
        out.append(field.invalid(f"{_PATH}[0]", now, _ONCE))
    if len(before) > len(now) == 1 and spec.get("ipFamilyPolicy") != "SingleStack":
        detail = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        out.append(field.invalid(_POLICY, spec.get("ipFamilyPolicy"), detail))
    return out


def _changed_families(spec: Object, old: Object) -> list[FieldError]:
    before, now = old.get("ipFamilies") or [], spec.get("ipFamilies") or []
    path, addresses = f"{_FAMILIES}[0]", spec.get("clusterIPs") or None
    if len(before) == len(now):
        return [field.invalid(path, now, _ONCE) for i, text in enumerate(before) if text != now[i]]
    out = []
    if len(before) > len(now) and not addresses:
        out.append(field.invalid(path, now or None, "primary ipFamily can not be unset"))
    if before and now and now[0] != before[0]:
        # Upstream quotes the addresses here.
        out.append(field.invalid(path, addresses, _ONCE))
    if len(before) > len(now) == 1 and spec.get("ipFamilyPolicy") != "SingleStack":
        detail = "must be set to 'SingleStack' when releasing the secondary ipFamily"
        out.append(field.invalid(_POLICY, spec.get("ipFamilyPolicy"), detail))
    return out
