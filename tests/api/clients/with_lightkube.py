"""lightkube: list, watch, apply with a conflict, patch."""

import sys

from lightkube import ApiError, Client, KubeConfig
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap
from lightkube.types import PatchType

client = Client(config=KubeConfig.from_file(sys.argv[1]), field_manager="smoke")

applied = client.apply(ConfigMap(metadata=ObjectMeta(name="light", namespace="default"), data={"k": "1"}))
assert applied.metadata
client.patch(ConfigMap, "light", {"data": {"k": "2"}}, namespace="default", patch_type=PatchType.MERGE)
addition = [{"op": "add", "path": "/data/x", "value": "3"}]
client.patch(ConfigMap, "light", addition, namespace="default", patch_type=PatchType.JSON)
(found,) = client.list(ConfigMap, namespace="default", fields={"metadata.name": "light"})
assert found.data == {"k": "2", "x": "3"}, found.data

mine = ConfigMap(metadata=ObjectMeta(name="light", namespace="default"), data={"k": "4"})
try:
    client.apply(mine, field_manager="other")
except ApiError as error:
    assert error.status.code == 409, error
else:
    raise AssertionError("what another manager had set was taken over without force")
assert client.apply(mine, field_manager="other", force=True).data == {"k": "4", "x": "3"}

client.delete(ConfigMap, "light", namespace="default")
seen = []
for change, obj in client.watch(
    ConfigMap,
    namespace="default",
    fields={"metadata.name": "light"},
    resource_version=applied.metadata.resourceVersion,
):
    seen.append((change, (obj.data or {}).get("k")))
    if change == "DELETED":
        break
assert seen == [("MODIFIED", "2"), ("MODIFIED", "2"), ("MODIFIED", "4"), ("DELETED", "4")], seen
