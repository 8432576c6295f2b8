"""Amounts of resources: sums over a Pod's containers that remember how they were written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from apiserver_stub.schema import quantity

Object = Mapping[str, Any]


class Amount(NamedTuple):
    """A value and a quantity in whose notation it is written."""

    value: Decimal
    like: str

    def __str__(self) -> str:
        return quantity.spelled(self.value, self.like)


Amounts = dict[str, Amount]


def parse(given: Mapping[str, str] | None) -> Amounts:
    """A resource list of an object."""
    return {name: Amount(quantity.parse(text), text) for name, text in (given or {}).items()}


def text(amounts: Amounts) -> dict[str, str]:
    return {name: str(amount) for name, amount in amounts.items()}


def add(one: Amounts, other: Amounts) -> Amounts:
    """The sum; a zero has no notation of its own."""
    out = dict(one)
    for name, amount in other.items():
        have = out.get(name)
        if have is None:
            out[name] = amount
        else:
            out[name] = Amount(have.value + amount.value, have.like if have.value else amount.like)
    return out


def greater(one: Amounts, other: Amounts) -> Amounts:
    """The greater of both, for each resource."""
    out = dict(one)
    for name, amount in other.items():
        if name not in out or amount.value > out[name].value:
            out[name] = amount
    return out


def pod(spec: Object, kind: str) -> Amounts:
    """What a whole Pod asks for; kind: "requests" or "limits".

    Init containers run one after the other, sidecars (restartPolicy Always) from then on. What the Pod itself says
    stands above its containers. See "Resource sharing within containers" of the page on init containers.
    """
    running = _sum(_of(container, kind) for container in spec.get("containers") or ())
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _of(container, kind)
        if container.get("restartPolicy") == "Always":
            running, sidecars = add(running, own), add(sidecars, own)
            own = sidecars
        else:
            own = add(own, sidecars)
        starting = greater(starting, own)
    out = greater(running, starting)
    out |= parse((spec.get("resources") or {}).get(kind))
    overhead = parse(spec.get("overhead"))
    if kind == "limits":
        # Without a limit there is nothing that the overhead could be added to.
        overhead = {name: amount for name, amount in overhead.items() if name in out}
    return add(out, overhead)


def _of(container: Object, kind: str) -> Amounts:
    return parse((container.get("resources") or {}).get(kind))


def _sum(parts: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        total = add(total, part)
    return total
