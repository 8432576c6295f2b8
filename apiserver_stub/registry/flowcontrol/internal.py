"""Specs of flow control as error messages quote them: Kubernetes prints its internal Go structs."""

from __future__ import annotations

from typing import Any, Final

Object = dict[str, Any]

_SUBJECT: Final = ("user", "group", "serviceAccount")


def level_spec(spec: Object) -> Object:
    limited, exempt = spec.get("limited"), spec.get("exempt")
    return {
        "Type": spec.get("type", ""),
        "Limited": None if limited is None else _limited(limited),
        "Exempt": None if exempt is None else _struct(exempt, NominalConcurrencyShares=None, LendablePercent=None),
    }


def _limited(limited: Object) -> Object:
    response = limited.get("limitResponse") or {}
    queuing = response.get("queuing")
    shown = None if queuing is None else _struct(queuing, Queues=0, HandSize=0, QueueLengthLimit=0)
    return {
        "NominalConcurrencyShares": limited.get("nominalConcurrencyShares", 0),
        "LimitResponse": {"Type": response.get("type", ""), "Queuing": shown},
        **_struct(limited, LendablePercent=None, BorrowingLimitPercent=None),
    }


def schema_spec(spec: Object) -> Object:
    method = spec.get("distinguisherMethod")
    return {
        "PriorityLevelConfiguration": _struct(spec.get("priorityLevelConfiguration") or {}, Name=""),
        "MatchingPrecedence": spec.get("matchingPrecedence", 0),
        "DistinguisherMethod": None if method is None else _struct(method, Type=""),
        "Rules": [_rule(rule) for rule in spec["rules"]] if spec.get("rules") else None,
    }


def _rule(rule: Object) -> Object:
    resources, others = rule.get("resourceRules"), rule.get("nonResourceRules")
    return {
        "Subjects": [_subject(subject) for subject in rule.get("subjects") or ()],
        "ResourceRules": [
            {
                **_struct(one, Verbs=None),
                "APIGroups": one.get("apiGroups"),
                **_struct(one, Resources=None, ClusterScope=False, Namespaces=None),
            }
            for one in resources
        ]
        if resources
        else None,
        "NonResourceRules": [
            {"Verbs": one.get("verbs"), "NonResourceURLs": one.get("nonResourceURLs")} for one in others
        ]
        if others
        else None,
    }


def _subject(subject: Object) -> Object:
    out: Object = {"Kind": subject.get("kind", "")}
    for name in _SUBJECT:
        value = subject.get(name)
        fields = {"Namespace": "", "Name": ""} if name == "serviceAccount" else {"Name": ""}
        out[name[0].upper() + name[1:]] = None if value is None else _struct(value, **fields)
    return out


def _struct(value: Object, **fields: Any) -> Object:
    """fields: of the struct in order, with what Go has where nothing is set."""
    return {name: value.get(name[0].lower() + name[1:], zero) for name, zero in fields.items()}
