"""ServiceCIDR: a range of addresses for Services, which may later get one of the other family."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, ip

Object = base.Object

_PATH: Final = "spec.cidrs"


class ServiceCIDRs(base.Kind):
    """Upstream lets any write set the status, and counts no generations."""

    def prepare_create(self, obj: Object) -> None:
        obj["metadata"].pop("generation", None)

    def prepare_update(self, obj: Object, old: Object) -> None:
        self._keep_generation(obj, old)

    def validate(self, obj: Object) -> list[FieldError]:
        return _ranges(_of(obj))

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        new, before = _of(obj), _of(old)
        grown = (len(before), len(new)) == (1, 2)
        if len(new) != len(before) and not grown:
            return [field.invalid(_PATH, new or None, formats.IMMUTABLE)]
        out = [
            field.invalid(f"{_PATH}[{i}]", new[i], formats.IMMUTABLE) for i, text in enumerate(before) if new[i] != text
        ]
        return out + _ranges(new) if grown else out


def _of(obj: Object) -> list[Any]:
    found: list[Any] = obj["spec"].get("cidrs") or []
    return found


def _ranges(texts: list[str]) -> list[FieldError]:
    if not texts:
        return [field.required(_PATH, "at least one CIDR required")]
    if len(texts) > 2:
        return [field.invalid(_PATH, {"CIDRs": texts}, "may only hold up to 2 values")]
    out = []
    for i, text in enumerate(texts):
        out += formats.faults(f"{_PATH}[{i}]", text, ip.canonical_network(text))
    families = [network.version for network in map(ip.network, texts) if network]
    if len(families) == 2 and families[0] == families[1]:
        detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
        out.append(field.invalid(_PATH, texts, detail))
    return out
