"""An eviction in kubelet's words."""

import pytest

from operators.pod.eviction import wording
from operators.pod.eviction.ranking import Usage

POD = {
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "resources": {"requests": {"memory": "64Mi"}}}, {"name": "d"}]},
}


def test_names_the_containers_that_use_more_than_they_request() -> None:
    usage = Usage({"memory": 100 << 20}, {"c": {"memory": 65 << 20}, "d": {"memory": 4096}})
    assert wording.low_on("memory", 100 << 20, 50 << 20, POD, usage) == (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
        "Container c was using 65Mi, request is 64Mi, has larger consumption of memory. "
        "Container d was using 4Ki, request is 0, has larger consumption of memory. "
    )
    usage = Usage({"memory": 1}, {"c": {"memory": 64 << 20}})
    assert "Container" not in wording.low_on("memory", 1, 0, POD, usage)


def test_counts_are_plain_numbers() -> None:
    expected = "The node was low on resource: inodes. Threshold quantity: 2048, available: 1024. "
    assert wording.low_on("inodes", 2048, 1024, POD, Usage()) == expected


@pytest.mark.parametrize(("amount", "text"), [(0, "0"), (1, "1"), (1023, "1023"), (1024, "1Ki"), (3 << 30, "3Gi")])
def test_bytes(amount: int, text: str) -> None:
    assert wording.binary(amount) == text
