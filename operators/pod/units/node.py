"""The units of the node that every Pod leans on (pure text)."""

from collections.abc import Mapping

from operators.pod.units import escape, text
from operators.pod.units.parts import Machine

NETWORK = "ukube-network.service"
BOOT = "ukube-boot.service"
TARGET = "ukube.target"


def network(machine: Machine) -> Mapping[str, str]:
    """The network, and the target that starts the Pods at boot."""
    script = str(machine.paths.libexec / "network.sh")
    rules = [str(machine.paths.ruleset), str(machine.paths.service_rules)]
    up = [script, "up", machine.bridge, f"{machine.gateway}/{machine.prefix}", *rules]
    boot = [str(machine.paths.libexec / "boot.sh"), str(machine.paths.boot)]
    return {
        NETWORK: text.render(
            ("Unit", [("Description", "MicroKube Pod network"), ("After", "network-pre.target")]),
            ("Service", [("Type", "oneshot"), ("RemainAfterExit", "yes"), ("ExecStart", escape.command(up))]),
        ),
        BOOT: text.render(
            (
                "Unit",
                [
                    ("Description", "MicroKube Pods that were there before the boot"),
                    ("PartOf", TARGET),
                    ("After", "network.target dbus.socket"),
                ],
            ),
            ("Service", [("Type", "oneshot"), ("RemainAfterExit", "yes"), ("ExecStart", escape.command(boot))]),
        ),
        TARGET: text.render(
            ("Unit", [("Description", "MicroKube Pods"), ("Wants", BOOT), ("After", f"network.target {BOOT}")]),
            ("Install", [("WantedBy", "multi-user.target")]),
        ),
    }
