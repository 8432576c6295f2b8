"""Admission plug-ins that are switched off."""

import pytest

from apiserver_stub.admission import switches
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.schema import kinds
from apiserver_stub.storage.memory import MemoryLog


def names(off: frozenset[str]) -> set[str]:
    """Classes of the plug-ins that a Pod passes."""
    registry = Catalog(kinds.builtin(), MemoryLog(), off).find("", "v1", "pods")
    assert registry
    gate = registry.gate
    return {type(one).__name__ for one in (*gate.mutating, *gate.validating, *gate.remote, *gate.charging)}


def test_what_is_switched_off_is_not_asked() -> None:
    every = names(frozenset())
    assert {"LimitRanger", "PodSecurity", "NodeRestriction", "NamespaceLifecycle"} <= every
    assert every - names(frozenset({"LimitRanger", "PodSecurity"})) == {"LimitRanger", "PodSecurity"}


@pytest.mark.parametrize(
    ("enabled", "disabled", "said"),
    [(["Nonsense"], [], "no admission plug-in Nonsense"), (["PodSecurity"], ["PodSecurity"], "both")],
)
def test_names(enabled: list[str], disabled: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        switches.off(enabled, disabled)


def test_everything_is_on_by_default() -> None:
    assert switches.off(["NodeRestriction"], []) == frozenset()
