"""Which finalizers a deletion leaves on an object."""

import pytest

from apiserver_stub.registry import delete


@pytest.mark.parametrize(
    ("current", "policy", "default", "expected"),
    [
        ([], "", "Background", []),
        ([], "Orphan", "Background", ["orphan"]),
        ([], "Foreground", "Background", ["foregroundDeletion"]),
        (["x/y"], "Foreground", "Background", ["x/y", "foregroundDeletion"]),
        (["orphan"], "", "Background", ["orphan"]),
        (["orphan", "x/y"], "Background", "Background", ["x/y"]),
        (["foregroundDeletion"], "Orphan", "Background", ["orphan"]),
        ([], "", "Orphan", ["orphan"]),
    ],
)
def test_finalizers(current: list[str], policy: str, default: str, expected: list[str]) -> None:
    assert delete.finalizers_for(current, policy, default) == expected
