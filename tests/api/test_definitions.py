"""CustomResourceDefinitions and their like through the API: what is refused is not stored."""

from typing import Any

from tests.api.conftest import Client

Object = dict[str, Any]

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
LEVELS = "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations"
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"


def definition(schema: Object) -> Object:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "gears", "kind": "Gear"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    return {"metadata": {"name": "gears.example.com"}, "spec": spec}


async def test_a_bad_schema_is_refused_and_not_stored(admin: Client) -> None:
    code, answer = await admin.call("POST", DEFINITIONS, definition({"type": "array"}))
    assert code == 422
    assert [cause["field"] for cause in answer["details"]["causes"]] == [
        "spec.validation.openAPIV3Schema.items",
        "spec.validation.openAPIV3Schema.type",
    ]
    assert (await admin.get(f"{DEFINITIONS}/gears.example.com"))[0] == 404


async def test_a_schema_that_is_none_is_a_bad_request(admin: Client) -> None:
    for inner in ({"type": "array", "items": {"type": 5}}, {"type": "object", "additionalProperties": 3}):
        code, answer = await admin.call("POST", DEFINITIONS, definition({"type": "object", "properties": {"a": inner}}))
        assert code == 400, answer
        assert answer["message"].startswith("CustomResourceDefinition in version")


async def test_a_definition_is_replaced_only_with_its_version(admin: Client) -> None:
    made = await admin.create(DEFINITIONS, definition({"type": "object"}))
    del made["metadata"]["resourceVersion"]
    code, answer = await admin.call("PUT", f"{DEFINITIONS}/gears.example.com", made)
    assert (code, answer["details"]["causes"][0]["field"]) == (422, "metadata.resourceVersion")


async def test_a_server_begins_with_its_levels_and_services(admin: Client) -> None:
    _, levels = await admin.get(LEVELS)
    assert len(levels["items"]) == 8
    _, local = await admin.get(f"{SERVICES}/v1.apps")
    assert local["status"]["conditions"][0]["reason"] == "Local"


async def test_what_every_server_has_stays_as_it_is(admin: Client) -> None:
    change = {"spec": {"limited": {"nominalConcurrencyShares": 7}}}
    code, answer = await admin.patch(f"{LEVELS}/catch-all", change)
    assert code == 422
    assert answer["details"]["causes"][0]["message"] == (
        'Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":7,"LimitResponse":{"Type":"Reject",'
        '"Queuing":null},"LendablePercent":0,"BorrowingLimitPercent":null},"Exempt":null}: spec of \'catch-all\' must '
        "equal the fixed value"
    )
