"""Which Pods of lower priority have to leave so that another finds room (pure).

See the Kubernetes page "Pod Priority and Preemption".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from operators._kube import conditions, meta, selectors
from operators._kube.meta import Object
from operators.binder.cluster import Cluster, Refusal, priority

REASON = "PreemptionByScheduler"
NOT_HELPFUL = Refusal(("Preemption is not helpful for scheduling",), final=True)
_NO_VICTIMS = Refusal(("No preemption victims found for incoming pod",), final=True)

#: Whether the Pod still finds no place on a node of such a cluster.
Try = Callable[[Cluster], Refusal | None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node, the Pods that have to leave it (the most important first), and how many budgets that breaks."""

    node: str
    victims: tuple[Object, ...]
    violations: int


def ineligible(pod: Object, cluster: Cluster, refusals: Mapping[str, Refusal]) -> str:
    """Why the Pod may not have others removed now, in the scheduler's words; "" if it may."""
    if pod["spec"].get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    nominated = (pod.get("status") or {}).get("nominatedNodeName") or ""
    refusal = refusals.get(nominated)
    if refusal is None or refusal.final:
        return ""
    if any(priority(other) < priority(pod) and _leaves_for_another(other) for other in cluster.on(nominated)):
        return "not eligible due to terminating pod on the nominated node."
    return ""


def select(pod: Object, node: str, cluster: Cluster, refused: Try) -> Candidate | Refusal:
    """The fewest Pods that have to leave a node; or why it would be of no use."""
    present = cluster.on(node)
    lower = sorted((other for other in present if priority(other) < priority(pod)), key=_importance)
    if not lower:
        return _NO_VICTIMS
    left = [other for other in present if priority(other) >= priority(pod)]
    if refusal := refused(cluster.having(node, left)):
        return refusal
    protected, free = _by_budget(lower, cluster.budgets)
    victims, violations = [], 0
    for other in (*protected, *free):
        if refused(cluster.having(node, [*left, other])) is None:
            left.append(other)
            continue
        victims.append(other)
        violations += other in protected
    return Candidate(node, tuple(sorted(victims, key=_importance)), violations)


def best(candidates: Sequence[Candidate]) -> Candidate:
    """Fewest broken budgets, least important victims, fewest of them, those that began last; then by name."""
    return min(candidates, key=_cost)


def _cost(candidate: Candidate) -> tuple[int, int, int, int, float, str]:
    priorities = [priority(victim) for victim in candidate.victims]
    highest = max(priorities, default=-(2**31))
    # As upstream: counted from the lowest priority there is, so that each victim adds to the sum.
    total = sum(value + 2**31 for value in priorities)
    began = min((_began(v) for v in candidate.victims if priority(v) == highest), default=0.0)
    return candidate.violations, highest, total, len(priorities), -began, candidate.node


def _importance(pod: Object) -> tuple[int, float, str]:
    """Sorts the most important first: by priority, then by who has run longer."""
    return -priority(pod), _began(pod), meta.name_of(pod)


def _began(pod: Object) -> float:
    start = (pod.get("status") or {}).get("startTime") or meta.metadata(pod).get("creationTimestamp")
    return meta.parse_time(start).timestamp() if start else 0.0


def _leaves_for_another(pod: Object) -> bool:
    target = conditions.get(conditions.of(pod), "DisruptionTarget") or {}
    return meta.is_deleting(pod) and target.get("status") == "True" and target.get("reason") == REASON


def _by_budget(pods: Sequence[Object], budgets: Sequence[Object]) -> tuple[list[Object], list[Object]]:
    """Those whose removal would break a PodDisruptionBudget, and the others."""
    allowed = [int((budget.get("status") or {}).get("disruptionsAllowed") or 0) for budget in budgets]
    protected: list[Object] = []
    free: list[Object] = []
    for pod in pods:
        breaks = False
        for index, budget in enumerate(budgets):
            if not _is_under(pod, budget):
                continue
            allowed[index] -= 1
            breaks |= allowed[index] < 0
        (protected if breaks else free).append(pod)
    return protected, free


def _is_under(pod: Object, budget: Object) -> bool:
    """An empty selector selects nothing here, as upstream has it; evictions that are on their way count already."""
    selector = budget["spec"].get("selector")
    return (
        meta.namespace_of(pod) == meta.namespace_of(budget)
        and bool(meta.labels_of(pod))
        and not selectors.is_empty(selector)
        and selectors.matches(selector, meta.labels_of(pod))
        and meta.name_of(pod) not in ((budget.get("status") or {}).get("disruptedPods") or {})
    )
