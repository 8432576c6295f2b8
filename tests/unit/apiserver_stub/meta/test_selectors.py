"""Label and field selectors: grammar, meaning, and upstream's words for mistakes."""

import pytest

from apiserver_stub.meta import selectors, status

LABELS = {"env": "dev", "tier": "web", "n": "7"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("env=dev", True),
        ("env==dev", True),
        ("env=prod", False),
        ("env!=prod", True),
        ("env!=dev", False),
        ("missing!=x", True),
        ("env in (dev, prod)", True),
        ("env notin (dev)", False),
        ("missing notin (dev)", True),
        ("env", True),
        ("!env", False),
        ("!missing", True),
        ("missing", False),
        ("n>6", True),
        ("n<7", False),
        ("env>1", False),
        ("env=", False),
        ("env in ()", False),
        ("env=dev,tier in (web,db),!missing", True),
        ("env=dev,tier=db", False),
        ("in in (x)", False),
    ],
)
def test_labels(text: str, expected: bool) -> None:
    assert selectors.matches(selectors.parse_labels(text), LABELS) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("env in dev", "unable to parse requirement: found 'dev' expected: '('"),
        ("=dev", "found '=', expected: !, identifier, or 'end of string'"),
        ("env===dev", "unable to parse requirement: found '=', expected: identifier"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("env=bad value", "found 'value', expected: ',' or 'end of string'"),
        ("env notin", "unable to parse requirement: found '' expected: '('"),
        (",", "found ',', expected: !, identifier, or 'end of string'"),
        ("a=b,", "found '', expected: identifier after ','"),
        ("env in (a b)", "unable to parse requirement: found 'b', expected: ',' or ')'"),
        ("n>x", "unable to parse requirement: values[0]: Invalid value: \"x\": "
                "for 'Gt', 'Lt' operators, the value must be an integer"),
    ],
)  # fmt: skip
def test_label_mistakes(text: str, message: str) -> None:
    with pytest.raises(status.StatusError) as caught:
        selectors.parse_labels(text)
    assert (caught.value.code, caught.value.message) == (400, message)


def test_label_keys_and_values_are_checked() -> None:
    for text, start in (
        ("-k=v", 'unable to parse requirement: <nil>: Invalid value: "-k": name part must consist of'),
        ("a/b/c=d", 'unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid label key must consist of'),
        ("k=" + "v" * 64, "unable to parse requirement: values[0][k]: Invalid value: "),
    ):
        with pytest.raises(status.StatusError) as caught:
            selectors.parse_labels(text)
        assert caught.value.message.startswith(start)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metadata.name=a", True),
        ("metadata.name!=a", False),
        ("metadata.name==a,spec.x=1\\,2", True),
        ("", True),
        (",metadata.name=a", True),
        ("spec.x=1", False),
    ],
)
def test_fields(text: str, expected: bool) -> None:
    fields = {"metadata.name": "a", "spec.x": "1,2"}
    assert selectors.matches(selectors.parse_fields(text), fields) is expected


@pytest.mark.parametrize("text", ["metadata.name", "metadata.name>a", "status.phase in (Running)"])
def test_field_mistakes(text: str) -> None:
    with pytest.raises(status.StatusError) as caught:
        selectors.parse_fields(text)
    assert caught.value.message == f"invalid selector: '{text}'; can't understand '{text}'"


def test_unknown_field_is_named_in_the_kind_s_words() -> None:
    parsed = selectors.parse_fields("spec.x=y")
    with pytest.raises(status.StatusError, match=r'^"spec.x" is not a known field selector'):
        selectors.check_fields(parsed, ["metadata.name"], '"spec.none" is not a known field selector')
