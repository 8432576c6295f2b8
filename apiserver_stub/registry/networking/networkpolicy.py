"""NetworkPolicy: who may speak with the Pods that it selects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, ip, selector

Object = base.Object
View = Mapping[str, Any]

_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_TYPES: Final = ("Ingress", "Egress")
# The member of a rule that lists its peers.
_RULES: Final = (("ingress", "from"), ("egress", "to"))


class NetworkPolicies(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        return _spec(obj["spec"], set())

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        """Ranges that were there before are taken as they are."""
        return _spec(obj["spec"], {text for _, text in _ranges(old["spec"])})

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        out = []
        for path, text in _ranges(obj["spec"]):
            out += ip.network_warnings(path, text)
        return out


def _ranges(spec: View) -> Iterator[tuple[str, str]]:
    """Paths and texts of all address ranges."""
    for name, peers in _RULES:
        for i, rule in enumerate(spec.get(name) or ()):
            for j, peer in enumerate(rule.get(peers) or ()):
                block = peer.get("ipBlock")
                if block is None:
                    continue
                here = f"spec.{name}[{i}].{peers}[{j}].ipBlock"
                yield f"{here}.cidr", block.get("cidr", "")
                for k, text in enumerate(block.get("except") or ()):
                    yield f"{here}.except[{k}]", text


def _spec(spec: View, known: set[str]) -> list[FieldError]:
    out = selector.validate(spec.get("podSelector"), "spec.podSelector")
    for name, peers in _RULES:
        for i, rule in enumerate(spec.get(name) or ()):
            here = f"spec.{name}[{i}]"
            for j, port in enumerate(rule.get("ports") or ()):
                out += _port(port, f"{here}.ports[{j}]")
            for j, peer in enumerate(rule.get(peers) or ()):
                out += _peer(peer, f"{here}.{peers}[{j}]", known)
    types = spec.get("policyTypes") or []
    if len(types) > len(_TYPES):
        return [*out, field.invalid("spec.policyTypes", types, "may not specify more than two policyTypes")]
    for i, kind in enumerate(types):
        if kind not in _TYPES:
            out.append(field.not_supported(f"spec.policyTypes[{i}]", kind, _TYPES))
    return out


def _port(port: View, path: str) -> list[FieldError]:
    protocol, number, end = port.get("protocol"), port.get("port"), port.get("endPort")
    out = []
    if protocol is not None and protocol not in _PROTOCOLS:
        out.append(field.not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
    if number is None:
        if end is not None:
            out.append(field.invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified"))
    elif isinstance(number, str):
        if end is not None:
            out.append(field.invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric"))
        out += formats.faults(f"{path}.port", number, formats.port_name(number))
    else:
        out += formats.faults(f"{path}.port", number, formats.port(number))
        if end is not None:
            if end < number:
                # Upstream quotes the port.
                out.append(field.invalid(f"{path}.endPort", number, "must be greater than or equal to `port`"))
            out += formats.faults(f"{path}.endPort", end, formats.port(end))
    return out


def _peer(peer: View, path: str, known: set[str]) -> list[FieldError]:
    out = []
    count = 0
    for name in ("podSelector", "namespaceSelector"):
        if peer.get(name) is not None:
            count += 1
            out += selector.validate(peer[name], f"{path}.{name}")
    block = peer.get("ipBlock")
    if block is not None:
        count += 1
        out += _block(block, f"{path}.ipBlock", known)
    if not count:
        out.append(field.required(path, "must specify a peer"))
    elif count > 1 and block is not None:
        out.append(field.forbidden(path, "may not specify both ipBlock and another peer"))
    return out


def _block(block: View, path: str, known: set[str]) -> list[FieldError]:
    text = block.get("cidr", "")
    if not text:
        return [field.required(f"{path}.cidr")]
    out = [] if text in known else formats.faults(f"{path}.cidr", text, ip.legacy_network(text))
    whole = ip.network(text)
    if whole is None:
        return out
    for i, part in enumerate(block.get("except") or ()):
        here = f"{path}.except[{i}]"
        if part not in known:
            out += formats.faults(here, part, ip.legacy_network(part))
        inner = ip.network(part)
        if inner is None:
            continue
        if inner.network_address not in whole or whole.prefixlen >= inner.prefixlen:
            out.append(field.invalid(here, part, "must be a strict subset of `cidr`"))
    return out
