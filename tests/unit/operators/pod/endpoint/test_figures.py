"""What is told of usage: the summary and both metrics pages, from a reading that is made up."""

from pathlib import Path

import pytest

from operators.pod.endpoint import cadvisor, exposition, ownmetrics, readings, resourcemetrics, summary
from operators.pod.resources import figures

ROOT = Path("/sys/fs/cgroup")
SLICE = ROOT / "kubepods.slice/kubepods-podu.slice"
PAYLOAD = SLICE / "unit.service/libpod-payload-abc"
FS = figures.FileSystem(1000, 600, 400, 100, 90, 10)
MEMORY = figures.Memory(usage=900, working_set=700, rss=500, limit=1000, page_faults=5, major_page_faults=1)
GROUP = figures.Group(
    at=1_700_000_000.5,
    cpu=figures.Cpu(usage=2_500_000_000, user=2_000_000_000, system=500_000_000),
    memory=MEMORY,
    processes=3,
    stalls={"cpu some": figures.Stall(1.0, 2.0, 3.0, 4_000_000_000)},
    started=1_600_000_000.0,
)
POD = {
    "metadata": {"namespace": "ns", "name": "web", "uid": "u"},
    "spec": {"containers": [{"name": "c", "image": "web:1"}]},
    "status": {"startTime": "2023-01-01T00:00:00Z"},
}
DISK = readings.Disk(30, 4, FS)
READING = readings.Reading(
    node=GROUP,
    cores={"": 250, str(SLICE): 100, str(PAYLOAD): 90},
    interfaces=(figures.Interface("ens3", 10, 1, 0, 0, 20, 2, 0, 0),),
    systems={"kubelet": (ROOT / "system.slice/ukube-operators.service", GROUP)},
    root=FS,
    images=FS,
    pods=(
        readings.PodReading(
            POD,
            figures.Pod(
                "u",
                SLICE,
                GROUP,
                (figures.Container("c", "abc", 7, PAYLOAD, GROUP),),
                (figures.Interface("eth0", 5, 1, 0, 0, 6, 2, 0, 0),),
            ),
            logs={"c": DISK},
            rootfs={"c": DISK},
            volumes=(readings.Volume("data", DISK), readings.Volume("claimed", DISK, "pvc")),
        ),
    ),
    capacity=4096,
    most_processes=32768,
    cpus=2,
)


def test_summary() -> None:
    found = summary.compute("pi", READING)
    node, (pod,) = found["node"], found["pods"]
    assert node["nodeName"] == "pi"
    assert node["cpu"] == {
        "time": "2023-11-14T22:13:20Z",
        "usageNanoCores": 250,
        "usageCoreNanoSeconds": 2_500_000_000,
        "psi": {"some": {"total": 4_000_000_000, "avg10": 1.0, "avg60": 2.0, "avg300": 3.0}},
    }
    assert node["memory"]["availableBytes"] == 4096 - 700
    assert node["network"]["name"] == "ens3" and node["network"]["interfaces"][0]["rxBytes"] == 10
    assert node["fs"]["inodesFree"] == 90
    assert node["rlimit"] == {"time": "2023-11-14T22:13:20Z", "maxpid": 32768, "curproc": 3}
    assert [entry["name"] for entry in node["systemContainers"]] == ["kubelet"]
    assert pod["podRef"] == {"name": "web", "namespace": "ns", "uid": "u"}
    assert pod["cpu"]["usageNanoCores"] == 100
    assert "availableBytes" not in pod["memory"]
    (container,) = pod["containers"]
    assert (container["name"], container["cpu"]["usageNanoCores"]) == ("c", 90)
    assert container["memory"]["availableBytes"] == 300
    assert (container["rootfs"]["usedBytes"], container["logs"]["capacityBytes"]) == (30, 1000)
    assert [volume.get("pvcRef") for volume in pod["volume"]] == [None, {"name": "pvc", "namespace": "ns"}]
    assert (pod["ephemeral-storage"]["usedBytes"], pod["process_stats"]) == (90, {"process_count": 3})


def test_summary_of_cpu_and_memory_alone() -> None:
    found = summary.compute("pi", READING, only_cpu_and_memory=True)
    assert set(found["node"]) == {"nodeName", "systemContainers", "startTime", "cpu", "memory"}
    assert set(found["pods"][0]) == {"podRef", "startTime", "containers", "cpu", "memory"}
    assert set(found["pods"][0]["containers"][0]) == {"name", "startTime", "cpu", "memory"}


@pytest.mark.parametrize(
    "line",
    [
        "node_cpu_usage_seconds_total 2.5 1700000000500",
        "node_memory_working_set_bytes 700 1700000000500",
        'pod_cpu_usage_seconds_total{namespace="ns",pod="web"} 2.5 1700000000500',
        'pod_memory_working_set_bytes{namespace="ns",pod="web"} 700 1700000000500',
        'container_cpu_usage_seconds_total{container="c",namespace="ns",pod="web"} 2.5 1700000000500',
        'container_memory_working_set_bytes{container="c",namespace="ns",pod="web"} 700 1700000000500',
        'container_start_time_seconds{container="c",namespace="ns",pod="web"} 1600000000',
        "resource_scrape_error 0",
        "# TYPE container_cpu_usage_seconds_total counter",
    ],
)
def test_resource_metrics(line: str) -> None:
    assert line in exposition.render(resourcemetrics.families(READING)).splitlines()


IDENTITY = 'namespace="ns",pod="web"'
POD_ID = 'id="/kubepods.slice/kubepods-podu.slice"'
PAYLOAD_ID = 'id="/kubepods.slice/kubepods-podu.slice/unit.service/libpod-payload-abc"'
REST = f'{PAYLOAD_ID},image="web:1",name="abc",{IDENTITY}'
CONTAINER = f'container="c",{REST}'


@pytest.mark.parametrize(
    "line",
    [
        f'container_cpu_usage_seconds_total{{container="c",cpu="total",{REST}}} 2.5 1700000000500',
        f"container_memory_working_set_bytes{{{CONTAINER}}} 700 1700000000500",
        f"container_spec_memory_limit_bytes{{{CONTAINER}}} 1000 1700000000500",
        'container_memory_rss{container="",id="/",image="",name="",namespace="",pod=""} 500 1700000000500',
        f'container_network_receive_bytes_total{{container="",{POD_ID},image="",interface="eth0",name="",{IDENTITY}}}'
        " 5 1700000000500",
        f"container_pressure_cpu_waiting_seconds_total{{{CONTAINER}}} 4 1700000000500",
        "machine_cpu_cores 2",
        "machine_memory_bytes 4096",
    ],
)
def test_cadvisor_metrics(line: str) -> None:
    assert line in exposition.render(cadvisor.families(READING, ROOT)).splitlines()


def test_both_pages_are_what_prometheus_reads() -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    for found in (resourcemetrics.families(READING), cadvisor.families(READING, ROOT)):
        parsed = list(parser.text_string_to_metric_families(exposition.render(found)))
        assert len(parsed) == len([family for family in found if family.samples])


def test_claims_in_own_metrics() -> None:
    text = exposition.render(ownmetrics.of_volumes(READING))
    assert 'kubelet_volume_stats_used_bytes{namespace="ns",persistentvolumeclaim="pvc"} 30\n' in text
    assert 'kubelet_volume_stats_available_bytes{namespace="ns",persistentvolumeclaim="pvc"} 600\n' in text


def test_labels_are_escaped() -> None:
    family = exposition.Family("x", "h", "gauge", (exposition.Sample(1.5, {"a": 'b"\\\n'}),))
    assert exposition.render([family]).splitlines()[-1] == r'x{a="b\"\\\n"} 1.5'


@pytest.mark.parametrize(
    ("before", "after", "nanocores"),
    [((1.0, 0), (2.0, 500), 500), ((1.0, 0), (3.0, 500), 250), ((1.0, 9), (2.0, 3), 0), ((1.0, 0), (1.0, 5), 0)],
)
def test_rate(before: tuple[float, int], after: tuple[float, int], nanocores: int) -> None:
    assert readings.rate(before, after) == nanocores
