"""Taking the rights of an operator on a node away, and giving them back."""

import json
from typing import Any

from deploy.failure import Failure
from deploy.machine import Machine

AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate"
PROCESS = "ukube-operators"
# These act as users, not as accounts of kube-system; `pod` and `node` are both the node.
USERS = {"binder": "binder", "node": "node", "pod": "node"}


def binding(operator: str) -> list[str]:
    """What kubectl calls the binding that lets the operators' process act as this operator."""
    if operator in USERS:
        return ["clusterrolebinding", f"ukube:operator:{USERS[operator]}"]
    return ["rolebinding", f"ukube:operator:{operator}", "--namespace=kube-system"]


def change(enabled: bool) -> dict[str, Any]:
    """The patch of a binding. Without the annotation the API server would put it right at its next start."""
    subject = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": PROCESS}
    return {
        "metadata": {"annotations": {AUTO_UPDATE: "true" if enabled else "false"}},
        "subjects": [subject] if enabled else [],
    }


def switch(machine: Machine, operator: str, *, enabled: bool) -> None:
    """Raises Failure."""
    patch = json.dumps(change(enabled))
    done = machine.run(["kubectl", "patch", *binding(operator), "--type=merge", "--patch", patch], check=False)
    if done.returncode != 0:
        raise Failure(f"the rights of the operator {operator} on {machine.name} could not be changed", done.stderr)
