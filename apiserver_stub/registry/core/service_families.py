"""Which address families a Service has, on a machine whose Services have IPv4 addresses only."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry.core import service_addresses

Object = dict[str, Any]

_POLICY: Final = "spec.ipFamilyPolicy"
_OURS: Final = "IPv4"


def settle(spec: Object, old: Object | None) -> list[FieldError]:
    """Fills ipFamilyPolicy and ipFamilies in place; returns what can't be. Of all types but ExternalName."""
    if _prefers_as_before(spec, old):
        return []
    selectorless = spec.get("clusterIP") == "None" and not spec.get("selector")
    if spec.get("ipFamilyPolicy") is None:
        inherited = (old or {}).get("ipFamilyPolicy")
        spec["ipFamilyPolicy"] = inherited or ("RequireDualStack" if selectorless else "SingleStack")
    out = _reduced(spec, old) if old is not None else []
    out += _too_many(spec) + _inferred(spec)
    if out:
        return out
    if selectorless:
        # Whoever makes its endpoints knows their families.
        families = spec.setdefault("ipFamilies", [_OURS])
        if len(families) < 2 and spec["ipFamilyPolicy"] != "SingleStack":
            families.append("IPv6" if families[0] == "IPv4" else "IPv4")
        return []
    if spec["ipFamilyPolicy"] == "RequireDualStack":
        detail = "this cluster is not configured for dual-stack services"
        out.append(field.invalid(_POLICY, spec["ipFamilyPolicy"], detail))
    for i, family in enumerate(spec.get("ipFamilies") or ()):
        if family != _OURS:
            out.append(field.invalid(f"spec.ipFamilies[{i}]", family, "not configured on this cluster"))
    if not out and not spec.get("ipFamilies"):
        spec["ipFamilies"] = [_OURS]
    return out


def _prefers_as_before(spec: Object, old: Object | None) -> bool:
    """A Service that prefers both families isn't changed by what the cluster has now."""
    if old is None or spec.get("ipFamilyPolicy") != "PreferDualStack":
        return False
    return all(spec.get(name) == old.get(name) for name in ("ipFamilyPolicy", "clusterIPs", "ipFamilies"))


def _reduced(spec: Object, old: Object) -> list[FieldError]:
    """Going down to one family is asked for by the policy; fewer values alone don't say so."""
    out = []
    words = {"clusterIPs": "cluster IP", "ipFamilies": "IP family"}
    for name, word in words.items():
        before, now = old.get(name) or [], spec.get(name) or []
        if spec["ipFamilyPolicy"] == "SingleStack":
            if before == now and len(now) > 1:
                spec[name] = now[:1]
        elif now and len(now) < len(before):
            detail = f"must be 'SingleStack' to release the secondary {word}"
            out.append(field.invalid(_POLICY, spec["ipFamilyPolicy"], detail))
    return out


def _too_many(spec: Object) -> list[FieldError]:
    if spec["ipFamilyPolicy"] != "SingleStack":
        return []
    words = {"clusterIPs": "cluster IPs", "ipFamilies": "IP families"}
    start = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
    return [
        field.invalid(_POLICY, spec["ipFamilyPolicy"], f"{start} {word} are specified")
        for name, word in words.items()
        if len(spec.get(name) or ()) == 2
    ]


def _inferred(spec: Object) -> list[FieldError]:
    """Families that follow from the addresses that were asked for."""
    addresses = spec.get("clusterIPs") or []
    out = []
    for i, address in enumerate(addresses):
        if address == "None":
            break
        if i < len(spec.get("ipFamilies") or ()):
            continue
        family = service_addresses.family_of(address)
        if family != _OURS:
            detail = f"{family} is not configured on this cluster"
            out.append(field.invalid(f"spec.clusterIPs[{i}]", addresses, detail))
        else:
            spec.setdefault("ipFamilies", []).append(family)
    return out
