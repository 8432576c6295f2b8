from typing import Any

import pytest

from operators.binder import ports

from .build import pod


def port(number: int, protocol: str | None = None, address: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"containerPort": 80, "hostPort": number}
    if protocol:
        found["protocol"] = protocol
    if address:
        found["hostIP"] = address
    return found


@pytest.mark.parametrize(
    ("mine", "taken", "conflict"),
    [
        (port(80), port(80), True),
        (port(80), port(81), False),
        (port(80, "TCP"), port(80, "UDP"), False),
        (port(80, "TCP"), port(80), True),
        (port(80, None, "127.0.0.1"), port(80, None, "127.0.0.2"), False),
        (port(80, None, "127.0.0.1"), port(80, None, "127.0.0.1"), True),
        (port(80, None, "127.0.0.1"), port(80), True),
        (port(80), port(80, None, "127.0.0.1"), True),
        (port(80, None, "0.0.0.0"), port(80), True),
        ({"containerPort": 80}, port(80), False),
        (port(0), port(0), False),
    ],
)
def test_conflict(mine: dict[str, Any], taken: dict[str, Any], conflict: bool) -> None:
    assert ports.conflict(pod("a", ports=[mine]), [pod("x"), pod("b", ports=[taken])]) is conflict


def test_sidecars_hold_ports_and_init_containers_do_not() -> None:
    holder = pod(initContainers=[{"name": "s", "restartPolicy": "Always", "ports": [port(80)]}])
    assert ports.conflict(pod("a", ports=[port(80)]), [holder])
    passing = pod(initContainers=[{"name": "i", "ports": [port(80)]}])
    assert not ports.conflict(pod("a", ports=[port(80)]), [passing])
