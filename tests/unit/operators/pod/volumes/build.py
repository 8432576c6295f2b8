"""Pods and what they name, for the tests of this folder."""

import base64
from typing import Any

from operators.pod.sources import Missing, NodeFacts
from operators.pod.volumes import plan as plans
from operators.pod.volumes.parts import Roots, Volume

BUNDLES: list[dict[str, Any]] = []


class Objects:
    """Sources with a few objects."""

    def services(self, namespace: str) -> tuple[()]:
        return ()

    def token(self, pod: Any, audience: str, seconds: int) -> str:
        if audience == "refused":
            raise Missing("failed to fetch token: no")
        return f"token for {audience}"

    def config_map(self, namespace: str, name: str) -> Any:
        return {"data": {"a.conf": "one", "b.conf": "two"}} if name == "settings" else None

    def secret(self, namespace: str, name: str) -> Any:
        return {"data": {"key": base64.b64encode(b"\x00\xff").decode()}} if name == "keys" else None

    def claim(self, namespace: str, name: str) -> Any:
        return None

    def persistent_volume(self, name: str) -> Any:
        return None

    def trust_bundles(self) -> Any:
        return BUNDLES or None


def pod(*declared: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"app": "x"}},
        "spec": {"volumes": list(declared), "containers": [{"name": "c"}], **spec},
    }


def plan(*declared: dict[str, Any], roots: Roots | None = None, memory: str = "0", **spec: Any) -> dict[str, Volume]:
    facts = NodeFacts(allocatable={"memory": memory})
    return plans.plan(pod(*declared, **spec), Objects(), roots or Roots("/disk", "/memory"), facts)
