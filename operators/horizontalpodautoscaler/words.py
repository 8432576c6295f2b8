"""HorizontalPodAutoscaler: quantities, selectors and durations as upstream writes them (pure)."""

from __future__ import annotations

import re

from operators._kube.meta import Object

_SUFFIXES = ("m", "", "k", "M", "G", "T", "P", "E")
_PART = re.compile(r"([0-9.]+)(h|ms|m|s|us|µs|ns)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def amount(thousandths: int) -> str:
    """A quantity in its canonical decimal form: 250 → "250m", 2_000_000 → "2k"."""
    if thousandths == 0:
        return "0"
    step = 0
    while thousandths % 1000 == 0 and step < len(_SUFFIXES) - 1:
        thousandths //= 1000
        step += 1
    return f"{thousandths}{_SUFFIXES[step]}"


def seconds(duration: str) -> float:
    """ "1m30.5s" as Go writes durations."""
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(duration))


def selector(metric: Object) -> str:
    """The selector of a MetricIdentifier in kubectl's notation; "" where there is none."""
    given = metric.get("selector") or {}
    parts = [f"{key}={value}" for key, value in sorted((given.get("matchLabels") or {}).items())]
    for requirement in given.get("matchExpressions") or ():
        key, values = requirement["key"], ",".join(requirement.get("values") or ())
        parts.append(
            {
                "In": f"{key} in ({values})",
                "NotIn": f"{key} notin ({values})",
                "Exists": key,
                "DoesNotExist": f"!{key}",
            }[requirement["operator"]]
        )
    return ",".join(parts)


def shown(metric: Object) -> str:
    """The selector as Go's %+v shows a LabelSelector."""
    given = metric.get("selector")
    if given is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted((given.get("matchLabels") or {}).items()))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{e['key']},Operator:{e['operator']},"
        f"Values:[{' '.join(e.get('values') or ())}],}},"
        for e in given.get("matchExpressions") or ()
    )
    inner = f"MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},"
    return f"&LabelSelector{{{inner}}}"
