"""Pods that print what they find, and end: all started together, each judged by itself."""

import pytest

from tests.conformance.cluster import Object
from tests.conformance.node.node_examples import ARGUED, NODE
from tests.conformance.node.running import IMAGE, Running, pod
from tests.conformance.node.storage_examples import CONFIG_MAPS, SECRETS, STORAGE
from tests.node.conftest import TestNode

EXAMPLES = STORAGE | NODE
NAMES = {behaviour: f"example-{number}" for number, behaviour in enumerate(EXAMPLES)}
UNITS = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def bytes_of(quantity: str) -> int:
    digits = quantity.rstrip("KMGi")
    return int(digits) * UNITS[quantity[len(digits) :]]


@pytest.fixture(scope="module")
def facts(shared: Running) -> dict[str, str]:
    """What the Pods say of the node they are on."""
    (node,) = shared.cluster.get("/api/v1/nodes")["items"]
    addresses = [entry["address"] for entry in node["status"]["addresses"] if entry["type"] == "InternalIP"]
    room = node["status"]["allocatable"]
    return {
        "cpu": room["cpu"],
        "memory": str(bytes_of(room["memory"])),
        "host": addresses[0],
        "hosts": ",".join(addresses),
    }


@pytest.fixture(scope="module")
def examples(shared: Running, node: TestNode, request: pytest.FixtureRequest) -> Running:
    """Starts the Pods of all tests that were chosen."""
    script = 'id=$(podman create "$1"); podman commit -q -c "$3" -c "$4" $id "$2"; podman rm $id'
    start = ('ENTRYPOINT ["echo", "entrypoint"]', 'CMD ["default"]')
    node.run(["sh", "-c", script, "sh", IMAGE, ARGUED, *start])
    for body in CONFIG_MAPS:
        shared.space.create("configmaps", body)
    for body in SECRETS:
        shared.space.create("secrets", body)
    chosen = {item.callspec.params.get("behaviour") for item in request.session.items if hasattr(item, "callspec")}
    for behaviour, example in EXAMPLES.items():
        if behaviour in chosen:
            shared.start(pod(NAMES[behaviour], example.main, **example.spec))
    return shared


@pytest.mark.parametrize("behaviour", EXAMPLES, ids=list(EXAMPLES))
def test_pod(examples: Running, facts: dict[str, str], behaviour: str) -> None:
    example, name = EXAMPLES[behaviour], NAMES[behaviour]
    found: Object = examples.ended(name)
    log = examples.log(name)
    (status,) = found["status"]["containerStatuses"]
    assert found["status"]["phase"] == example.phase, (found["status"], log)
    assert status["state"]["terminated"].get("message", "") == example.message
    wanted = [line.format(name=name, **facts) for line in example.lines]
    assert not [line for line in wanted if line not in log.splitlines()], log
