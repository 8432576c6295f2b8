"""The official Python client: list, watch, apply, patch, and an error's Status."""

import json
import sys

from kubernetes import client, config, dynamic, watch
from manifests import configmap, deployment

api = config.new_client_from_config(sys.argv[1])
core = client.CoreV1Api(api)

made = core.create_namespaced_config_map("default", configmap("typed", {"k": "1"}, {"a": "b"}))
listed = core.list_namespaced_config_map("default", label_selector="a=b")
assert [item.metadata.name for item in listed.items] == ["typed"]
core.patch_namespaced_config_map("typed", "default", {"data": {"k": "2"}})
core.delete_namespaced_config_map("typed", "default")
seen = [
    (event["type"], event["object"].data)
    for event in watch.Watch().stream(
        core.list_namespaced_config_map,
        "default",
        label_selector="a=b",
        resource_version=made.metadata.resource_version,
        timeout_seconds=1,
    )
]
assert seen == [("MODIFIED", {"k": "2"}), ("DELETED", {"k": "2"})], seen

try:
    client.AppsV1Api(api).read_namespaced_deployment("missing", "default")
except client.ApiException as error:
    assert (error.status, json.loads(error.body)["reason"]) == (404, "NotFound")
else:
    raise AssertionError("a Deployment that does not exist was read")

deployments = dynamic.DynamicClient(api).resources.get(api_version="apps/v1", kind="Deployment")
first = deployments.server_side_apply(body=deployment("applied", "busybox"), namespace="default", field_manager="smoke")
again = deployments.server_side_apply(body=deployment("applied", "alpine"), namespace="default", field_manager="smoke")
assert again.spec.template.spec.containers[0].image == "alpine"
assert again.metadata.uid == first.metadata.uid
assert [entry.operation for entry in again.metadata.managedFields] == ["Apply"]
