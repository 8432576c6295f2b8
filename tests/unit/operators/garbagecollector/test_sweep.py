from operators._kube.paths import Kind
from operators.garbagecollector import sweep


def test_unwatched() -> None:
    every = ["delete", "list"]
    documents = [
        {
            "groupVersion": "v1",
            "resources": [
                {"name": "pods", "verbs": every},
                {"name": "events", "verbs": every},
                {"name": "limitranges", "verbs": every},
                {"name": "limitranges/status", "verbs": every},
                {"name": "bindings", "verbs": ["create"]},
            ],
        },
        {"groupVersion": "events.k8s.io/v1", "resources": [{"name": "events", "verbs": every}]},
        {"groupVersion": "apps/v2", "resources": [{"name": "deployments", "verbs": every}]},
        {"groupVersion": "x.io/v1", "resources": [{"name": "things", "verbs": every}]},
    ]
    assert sweep.unwatched(documents) == [Kind("v1", "limitranges"), Kind("x.io/v1", "things")]
