"""MutatingAdmissionPolicies change what is created where they are bound."""

import pytest

from tests.conformance.cluster import Object, Space, eventually
from tests.conformance.kinds import ADMISSION, MATCH_DEPLOYMENTS, workload

DEPLOYMENTS = "apps/v1/deployments"
APPLIED = {"expression": "Object{spec: Object.spec{replicas: 1}}"}
ANNOTATIONS = {
    "expression": """
        Object{
          metadata: Object.metadata{
            annotations: {"my-foo-annotation": has(object.metadata.annotations) ? "myAnnotationValue" : "none"}
          }
        }
    """
}
MUTATIONS: dict[str, Object] = {"applied": APPLIED, "annotations": ANNOTATIONS}


def bound(space: Space, mutation: Object) -> list[str]:
    """A policy and its binding to the test's namespace: their paths."""
    root = f"/apis/{ADMISSION}/mutatingadmissionpolic"
    here = {"matchLabels": {"test": space.name}}
    spec = {
        "matchConstraints": MATCH_DEPLOYMENTS | {"namespaceSelector": here},
        "reinvocationPolicy": "Never",
        "failurePolicy": "Fail",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": mutation}],
    }
    metadata = {"name": space.name}
    space.cluster.create(f"{root}ies", {"metadata": metadata, "spec": spec})
    binding = {"policyName": space.name, "matchResources": {"namespaceSelector": here}}
    space.cluster.create(f"{root}ybindings", {"metadata": metadata, "spec": binding})
    return [f"{root}ies/{space.name}", f"{root}ybindings/{space.name}"]


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_deployment_is_mutated(space: Space, mutation: str) -> None:
    paths = bound(space, MUTATIONS[mutation])
    numbers = iter(range(1000))

    def create() -> Object:
        metadata = {"name": f"web-{next(numbers)}", "annotations": {"given": "yes"}}
        body = {"metadata": metadata} | workload(replicas=2, paused=True)
        return space.create(DEPLOYMENTS, body, dryRun="All")

    def mutated() -> bool:
        made = create()
        if mutation == "applied":
            return bool(made["spec"]["replicas"] == 1)
        return bool(made["metadata"]["annotations"].get("my-foo-annotation") == "myAnnotationValue")

    eventually(mutated, "the policy is in force")
    assert space.create(DEPLOYMENTS, {"metadata": {"name": "other"}} | workload(replicas=2))["spec"]["replicas"] == (
        1 if mutation == "applied" else 2
    )
    for path in paths:
        space.cluster.delete(path)
    eventually(lambda: not mutated(), "it is not in force any more")
