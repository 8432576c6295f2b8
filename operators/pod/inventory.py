"""Which Pods have anything on this node: read from the disk once, then kept along with what is written."""

from dataclasses import dataclass, field
from pathlib import Path

import orjson

from operators._kube.meta import Key
from operators._node.nft import HostPort
from operators.pod.paths import Paths
from operators.pod.units import unit
from operators.pod.units.parts import Isolation


@dataclass(frozen=True, slots=True)
class Unit:
    """A container's unit file. hash: see unit.restart_hash."""

    name: str
    role: str
    image: str
    hash: str


@dataclass(slots=True)
class Record:
    """One Pod on the node, by UID; key None: only leftovers are known, not whose they are."""

    uid: str
    key: Key | None = None
    sandbox: str = ""
    slice: str = ""
    address: str = ""
    host_ports: tuple[HostPort, ...] = ()
    units: dict[str, Unit] = field(default_factory=dict)
    isolation: Isolation = field(default_factory=Isolation)


class Inventory:
    """All records, by UID. The unit files are the only register there is."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._records: dict[str, Record] = {}
        self._owners: dict[str, Key] = {}

    def scan(self) -> None:
        """Reads the disk (blocking)."""
        self._records.clear()
        self._owners.clear()
        for path in sorted(self._paths.units.glob("ukube-*.service")) + sorted(
            self._paths.units.glob("kubepods-*.slice")
        ):
            self._read(path)
        for root in (self._paths.state / "pods", self._paths.run / "pods"):
            for folder in root.glob("*"):
                self.record(folder.name)
        for pin in self._paths.netns.glob("ukube-*"):
            self.record(pin.name.removeprefix("ukube-"))

    def _read(self, path: Path) -> None:
        identity = unit.identity(path.read_text(encoding="utf-8", errors="surrogateescape"))
        if not identity.get("UID"):
            return
        record = self.record(identity["UID"], Key(identity.get("Namespace", ""), identity.get("Pod", "")))
        role = identity.get("Role", "")
        if role == "slice":
            record.slice = path.name
        elif role == "sandbox":
            users = identity.get("Users", "")
            record.isolation = Isolation(int(users) if users.isdecimal() else 0, identity.get("Runtime", ""))
            self.put_sandbox(record, path.name, identity.get("Address", ""), _ports(identity.get("HostPorts", "[]")))
        else:
            found = Unit(path.name, role, identity.get("Image", ""), identity.get("Hash", ""))
            self.put_unit(record, identity.get("Container", ""), found)

    def record(self, uid: str, key: Key | None = None) -> Record:
        """The record of a UID, made when there is none."""
        record = self._records.setdefault(uid, Record(uid))
        record.key = record.key or key
        return record

    def find(self, uid: str) -> Record | None:
        return self._records.get(uid)

    def put_sandbox(self, record: Record, name: str, address: str, ports: tuple[HostPort, ...]) -> None:
        record.sandbox, record.address, record.host_ports = name, address, ports
        if record.key is not None:
            self._owners[name] = record.key

    def put_unit(self, record: Record, container: str, found: Unit) -> None:
        record.units[container] = found
        if record.key is not None:
            self._owners[found.name] = record.key

    def forget(self, uid: str) -> None:
        record = self._records.pop(uid, None)
        if record is not None:
            for name in (record.sandbox, *(found.name for found in record.units.values())):
                self._owners.pop(name, None)

    def owner(self, unit_name: str) -> Key | None:
        """Whose unit this is."""
        return self._owners.get(unit_name)

    def of_key(self, key: Key) -> list[Record]:
        return [record for record in self._records.values() if record.key == key]

    def nobodys(self) -> list[str]:
        """UIDs of leftovers that no unit file explains."""
        return [record.uid for record in self._records.values() if record.key is None]

    def owners(self) -> set[Key]:
        return {record.key for record in self._records.values() if record.key is not None}

    def addresses(self) -> set[str]:
        return {record.address for record in self._records.values() if record.address}

    def user_ranges(self) -> set[int]:
        """The first IDs of the ranges that Pods have; see security/ranges.py."""
        return {record.isolation.users for record in self._records.values() if record.isolation.users}

    def records(self) -> list[Record]:
        return list(self._records.values())

    def host_ports(self) -> list[HostPort]:
        return [port for record in self._records.values() for port in record.host_ports]


def dump_ports(ports: tuple[HostPort, ...]) -> str:
    return orjson.dumps([[p.protocol, p.port, p.pod_ip, p.pod_port, p.host_ip] for p in ports]).decode()


def _ports(text: str) -> tuple[HostPort, ...]:
    try:
        return tuple(HostPort(*row) for row in orjson.loads(text))
    except (orjson.JSONDecodeError, TypeError):
        return ()
