"""The table of kinds and the facts beside it."""

from apiserver_stub.schema import facts, kinds, openapi


def test_resources_are_found_by_name_and_by_kind() -> None:
    table = kinds.builtin()
    deployments = table.get("apps", "v1", "deployments")
    assert deployments is not None
    assert deployments is table.by_kind("apps", "v1", "Deployment")
    assert (deployments.api_version, deployments.group_resource) == ("apps/v1", "deployments.apps")
    assert deployments.subresources["scale"].group == "autoscaling"
    assert deployments.subresources["status"].kind == "Deployment"
    assert "deploy" in deployments.short_names and "all" in deployments.categories
    assert table.get("apps", "v1", "nothing") is None


def test_groups_come_in_order_with_core_first() -> None:
    groups = kinds.builtin().groups()
    assert groups[0] == kinds.Group("", ("v1",))
    assert {"apps", "batch", "events.k8s.io"} < {group.name for group in groups}
    autoscaling = next(group for group in groups if group.name == "autoscaling")
    assert autoscaling.versions == ("v2", "v1")


def test_every_resource_has_a_schema_and_every_listed_one_columns() -> None:
    for resource in kinds.builtin():
        assert openapi.node_for(resource).type == "object", resource
        if "list" in resource.verbs:
            assert facts.columns(resource), resource
            assert facts.field_selectors(resource), resource
            assert resource.list_kind == f"{resource.kind}List"


def test_facts() -> None:
    table = kinds.builtin()
    pods, endpoints = table.get("", "v1", "pods"), table.get("", "v1", "endpoints")
    assert pods and endpoints
    columns = facts.columns(pods)
    selectors = facts.field_selectors(pods)
    assert columns and columns[0] == facts.Column("Name", "string", "name", 0)
    assert selectors and "spec.nodeName" in selectors.supported
    assert facts.deprecation(pods) is None
    assert "EndpointSlice" in (facts.deprecation(endpoints) or "")
