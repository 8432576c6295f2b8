"""Discovery documents of the built-in kinds."""

from apiserver_stub import discovery
from apiserver_stub.schema import kinds

KINDS = kinds.builtin()


def entries(group: str, version: str) -> dict[str, dict[str, object]]:
    found = discovery.resource_list(KINDS, group, version)
    assert found is not None
    return {entry["name"]: entry for entry in found["resources"]}


def test_versions_of_the_core_group() -> None:
    assert discovery.api_versions("10.0.0.1:6443") == {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "10.0.0.1:6443"}],
    }


def test_groups_leave_out_the_core_group() -> None:
    groups = discovery.api_groups(KINDS)["groups"]
    assert groups[0]["name"] == "apiregistration.k8s.io"
    assert "" not in {group["name"] for group in groups}


def test_group_prefers_its_first_version() -> None:
    group = discovery.api_group(KINDS, "autoscaling")
    assert group is not None
    assert [v["version"] for v in group["versions"]] == ["v2", "v1"]
    assert group["preferredVersion"] == {"groupVersion": "autoscaling/v2", "version": "v2"}


def test_unknown_groups_and_versions() -> None:
    assert discovery.api_group(KINDS, "nope.io") is None
    assert discovery.api_group(KINDS, "") is None
    assert discovery.resource_list(KINDS, "apps", "v9") is None


def test_resource_list_of_pods() -> None:
    core = entries("", "v1")
    assert core["pods"] == {
        "name": "pods",
        "singularName": "pod",
        "namespaced": True,
        "kind": "Pod",
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        "shortNames": ["po"],
        "categories": ["all"],
        "storageVersionHash": "xPOwRZ+Yhw8=",
    }
    assert core["pods/eviction"]["group"] == "policy"
    assert "group" not in core["pods/log"]
    assert "storageVersionHash" not in core["bindings"]


def test_kinds_stored_elsewhere_share_a_hash() -> None:
    assert entries("events.k8s.io", "v1")["events"]["storageVersionHash"] == "r2yiGXH7wu8="
    assert entries("", "v1")["events"]["storageVersionHash"] == "r2yiGXH7wu8="
    crd = entries("apiextensions.k8s.io", "v1")["customresourcedefinitions"]
    assert crd["storageVersionHash"] == "jfWCUB31mvA="


def test_aggregated_holds_every_resource_once() -> None:
    found = [
        (group["metadata"].get("name", ""), version["version"], resource["resource"])
        for path in ("/api", "/apis")
        for group in discovery.aggregated(KINDS, path)["items"]
        for version in group["versions"]
        for resource in version["resources"]
    ]
    assert sorted(found) == sorted((r.group, r.version, r.name) for r in KINDS)


def test_aggregated_subresources_name_only_foreign_groups() -> None:
    core = discovery.aggregated(KINDS, "/api")["items"][0]["versions"][0]
    account = next(r for r in core["resources"] if r["resource"] == "serviceaccounts")
    assert account["subresources"] == [
        {
            "subresource": "token",
            "responseKind": {"group": "authentication.k8s.io", "version": "v1", "kind": "TokenRequest"},
            "verbs": ["create"],
        }
    ]
    assert core["freshness"] == "Current"
