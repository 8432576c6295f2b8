"""kr8s: list, watch, apply, patch, scale."""

import asyncio
import sys

import kr8s
from kr8s.asyncio.objects import ConfigMap, Deployment
from manifests import configmap, deployment


async def main() -> None:
    api = await kr8s.asyncio.api(kubeconfig=sys.argv[1])
    made = await ConfigMap(configmap("eight", {"k": "1"}), api=api)
    await made.create()
    await made.patch({"data": {"k": "2"}})
    await made.label({"seen": "yes"})
    listed = [item.name async for item in api.get("configmaps", namespace="default", label_selector="seen=yes")]
    assert listed == ["eight"], listed
    async for change, obj in api.watch("configmaps", namespace="default", label_selector="seen=yes"):
        assert (change, obj.raw["data"]) == ("ADDED", {"k": "2"})
        break
    await made.delete()
    assert not await made.exists()

    # kr8s has no word of its own for apply: its call_api sends the patch.
    body = deployment("eight", "busybox")
    for replicas in (0, 2):
        body["spec"]["replicas"] = replicas
        async with api.call_api(
            "PATCH",
            version="apps/v1",
            namespace="default",
            url="deployments/eight",
            params={"fieldManager": "smoke"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            json=body,
        ) as answer:
            assert answer.json()["spec"]["replicas"] == replicas
    scaled = await Deployment.get("eight", namespace="default", api=api)
    await scaled.scale(0)
    assert scaled.replicas == 0


asyncio.run(main())
