"""Custom resources from their definition to their removal, over HTTP."""

import asyncio
import json
from typing import Any

from tests.api.conftest import Api, Client, Object

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "shop.example.com"
WIDGETS = f"/apis/{GROUP}/v1/namespaces/default/widgets"
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


def version(name: str = "v1", spec: Object | None = None, **more: Any) -> Object:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": spec or {}}}}
    return {"name": name, "served": True, "storage": False, "schema": {"openAPIV3Schema": schema}} | more


def definition(*versions: Object, plural: str = "widgets", kind: str = "Widget", **spec: Any) -> Object:
    found = list(versions) or [version(spec={"size": {"type": "integer"}}, storage=True)]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": found,
        }
        | spec,
    }


def widget(name: str, spec: Object | None = None, api_version: str = f"{GROUP}/v1", **meta: Any) -> Object:
    return {"apiVersion": api_version, "kind": "Widget", "metadata": {"name": name, **meta}, "spec": spec or {}}


def condition(crd: Object, kind: str) -> tuple[str, str] | None:
    found = [c for c in crd.get("status", {}).get("conditions") or () if c["type"] == kind]
    return (found[0]["status"], found[0]["reason"]) if found else None


async def until(admin: Client, name: str, kind: str, value: str) -> Object:
    """The definition once a condition has a value."""
    async with asyncio.timeout(10), admin.watch(CRDS, fieldSelector=f"metadata.name={name}") as watch:
        while event := await watch.next():
            found = condition(event["object"], kind)
            if found and found[0] == value:
                return dict(event["object"])
    raise AssertionError("the watch ended")


async def define(admin: Client, crd: Object) -> Object:
    await admin.create(CRDS, crd)
    return await until(admin, crd["metadata"]["name"], "Established", "True")


async def test_definition_goes_its_way(admin: Client) -> None:
    async with admin.watch(CRDS) as watch:
        await admin.create(CRDS, definition())
        seen = []
        for _ in range(3):
            event = await watch.next()
            assert event
            crd = event["object"]
            seen.append((event["type"], condition(crd, "NamesAccepted"), condition(crd, "Established")))
    assert seen == [
        ("ADDED", None, None),
        ("MODIFIED", ("True", "NoConflicts"), ("False", "Installing")),
        ("MODIFIED", ("True", "NoConflicts"), ("True", "InitialNamesAccepted")),
    ]
    assert (await admin.create(WIDGETS, widget("a", {"size": 1})))["metadata"]["generation"] == 1


async def test_deletion_waits_for_instances(admin: Client) -> None:
    await define(admin, definition())
    await admin.create(WIDGETS, widget("held", finalizers=["example.com/hold"]))
    await admin.create(WIDGETS, widget("free"))
    async with admin.watch(WIDGETS) as watch:
        assert await watch.some(2) == [("ADDED", "free"), ("ADDED", "held")]
        code, crd = await admin.call("DELETE", f"{CRDS}/widgets.{GROUP}")
        assert (code, condition(crd, "Terminating")) == (200, ("True", "InstanceDeletionPending"))
        # The client keeps its watch and sees the instances go.
        assert sorted(await watch.some(2)) == [("DELETED", "free"), ("MODIFIED", "held")]
        code, refused = await admin.call("POST", WIDGETS, widget("late"))
        assert (code, refused["message"]) == (405, "create not allowed while custom resource definition is terminating")
        crd = (await admin.get(f"{CRDS}/widgets.{GROUP}"))[1]
        assert condition(crd, "Terminating") == ("True", "InstanceDeletionInProgress")
        async with admin.watch(CRDS) as crds:
            await crds.next()
            await admin.patch(f"{WIDGETS}/held", {"metadata": {"finalizers": None}})
            assert await watch.some(1) == [("DELETED", "held")]
            event = await crds.next()
        assert event and event["type"] == "DELETED"
        assert await watch.next() is None
    assert (await admin.get(WIDGETS)) == (404, b"404 page not found\n")
    await define(admin, definition())
    assert (await admin.get(WIDGETS))[1]["items"] == []


async def test_served_again_after_a_restart(api: Api) -> None:
    async with api.client() as admin:
        await define(admin, definition())
        await admin.create(WIDGETS, widget("a", {"size": 1}))
    await api.stop()
    await api.start()
    async with api.client() as admin:
        code, found = await admin.get(f"{WIDGETS}/a")
        assert (code, found["spec"]) == (200, {"size": 1})


async def test_names_are_taken_once_and_freed(admin: Client) -> None:
    await define(admin, definition())
    await admin.create(CRDS, definition(plural="wydgets"))
    crd = await until(admin, f"wydgets.{GROUP}", "NamesAccepted", "False")
    assert condition(crd, "NamesAccepted") == ("False", "ListKindConflict")
    assert (await admin.get(f"/apis/{GROUP}/v1/namespaces/default/wydgets"))[0] == 404
    await admin.call("DELETE", f"{CRDS}/widgets.{GROUP}")
    crd = await until(admin, f"wydgets.{GROUP}", "Established", "True")
    assert crd["status"]["acceptedNames"]["kind"] == "Widget"


async def test_group_of_the_project_wants_approval(admin: Client) -> None:
    crd = definition()
    crd["metadata"] = {
        "name": "widgets.shop.k8s.io",
        "annotations": {"api-approved.kubernetes.io": "unapproved, experimental"},
    }
    crd["spec"]["group"] = "shop.k8s.io"
    await admin.create(CRDS, crd)
    found = await until(admin, "widgets.shop.k8s.io", "KubernetesAPIApprovalPolicyConformant", "False")
    assert condition(found, "KubernetesAPIApprovalPolicyConformant") == ("False", "UnapprovedAnnotation")


async def test_versions_share_their_objects(admin: Client) -> None:
    text, size = {"type": "string"}, {"type": "integer"}
    old = version("v1beta1", {"size": size}, deprecated=True)
    await define(admin, definition(version("v1", {"size": size, "text": text}, storage=True), old))
    await admin.create(WIDGETS, widget("a", {"size": 1, "text": "x"}))
    path = f"/apis/{GROUP}/v1beta1/namespaces/default/widgets"
    _, headers, found = await admin.full("GET", f"{path}/a")
    assert (found["apiVersion"], found["spec"]) == (f"{GROUP}/v1beta1", {"size": 1})
    assert headers["Warning"] == f'299 - "{GROUP}/v1beta1 Widget is deprecated"'
    # Written in the version that knows less: what it does not know goes.
    await admin.patch(f"{path}/a", {"spec": {"size": 2}})
    assert (await admin.get(f"{WIDGETS}/a"))[1]["spec"] == {"size": 2}
    items = (await admin.get(path))[1]["items"]
    assert [(item["apiVersion"], item["kind"]) for item in items] == [(f"{GROUP}/v1beta1", "Widget")]


async def test_changed_definition(admin: Client) -> None:
    """Defaults that come later are seen in old objects; a write without change moves them to the storage version."""
    await define(admin, definition())
    first = await admin.create(WIDGETS, widget("a"))
    async with admin.watch(WIDGETS, resourceVersion=first["metadata"]["resourceVersion"]) as watch:
        size = {"type": "integer"}
        new = [version("v1", {"size": size | {"default": 7}}), version("v2", {"size": size}, storage=True)]
        assert (await admin.patch(f"{CRDS}/widgets.{GROUP}", {"spec": {"versions": new}}))[0] == 200
        assert await watch.next() is None, "watches of the old definition end"
    found = (await admin.get(f"{WIDGETS}/a"))[1]
    assert found["spec"] == {"size": 7}
    assert found["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    code, moved = await admin.call("PUT", f"{WIDGETS}/a", found)
    assert (code, int(moved["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])) == (200, True)
    assert (await admin.call("PUT", f"{WIDGETS}/a", moved))[1]["metadata"] == moved["metadata"]
    assert (await admin.get(f"{CRDS}/widgets.{GROUP}"))[1]["status"]["storedVersions"] == ["v1", "v2"]


async def test_discovery_and_documents(admin: Client) -> None:
    aggregated = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
    _, before, _ = await admin.full("GET", "/apis", headers=aggregated)
    hashes = json.loads((await admin.get("/openapi/v3"))[1])
    columns = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]
    await define(
        admin,
        definition(
            version("v1", {"size": {"type": "integer", "description": "How large."}}, storage=True),
            version("v2alpha1"),
            version("v2", additionalPrinterColumns=columns, subresources={"status": {}}),
            version("v3", served=False),
        ),
    )
    _, after, groups = await admin.full("GET", "/apis", headers=aggregated)
    assert before["ETag"] != after["ETag"]
    found = groups["items"][-1]
    assert (found["metadata"], [v["version"] for v in found["versions"]]) == ({"name": GROUP}, ["v2", "v1", "v2alpha1"])
    kind = {"group": GROUP, "version": "v2", "kind": "Widget"}
    assert found["versions"][0]["resources"][0]["responseKind"] == kind
    assert found["versions"][0]["resources"][0]["subresources"][0]["responseKind"] == kind
    assert (await admin.get(f"/apis/{GROUP}"))[1]["preferredVersion"]["version"] == "v2"
    paths = json.loads((await admin.get("/openapi/v3"))[1])["paths"]
    assert {path: paths[path] for path in hashes["paths"]} == hashes["paths"], "other versions keep their hashes"
    _, document = await admin.get(paths[f"apis/{GROUP}/v1"]["serverRelativeURL"].partition("?")[0])
    schema = document["components"]["schemas"]["com.example.shop.v1.Widget"]
    assert schema["properties"]["spec"]["properties"]["size"]["description"] == "How large."
    assert schema["properties"]["metadata"]["allOf"] == [
        {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
    ]
    assert "com.example.shop.v1.WidgetList" in (await admin.get("/openapi/v2"))[1]["definitions"]
    async with (
        asyncio.timeout(10),
        admin.watch(CRDS, sendInitialEvents="true", resourceVersionMatch="NotOlderThan") as w,
    ):
        await admin.call("DELETE", f"{CRDS}/widgets.{GROUP}")
        while (event := await w.next()) and event["type"] != "DELETED":
            pass
    assert (await admin.get(f"/apis/{GROUP}"))[0] == 404
    assert json.loads((await admin.get("/openapi/v3"))[1]) == hashes


REFUSED: list[tuple[str, str, Any, int, str | None]] = [
    ("POST", f"/apis/{GROUP}/v1/widgets", widget("x"), 404, None),
    ("GET", f"/apis/{GROUP}/v9/namespaces/default/widgets", None, 404, None),
    ("GET", f"/apis/{GROUP}/v1/namespaces/default/gadgets", None, 404, None),
    ("PUT", WIDGETS, widget("x"), 400, "name must be provided"),
    ("GET", f"{WIDGETS}/a/status", None, 404, f'widgets.{GROUP} "a" not found'),
    ("GET", f"{WIDGETS}/a/log", None, 404, f'widgets.{GROUP} "a" not found'),
    (
        "POST",
        WIDGETS,
        {"metadata": {"name": "x"}},
        400,
        "the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in "
        '\'{"metadata": {"name": "x"}}\' ({"metadata": {"name": "x"}})',
    ),
    (
        "POST",
        WIDGETS,
        widget("x", api_version=f"{GROUP}/v2"),
        400,
        f"the API version in the data ({GROUP}/v2) does not match the expected API version ({GROUP}/v1)",
    ),
    (
        "POST",
        WIDGETS,
        {**widget("x"), "kind": "Gadget", "metadata": {}},
        422,
        f'Gadget.{GROUP} "" is invalid: kind: Invalid value: "Gadget": must be Widget',
    ),
    (
        "POST",
        WIDGETS,
        widget("x", labels="a"),
        400,
        'Widget in version "v1" cannot be handled as a Widget: json: cannot unmarshal string into Go struct field '
        "ObjectMeta.labels of type map[string]string",
    ),
    (
        "POST",
        f"{WIDGETS}?fieldValidation=Strict",
        b'{"apiVersion":"shop.example.com/v1","kind":"Widget","metadata":{"name":"x","extra":1},'
        b'"spec":{"size":1,"size":2,"no":{"a":1}}}',
        400,
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: duplicate field "spec.size", '
        'unknown field "metadata.extra", unknown field "spec.no"',
    ),
    ("GET", f"{WIDGETS}?fieldSelector=spec.size%3D1", None, 400, "field label not supported: spec.size"),
]


async def test_refusals(admin: Client) -> None:
    """Without a message: the path is none."""
    await define(admin, definition())
    for method, path, body, code, message in REFUSED:
        found, answer = await admin.call(method, path, body)
        assert found == code, (method, path, answer)
        assert (answer == b"404 page not found\n") if message is None else (answer["message"] == message), answer
    assert (await admin.get(WIDGETS))[1]["items"] == []


async def test_media_types(admin: Client) -> None:
    await define(admin, definition())
    protobuf, only = "application/vnd.kubernetes.protobuf", "only the following media types are accepted: "
    for accept, code, message in (
        (f"{protobuf},application/json", 200, ""),
        ("text/html", 406, f"{only}application/json, application/yaml, {protobuf}"),
        (
            protobuf,
            406,
            "object *unstructured.UnstructuredList does not implement the protobuf marshalling interface and cannot "
            "be encoded to a protobuf message",
        ),
    ):
        found, _, answer = await admin.full("GET", WIDGETS, headers={"Accept": accept})
        assert (found, answer.get("message", "")) == (code, message)
    for content_type, body, code in ((protobuf, b"k8s\0junk", 400), ("text/plain", b"x", 415), (protobuf, b"x", 400)):
        found, _ = await admin.call("POST", WIDGETS, body, {"Content-Type": content_type})
        assert found == code, content_type


async def test_cluster_scope(admin: Client) -> None:
    await define(admin, definition(scope="Cluster"))
    await admin.create(f"/apis/{GROUP}/v1/widgets", widget("a"))
    assert (await admin.get(f"/apis/{GROUP}/v1/widgets/a"))[1]["metadata"].get("namespace") is None
    assert (await admin.get(f"{WIDGETS}/a"))[0] == 404


async def test_selectable_fields(admin: Client) -> None:
    fields = {"color": {"type": "string"}, "size": {"type": "integer"}, "on": {"type": "boolean"}}
    paths = [{"jsonPath": f".spec.{name}"} for name in fields]
    await define(admin, definition(version("v1", fields, storage=True, selectableFields=paths)))
    await admin.create(WIDGETS, widget("a", {"color": "red", "size": 3, "on": True}))
    await admin.create(WIDGETS, widget("b", {"color": "blue", "on": False}))
    for selector, names in (
        ("spec.color=red", ["a"]),
        ("spec.color!=red", ["b"]),
        ("spec.size=3,spec.on=true", ["a"]),
        ("spec.size=", ["b"]),
        ("spec.on=false,metadata.name=b", ["b"]),
    ):
        items = (await admin.get(WIDGETS, fieldSelector=selector))[1]["items"]
        assert [item["metadata"]["name"] for item in items] == names, selector


async def test_scale_at_the_paths_of_the_definition(admin: Client) -> None:
    scale = {
        "specReplicasPath": ".spec.count",
        "statusReplicasPath": ".status.count",
        "labelSelectorPath": ".status.selector",
    }
    declared = version("v1", {"count": {"type": "integer"}}, storage=True, subresources={"scale": scale})
    declared["schema"]["openAPIV3Schema"]["properties"]["status"] = {
        "type": "object",
        "properties": {"count": {"type": "integer"}, "selector": {"type": "string"}},
    }
    await define(admin, definition(declared))
    await admin.create(WIDGETS, widget("a") | {"status": {"count": 2, "selector": "a=b"}})
    code, missing = await admin.get(f"{WIDGETS}/a/scale")
    text = 'Internal error occurred: the spec replicas field ".spec.count" does not exist'
    assert (code, missing["message"]) == (500, text)
    code, empty = await admin.patch(f"{WIDGETS}/a/scale", {"metadata": {"name": "a"}})
    assert (code, empty["message"]) == (400, 'the spec replicas field ".spec.count" cannot be empty')
    code, found = await admin.patch(f"{WIDGETS}/a/scale", {"spec": {"replicas": 4}})
    assert (code, found["spec"], found["status"]) == (200, {"replicas": 4}, {"replicas": 2, "selector": "a=b"})
    assert (await admin.get(f"{WIDGETS}/a"))[1]["spec"] == {"count": 4}
    code, refused = await admin.patch(f"{WIDGETS}/a/scale", {"spec": {"replicas": -1}})
    assert (code, refused["details"]["causes"][0]["field"]) == (422, ".spec.count")


async def test_list_and_table_of_nothing(admin: Client) -> None:
    await define(admin, definition())
    _, found = await admin.get(WIDGETS)
    assert (found["kind"], found["metadata"]["continue"], found["items"]) == ("WidgetList", "", [])
    _, _, table = await admin.full("GET", WIDGETS, headers=TABLE)
    assert ([column["name"] for column in table["columnDefinitions"]], table["rows"]) == (["Name", "Age"], [])
