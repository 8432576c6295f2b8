"""Words of closed sets in the published definitions."""

import orjson

from apiserver_stub.schema import enums, openapi


def property_of(definition: str, field: str) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(openapi.full_definitions()[definition])["properties"][field]
    return found


def test_words_are_sorted_and_explained() -> None:
    scheme = property_of("io.k8s.api.core.v1.HTTPGetAction", "scheme")
    assert scheme["enum"] == ["HTTP", "HTTPS"]
    assert str(scheme["description"]).endswith(
        '\n\nPossible enum values:\n - `"HTTP"` means that the scheme used will be http://'
        '\n - `"HTTPS"` means that the scheme used will be https://'
    )


def test_words_without_explanation_and_words_of_items() -> None:
    policy = property_of("io.k8s.api.core.v1.PodSpec", "restartPolicy")
    assert str(policy["description"]).endswith('\n - `"Always"`\n - `"Never"`\n - `"OnFailure"`')
    families = property_of("io.k8s.api.core.v1.ServiceSpec", "ipFamilies")
    assert families["items"] == {"type": "string", "enum": ["", "IPv4", "IPv6"]}
    assert "Possible enum values" not in str(families["description"])


def test_adding_twice_changes_nothing() -> None:
    definitions = {name: orjson.loads(text) for name, text in openapi.full_definitions().items()}
    enums.add(definitions)
    assert {name: orjson.dumps(value) for name, value in definitions.items()} == openapi.full_definitions()
