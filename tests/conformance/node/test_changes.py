"""What is changed in the API while a Pod runs is changed in its volumes."""

import pytest

from tests.conformance.cluster import Object
from tests.conformance.node.running import Running, config_map, container, mount, pod, secret

#: Prints what the file holds, again and again.
FOLLOW = "trap 'exit 0' TERM; while :; do cat {file} 2>/dev/null || echo none; sleep 0.3 & wait $!; done"


def follows(file: str, name: str = "main", volume: str = "volume") -> Object:
    return container(FOLLOW.format(file=f"/{volume}/{file}"), name, volumeMounts=[mount(f"/{volume}", volume)])


def says(running: Running, name: str, of: str, text: str) -> None:
    running.wait(lambda: text in running.log(name, of, tailLines=3), f"{of} of {name} says {text}")


CONFIG_MAP = "configmaps", config_map, lambda name: {"configMap": {"name": name, "optional": True}}
PROJECTED = "configmaps", config_map, lambda name: {"projected": {"sources": [CONFIG_MAP[2](name)]}}
SECRETS = (
    "secrets",
    secret,
    lambda name: {"projected": {"sources": [{"secret": {"name": name, "optional": True}}]}},
)
KINDS = {"configMap": CONFIG_MAP, "projected-configMap": PROJECTED, "projected-secret": SECRETS}


@pytest.mark.parametrize("kind", KINDS)
def test_optional_objects_come_change_and_go(running: Running, kind: str) -> None:
    plural, make, source = KINDS[kind]
    for name in ("delete", "update"):
        running.space.create(plural, make(name, **{"data-1": "value-1\n"}))
    names = ("create", "update", "delete")
    volumes = [{"name": name, **source(name)} for name in names]
    running.start(pod("pod", *(follows("data-*", name, name) for name in names), volumes=volumes))
    running.ready("pod")
    for name, text in zip(names, ("none", "value-1", "value-1"), strict=True):
        says(running, "pod", name, text)
    running.space.create(plural, make("create", **{"data-1": "value-1\n"}))
    running.space.patch(plural, "update", {key: make("x", **{"data-3": "value-3\n"})[key] for key in ("data",)})
    running.space.patch(plural, "update", {"data": {"data-1": None}})
    running.space.delete(plural, "delete")
    for name, text in zip(names, ("value-1", "value-3", "none"), strict=True):
        says(running, "pod", name, text)


@pytest.mark.parametrize("kind", ["configMap", "projected-configMap"])
def test_changes_are_reflected(running: Running, kind: str) -> None:
    plural, make, source = KINDS[kind]
    running.space.create(plural, make("map", **{"data-1": "value-1\n"}))
    running.start(pod("pod", follows("data-1"), volumes=[{"name": "volume", **source("map")}]))
    running.ready("pod")
    says(running, "pod", "main", "value-1")
    running.space.patch(plural, "map", {"data": {"data-1": "value-2\n"}})
    says(running, "pod", "main", "value-2")


@pytest.mark.parametrize("field", ["labels", "annotations"])
@pytest.mark.parametrize("way", ["downwardAPI", "projected"])
def test_changed_metadata_is_reflected(running: Running, field: str, way: str) -> None:
    source: Object = {"downwardAPI": {"items": [{"path": field, "fieldRef": {"fieldPath": f"metadata.{field}"}}]}}
    if way == "projected":
        source = {"projected": {"sources": [source]}}
    start = {field: {"key1": "value1"}}
    running.start(pod("pod", follows(field), metadata=start, volumes=[{"name": "volume", **source}]))
    running.ready("pod")
    says(running, "pod", "main", 'key1="value1"')
    running.space.patch("pods", "pod", {"metadata": {field: {"key3": "value3"}}})
    says(running, "pod", "main", 'key3="value3"')


def test_many_config_maps_in_every_pod_of_a_controller(running: Running) -> None:
    """Fifty volumes of ConfigMaps, five replicas; none waits for ever, none ends."""
    names = [f"racey-{number}" for number in range(50)]
    for name in names:
        running.space.create("configmaps", config_map(name, **{"data-1": "value-1"}))
    volumes = [{"name": name, "configMap": {"name": name}} for name in names]
    main = container(volumeMounts=[mount(f"/v/{name}", name) for name in names])
    body = pod("unused", main, volumes=volumes, restartPolicy="Always")
    template = {"metadata": {"labels": {"app": "race"}}, "spec": body["spec"]}
    running.space.create(
        "replicationcontrollers",
        {"metadata": {"name": "race"}, "spec": {"replicas": 5, "selector": {"app": "race"}, "template": template}},
    )
    running.wait(lambda: len(running.space.names("pods")) == 5, "there are five Pods")
    running.ready(*running.space.names("pods"))
    for found in running.space.items("pods"):
        assert found["status"]["containerStatuses"][0]["restartCount"] == 0
