"""podFailurePolicy and successPolicy: what the Job says about its Pods' ends (pure). See KEP-3329 and KEP-3998."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from operators._kube import meta
from operators._kube.meta import Object
from operators.job import indexes
from operators.job.indexes import Indexes


class Verdict(NamedTuple):
    """`action`: of the rule that a failed Pod matches, "" for none; `message`: why the Job fails, for FailJob."""

    action: str = ""
    message: str = ""

    @property
    def counts(self) -> bool:
        """Whether the failure counts towards the limits."""
        return self.action != "Ignore"


def failure(job: Object, pod: Object) -> Verdict:
    """What the first rule that a failed Pod matches says."""
    where = f"{meta.namespace_of(pod)}/{meta.name_of(pod)}"
    for number, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules") or ()):
        action, text = rule["action"], ""
        if rule.get("onExitCodes") is not None:
            if (container := _by_exit_code(pod, rule["onExitCodes"])) is None:
                continue
            code = container["state"]["terminated"].get("exitCode")
            text = f"Container {container['name']} for pod {where} failed with exit code {code}"
        else:
            if (condition := _by_condition(pod, rule.get("onPodConditions") or ())) is None:
                continue
            text = f"Pod {where} has condition {condition}"
        return Verdict(action, f"{text} matching {action} rule at index {number}" if action == "FailJob" else "")
    return Verdict()


def success(job: Object, succeeded: Indexes) -> str | None:
    """The message of the first rule of successPolicy that is met; None if none is."""
    below = int(job["spec"].get("completions") or 0)
    for number, rule in enumerate((job["spec"].get("successPolicy") or {}).get("rules") or ()):
        count = rule.get("succeededCount")
        if rule.get("succeededIndexes") is not None:
            wanted = indexes.parse(rule["succeededIndexes"], below)
            is_met = succeeded.common(wanted) >= (wanted.total if count is None else count)
        else:
            is_met = count is not None and succeeded.total >= count
        if is_met:
            return f"Matched rules at index {number}"
    return None


def _by_exit_code(pod: Object, wanted: Object) -> Object | None:
    status = pod.get("status") or {}
    for container in (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())):
        code = ((container.get("state") or {}).get("terminated") or {}).get("exitCode")
        if not code or wanted.get("containerName") not in (None, container["name"]):
            continue
        if (code in wanted["values"]) == (wanted["operator"] == "In"):
            found: Object = container
            return found
    return None


def _by_condition(pod: Object, patterns: Iterable[Object]) -> str | None:
    wanted = [(pattern["type"], pattern.get("status", "True")) for pattern in patterns]
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if (condition["type"], condition["status"]) in wanted:
            return str(condition["type"])
    return None
