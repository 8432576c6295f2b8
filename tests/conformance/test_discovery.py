"""Discovery, aggregated and not; the server's version."""

import re

from tests.conformance.cluster import Cluster, Object
from tests.conformance.definitions import Custom, definition

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
BUILT_IN = {
    ("", "v1", "pods"),
    ("", "v1", "configmaps"),
    ("", "v1", "namespaces"),
    ("apps", "v1", "deployments"),
    ("batch", "v1", "cronjobs"),
    ("certificates.k8s.io", "v1", "certificatesigningrequests"),
    ("networking.k8s.io", "v1", "ingresses"),
    ("rbac.authorization.k8s.io", "v1", "roles"),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions"),
    ("apiregistration.k8s.io", "v1", "apiservices"),
    ("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"),
}


def aggregated(cluster: Cluster, path: str) -> set[tuple[str, str, str]]:
    """(group, version, resource) of an aggregated discovery document."""
    answer = cluster.answer("GET", path, headers={"Accept": AGGREGATED})
    assert answer.headers["Content-Type"] == AGGREGATED
    document: Object = answer.json()
    assert (document["kind"], document["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
    return {
        (group["metadata"].get("name", ""), version["version"], resource["resource"])
        for group in document["items"]
        for version in group["versions"]
        for resource in version.get("resources", ())
    }


def test_aggregated_discovery(cluster: Cluster) -> None:
    found = aggregated(cluster, "/api") | aggregated(cluster, "/apis")
    assert found >= BUILT_IN
    plain = {
        (group["name"], version["version"], resource["name"])
        for group in cluster.get("/apis")["groups"]
        for version in group["versions"]
        for resource in cluster.get(f"/apis/{version['groupVersion']}")["resources"]
    }
    assert {names for names in found if names[0]} == {names for names in plain if "/" not in names[2]}


def test_aggregated_discovery_of_custom_resources(cluster: Cluster) -> None:
    custom = Custom(cluster, definition())
    assert (custom.group, "v1", custom.plural) in aggregated(cluster, "/apis")
    custom.delete()
    cluster.gone(f"/apis/{custom.group}/v1")
    assert (custom.group, "v1", custom.plural) not in aggregated(cluster, "/apis")


def test_aggregated_discovery_by_raw_accept_headers(cluster: Cluster) -> None:
    custom = Custom(cluster, definition())
    answer = cluster.answer("GET", "/apis", headers={"Accept": f"{AGGREGATED},application/json"})
    assert answer.headers["Content-Type"] == AGGREGATED
    assert custom.group in [group["metadata"]["name"] for group in answer.json()["items"]]
    answer = cluster.answer("GET", "/apis")
    assert answer.json()["kind"] == "APIGroupList"
    assert custom.group in [group["name"] for group in answer.json()["groups"]]


def test_every_group_has_versions_and_resources(cluster: Cluster) -> None:
    for group in cluster.get("/apis")["groups"]:
        for version in group["versions"]:
            found = cluster.get(f"/apis/{version['groupVersion']}")
            assert found["kind"] == "APIResourceList"
            assert found["groupVersion"] == version["groupVersion"]
            for resource in found["resources"]:
                assert resource["name"]
                assert resource["kind"]
                assert resource["verbs"]


def test_every_group_has_a_preferred_version(cluster: Cluster) -> None:
    groups = cluster.get("/apis")["groups"]
    assert len(groups) > 10
    for group in groups:
        alone = cluster.get(f"/apis/{group['name']}")
        assert alone["preferredVersion"] == group["preferredVersion"]
        assert group["preferredVersion"] in group["versions"]


def test_server_version(cluster: Cluster) -> None:
    found = cluster.get("/version")
    assert re.fullmatch(r"\d+", found["major"])
    assert re.fullmatch(r"\d+", found["minor"])
    assert found["gitVersion"].startswith(f"v{found['major']}.{found['minor']}.")


def test_clients_need_no_accept_header(cluster: Cluster) -> None:
    for path in ("/api", "/apis", "/api/", "/apis/", "/apis/apps", "/api/v1"):
        answer = cluster.answer("GET", path, headers={"Accept": ""})
        assert answer.headers["Content-Type"].startswith("application/json"), path
