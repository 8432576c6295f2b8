"""Lists: selectors, pages, versions."""

from tests.api.conftest import CONFIGMAPS, Api, Client, configmap


async def fill(admin: Client, count: int) -> None:
    for number in range(count):
        await admin.create(CONFIGMAPS, configmap(f"c{number}", labels={"even": str(number % 2 == 0)}))


def names(got: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [item["metadata"]["name"] for item in got["items"]]


async def test_pages_are_of_one_version(admin: Client) -> None:
    await fill(admin, 5)
    _, first = await admin.get(CONFIGMAPS, limit="2")
    assert (names(first), first["metadata"]["remainingItemCount"]) == (["c0", "c1"], 3)
    await admin.create(CONFIGMAPS, configmap("c2a"))
    await admin.call("DELETE", f"{CONFIGMAPS}/c3")
    _, second = await admin.get(CONFIGMAPS, limit="2", **{"continue": first["metadata"]["continue"]})
    assert names(second) == ["c2", "c3"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    _, third = await admin.get(CONFIGMAPS, limit="2", **{"continue": second["metadata"]["continue"]})
    assert (names(third), "continue" in third["metadata"]) == (["c4"], False)


async def test_selectors(admin: Client) -> None:
    await fill(admin, 4)
    assert names((await admin.get(CONFIGMAPS, labelSelector="even=True"))[1]) == ["c0", "c2"]
    assert names((await admin.get(CONFIGMAPS, fieldSelector="metadata.name!=c1"))[1]) == ["c0", "c2", "c3"]
    assert names((await admin.get("/api/v1/configmaps", fieldSelector="metadata.name=c1"))[1]) == ["c1"]


async def test_an_expired_token_says_how_to_go_on(api: Api, admin: Client) -> None:
    await fill(admin, 3)
    _, first = await admin.get(CONFIGMAPS, limit="1")
    await admin.call("DELETE", f"{CONFIGMAPS}/c1")
    await admin.create(CONFIGMAPS, configmap("z"))
    api.app.log.compact(api.app.log._clock() + 1000)
    code, error = await admin.get(CONFIGMAPS, limit="1", **{"continue": first["metadata"]["continue"]})
    assert (code, error["reason"]) == (410, "Expired")
    _, rest = await admin.get(CONFIGMAPS, **{"continue": error["metadata"]["continue"]})
    assert names(rest) == ["c2", "z"]


async def test_versions(admin: Client) -> None:
    made = await admin.create(CONFIGMAPS, configmap("a", {"n": "1"}))
    await admin.patch(f"{CONFIGMAPS}/a", {"data": {"n": "2"}})
    version = made["metadata"]["resourceVersion"]
    for match, expected in (("Exact", "1"), ("NotOlderThan", "2")):
        _, got = await admin.get(CONFIGMAPS, resourceVersion=version, resourceVersionMatch=match)
        assert got["items"][0]["data"]["n"] == expected
    code, error = await admin.get(CONFIGMAPS, resourceVersion="99999999")
    assert (code, error["reason"]) == (504, "Timeout")


async def test_items_have_no_kind_of_their_own(admin: Client) -> None:
    await fill(admin, 1)
    _, got = await admin.get(CONFIGMAPS)
    assert (got["kind"], got["apiVersion"]) == ("ConfigMapList", "v1")
    assert "kind" not in got["items"][0]
