"""What is found on the disk again, and what removal leaves."""

import pytest

from operators._kube.meta import Key
from operators._node.nft import HostPort
from operators.pod import files, inventory, names
from operators.pod.environment import env_file
from operators.pod.inventory import Inventory
from operators.pod.paths import Paths
from operators.pod.units import unit
from operators.pod.units.parts import Container, Image, Machine

UID = "11111111-2222-3333-4444-555555555555"
POD = {
    "metadata": {"namespace": "shop", "name": "web-0", "uid": UID},
    "spec": {"containers": [{"name": "c", "image": "localhost/x"}]},
}


@pytest.fixture
def paths(tmp_path):
    return Paths(tmp_path / "units", tmp_path / "state", tmp_path / "run", tmp_path / "logs", tmp_path / "netns")


@pytest.fixture
def written(paths):
    machine = Machine(paths)
    port = HostPort("tcp", 8080, "10.244.0.9", 80)
    units = {
        **unit.slice_(POD, "BestEffort"),
        **unit.sandbox(POD, "BestEffort", "10.244.0.9", machine, inventory.dump_ports((port,))),
        **unit.container(
            POD, Container(POD["spec"]["containers"][0], "container", Image("abc", "r")), "BestEffort", machine
        ),
    }
    files.make_folders(paths, UID)
    files.write_units(paths, units)
    files.write_environment(paths, UID, "c", env_file.render({"A": "b"}))
    paths.log_dir("shop", "web-0", UID, "c").mkdir(parents=True)
    return paths


def test_scan(written):
    found = Inventory(written)
    found.scan()
    record = found.find(UID)
    assert record is not None
    assert (record.key, record.address, record.sandbox) == (
        Key("shop", "web-0"),
        "10.244.0.9",
        "ukube-shop_web-0.service",
    )
    assert record.slice == names.slice_(UID, "BestEffort")
    assert record.units["c"].hash == unit.restart_hash({"image": "localhost/x"})
    assert found.host_ports() == [HostPort("tcp", 8080, "10.244.0.9", 80)]
    assert found.owner("ukube-shop_web-0_c.service") == Key("shop", "web-0")
    assert found.nobodys() == []


def test_leftovers_without_units_belong_to_nobody(paths):
    files.make_folders(paths, UID)
    found = Inventory(paths)
    found.scan()
    assert found.nobodys() == [UID]


def test_environment_is_for_root_only(written):
    folder = written.pod_run(UID) / "env"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "c").stat().st_mode & 0o777 == 0o600


def test_services_start_at_boot(written):
    assert (written.boot / "ukube-shop_web-0_c.service").resolve() == written.units / "ukube-shop_web-0_c.service"


def test_removal_leaves_nothing(written):
    found = Inventory(written)
    found.scan()
    record = found.find(UID)
    assert record is not None
    files.remove(written, record)
    left = [str(path) for path in written.units.parent.rglob("*") if not path.is_dir()]
    assert left == []
    assert not written.pod_state(UID).exists()
    assert not written.pod_run(UID).exists()
    files.remove(written, record)  # again is fine


def test_write_is_atomic_and_lazy(paths):
    target = paths.state / "x"
    assert files.write(target, "one")
    assert not files.write(target, "one")
    assert files.write(target, "two", 0o600)
    assert target.read_text() == "two"
    assert [path.name for path in target.parent.iterdir()] == ["x"]
