"""The table of strategies names modules and classes: all of them are there, for resources that are served."""

import pytest

from apiserver_stub.registry import base, strategies
from apiserver_stub.schema import kinds

ROWS = [(group, name) for group, resources in sorted(strategies._STRATEGIES.items()) for name in sorted(resources)]


@pytest.mark.parametrize(("group", "name"), ROWS, ids=[f"{name}.{group}" for group, name in ROWS])
def test_a_kind_with_rules_of_its_own(group: str, name: str) -> None:
    served = [resource for resource in kinds.builtin() if (resource.group, resource.name) == (group, name)]
    assert served
    for resource in served:
        made = strategies.for_resource(resource)
        assert isinstance(made, base.Kind)
        assert type(made) is not base.Kind
