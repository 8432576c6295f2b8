"""The table of supported fields names every field of the schema, and says what is true."""

import gzip
from typing import Any

import orjson
import pytest

from operators.pod.admission.admit import admit
from operators.pod.admission.rejection import Scene
from operators.pod.sources import NodeFacts
from operators.pod.support import page
from operators.pod.volumes import plan
from operators.pod.volumes.parts import Roots
from tests.servers import ROOT

DEFINITIONS = orjson.loads(gzip.decompress((ROOT / "apiserver_stub/schema/data/definitions.full.json.gz").read_bytes()))
CORE = "io.k8s.api.core.v1."
TABLE = page.table()
# Followed no further: what they hold is not part of a Pod.
OTHERS = {"io.k8s.apimachinery.pkg.api.resource.Quantity", "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector"}


def type_of(field: dict[str, Any]) -> str | None:
    item = field.get("items") or field
    reference = item.get("$ref") or next((part["$ref"] for part in item.get("allOf", ()) if "$ref" in part), None)
    name = reference.rsplit("/", 1)[-1] if reference else None
    return name if name and name not in OTHERS and DEFINITIONS[name].get("properties") else None


def reachable() -> dict[str, dict[str, Any]]:
    """The fields of every type that a Pod's spec leads to, through fields that the node itself honours."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [f"{CORE}PodSpec"]
    while waiting:
        name = waiting.pop()
        short = name.removeprefix(CORE)
        if short in found:
            continue
        found[short] = DEFINITIONS[name]["properties"]
        for field, definition in found[short].items():
            state = TABLE.get(short, {}).get(field, ("done", ""))[0]
            inner = type_of(definition)
            if inner and state == "done":
                waiting.append(inner)
    return found


def test_every_field_of_the_schema_is_named_and_none_else():
    named = {type_: sorted(fields) for type_, fields in TABLE.items()}
    assert named == {type_: sorted(fields) for type_, fields in reachable().items()}


def refused(type_: str) -> list[str]:
    return [name for name, (state, _) in TABLE[type_].items() if state == "refused"]


@pytest.mark.parametrize("field", refused("PodSpec"))
def test_pods_with_a_refused_field_are_rejected(field: str):
    assert field == "resourceClaims"  # another one needs a case of its own
    pod = {"metadata": {}, "spec": {"containers": [], "resourceClaims": [{"name": "gpu"}]}}
    found = admit(pod, Scene())
    assert found is not None
    assert "gpu" in found.message


@pytest.mark.parametrize("field", refused("Volume"))
def test_pods_with_a_refused_volume_wait(field: str):
    """Nobody who has no such volume is told that it is there."""
    pod = {"metadata": {"namespace": "ns", "name": "p", "uid": "u"}, "spec": {"volumes": [{"name": "v", field: {}}]}}
    nothing: Any = None
    volume = plan.plan(pod, nothing, Roots(disk="/d", memory="/m"), NodeFacts())["v"]
    assert (volume.kind, field in volume.error) == ("absent", True)


@pytest.mark.parametrize("field", refused("VolumeProjection"))
def test_pods_with_a_refused_source_wait(field: str):
    projected = {"name": "v", "projected": {"sources": [{field: {}}]}}
    pod = {"metadata": {"namespace": "ns", "name": "p", "uid": "u"}, "spec": {"volumes": [projected]}}
    nothing: Any = None
    volume = plan.plan(pod, nothing, Roots(disk="/d", memory="/m"), NodeFacts())["v"]
    assert (volume.kind, field in volume.error) == ("absent", True)


def test_other_systems_pods_are_rejected():
    found = admit({"metadata": {}, "spec": {"containers": [], "os": {"name": "windows"}}}, Scene())
    assert found is not None
    assert found.reason == "PodOSNotSupported"


def test_states_are_known():
    assert {state for fields in TABLE.values() for state, _ in fields.values()} <= set(page.STATES)
    assert all(how for fields in TABLE.values() for _, how in fields.values())


def test_the_page_is_made_from_the_table():
    path = ROOT / "docs" / "reference" / "pod-support.md"
    assert path.read_text() == page.render(TABLE), f"python -m operators.pod.support.page > {path.relative_to(ROOT)}"
