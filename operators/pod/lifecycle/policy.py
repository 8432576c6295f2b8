"""Whether a container that has ended is started again: Pod's policy, container's own, rules for exit codes (pure).

See the Kubernetes page "Pod Lifecycle", "Container restart rules" (KEP-5307).
"""

from operators.pod.sources import Object

_CODES = frozenset(range(256))


def of(pod: Object, spec: Object, role: str) -> str:
    """ "Always", "OnFailure" or "Never" for this container; an init container that succeeded is never run again."""
    if role == "sidecar":
        return "Always"
    if role == "ephemeral":
        return "Never"
    policy = str(spec.get("restartPolicy") or pod["spec"].get("restartPolicy") or "Always")
    return "OnFailure" if role == "init" and policy == "Always" else policy


def forced(spec: Object) -> frozenset[int]:
    """The exit codes after which one of the container's rules restarts it, whatever its policy is."""
    found: set[int] = set()
    for rule in spec.get("restartPolicyRules") or ():
        codes = rule.get("exitCodes") or {}
        values = {int(value) for value in codes.get("values") or ()}
        if rule.get("action") == "Restart":
            found |= values & _CODES if codes.get("operator") == "In" else _CODES - values
    return frozenset(found)


def restarts(pod: Object, spec: Object, role: str, code: int) -> bool:
    """Whether a run that ended with this exit code is followed by another."""
    policy = of(pod, spec, role)
    return policy == "Always" or (policy == "OnFailure" and code != 0) or code in forced(spec)


def runs_once(pod: Object) -> bool:
    """Whether no container of the Pod may ever be started twice: not by a reboot either."""
    return all(of(pod, spec, "container") == "Never" and not forced(spec) for spec in pod["spec"]["containers"])
