import pytest

from operators.deployment import sets

from .build import deployment, replica_set


def test_the_template_tells_the_new_one() -> None:
    first, second = replica_set("a", 1, "img:1", age=5), replica_set("b", 1, "img:2", age=3)
    found = sets.observe(deployment(image="img:1"), [second, first])
    assert (found.new, found.old) == (first, (second,))


def test_the_oldest_of_several_with_the_template_is_new() -> None:
    first, second = replica_set("a", 1, age=5), replica_set("b", 1, age=3)
    found = sets.observe(deployment(), [second, first])
    assert found.new is first
    assert found.old == (second,)


def test_names_decide_within_a_second() -> None:
    assert sets.observe(deployment(), [replica_set("b", 1), replica_set("a", 1)]).new == replica_set("a", 1)


def test_none_is_new() -> None:
    old = replica_set("a", 1)
    found = sets.observe(deployment(image="img:2"), [old])
    assert found.new is None
    assert found.all == (old,)


@pytest.mark.parametrize(
    ("text", "value"), [(None, None), ("3", 3), ("-1", -1), ("x", None), ("", None), ("1.5", None)]
)
def test_number(text: str | None, value: int | None) -> None:
    assert sets.number(text) == value


def test_counts_of_an_empty_status() -> None:
    bare = replica_set("a", 2)
    bare["status"] = None
    assert sets.counted(bare, "readyReplicas") == 0
    assert sets.counted(None, "readyReplicas") == 0
