"""Whatever is applied and updated in whatever order: nobody owns what is not there, and applying again is nothing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from apiserver_stub.meta import status
from tests.fakes import owned as known
from tests.fakes.owned import Live

Object = dict[str, Any]

FIELDS = {
    "n": "int64",
    "set": {"t": "array", "i": "string", "lt": "set"},
    "list": {"t": "array", "i": "string"},
    "keyed": {
        "t": "array",
        "i": {"t": "object", "f": {"k": "string", "v": "int64", "deep": {"t": "map", "v": "string"}}},
        "lt": "map",
        "lk": ["k"],
    },
    "map": {"t": "map", "v": "string"},
    "whole": {"t": "map", "v": "string", "mt": "atomic"},
    "free": "any",
    "struct": {"t": "object", "f": {"a": "int64", "b": {"t": "map", "v": "string"}}},
}
WORDS = st.sampled_from(["a", "b", "c"])
SMALL = st.integers(0, 2)
MAPS = st.dictionaries(WORDS, WORDS, min_size=1, max_size=3)
ITEMS = st.fixed_dictionaries({"k": WORDS}, optional={"v": SMALL, "deep": MAPS})
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "n": SMALL,
        "set": st.lists(WORDS, unique=True, min_size=1, max_size=3),
        "list": st.lists(WORDS, max_size=2),
        "keyed": st.lists(ITEMS, unique_by=lambda item: item["k"], min_size=1, max_size=3),
        "map": MAPS,
        "whole": MAPS,
        "free": st.one_of(SMALL, MAPS, st.dictionaries(WORDS, MAPS, min_size=1, max_size=2), st.lists(SMALL)),
        "struct": st.fixed_dictionaries({"a": SMALL}, optional={"b": MAPS}),
    },
)
STEPS = st.lists(st.tuples(st.sampled_from(["apply", "force", "update"]), WORDS, SPECS), min_size=1, max_size=8)


@given(STEPS)
def test_any_sequence_of_writes(steps: list[tuple[str, str, Object]]) -> None:
    live = Live(known.free(f=FIELDS))
    live.update("first", known.custom(n=1))
    for verb, name, spec in steps:
        before = live.obj
        if verb == "update":
            live.update(name, known.custom(**spec))
        else:
            try:
                live.apply(name, known.custom(**spec), force=verb == "force")
            except status.StatusError as error:
                assert (error.code, verb) == (409, "apply")
                assert live.obj == before
                continue
            assert live.obj
            assert _contains(live.obj["spec"], spec)
            assert live.owners.get(f"{name}/Apply", {"f:spec": {}})
            after = live.obj
            assert live.apply(name, known.custom(**spec), known.LATER).obj == after
        assert live.obj
        for fields in live.owners.values():
            _check_present(fields.get("f:spec", {}), live.obj.get("spec"))


def _contains(found: Any, config: Any) -> bool:
    if isinstance(config, dict):
        return isinstance(found, dict) and all(
            name in found and _contains(found[name], value) for name, value in config.items()
        )
    if isinstance(config, list) and config and isinstance(config[0], dict) and "k" in config[0]:
        elements = {one["k"]: one for one in found}
        return all(_contains(elements.get(one["k"]), one) for one in config)
    if isinstance(config, list):
        return isinstance(found, list) and all(one in found for one in config)
    return bool(found == config)


def _check_present(fields: Object, value: Any) -> None:
    """Each step of a set leads somewhere."""
    for step, below in fields.items():
        if step == ".":
            continue
        kind, _, text = step.partition(":")
        if kind == "f":
            assert isinstance(value, dict), (step, value)
            assert text in value, (step, value)
            _check_present(below, value[text])
        elif kind == "v":
            assert text.strip('"') in value, (step, value)
        else:
            name = text.removeprefix('{"k":"').removesuffix('"}')
            matching = [one for one in value if one["k"] == name]
            assert matching, (step, value)
            _check_present(below, matching[0])
