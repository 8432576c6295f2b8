"""The node's nftables rules for Pods: one table, always replaced as a whole."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

TABLE = "inet ukube"


@dataclass(frozen=True, slots=True, order=True)
class HostPort:
    """A port of the node that leads to a Pod. protocol: "tcp", "udp" or "sctp"; host_ip "": any of the node's."""

    protocol: str
    port: int
    pod_ip: str
    pod_port: int
    host_ip: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Service:
    """A Service's address and port, and where they lead; protocol as above."""

    protocol: str
    address: str
    port: int
    to_address: str
    to_port: int


def render(network: str, bridge: str, ports: Iterable[HostPort], services: Iterable[Service] = ()) -> str:
    """The ruleset as text for `nft -f`: it replaces the table in one transaction (pure)."""
    every = sorted(set(ports))
    wide = ", ".join(f"{p.protocol} . {p.port} : {p.pod_ip} . {p.pod_port}" for p in every if not p.host_ip)
    narrow = ", ".join(f"{p.protocol} . {p.host_ip} . {p.port} : {p.pod_ip} . {p.pod_port}" for p in every if p.host_ip)
    # A Pod that reaches itself by way of the node must see somebody else, or it would answer itself past the node.
    hairpin = ", ".join(sorted({f"{p.pod_ip} . {p.pod_ip}" for p in every}))
    led = ", ".join(f"{s.protocol} . {s.address} . {s.port} : {s.to_address} . {s.to_port}" for s in sorted(services))
    return f"""table {TABLE}
delete table {TABLE}
table {TABLE} {{
    map hostports {{
        type inet_proto . inet_service : ipv4_addr . inet_service
        {f"elements = {{ {wide} }}" if wide else ""}
    }}
    map hostports_at {{
        type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service
        {f"elements = {{ {narrow} }}" if narrow else ""}
    }}
    map services {{
        type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service
        {f"elements = {{ {led} }}" if led else ""}
    }}
    chain hostports_dnat {{
        dnat ip to meta l4proto . ip daddr . th dport map @services
        dnat ip to meta l4proto . ip daddr . th dport map @hostports_at
        fib daddr type local dnat ip to meta l4proto . th dport map @hostports
    }}
    chain prerouting {{
        type nat hook prerouting priority dstnat; policy accept;
        jump hostports_dnat
    }}
    chain output {{
        type nat hook output priority -100; policy accept;
        jump hostports_dnat
    }}
    set hairpin {{
        type ipv4_addr . ipv4_addr
        {f"elements = {{ {hairpin} }}" if hairpin else ""}
    }}
    chain guard {{
        type filter hook prerouting priority raw; policy accept;
        iifname "{bridge}" ip daddr 127.0.0.0/8 drop
    }}
    chain no_shortcuts {{
        type filter hook output priority filter; policy accept;
        oifname "{bridge}" icmp type redirect drop
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr {network} ip daddr != {network} masquerade
        ct status dnat ip saddr . ip daddr @hairpin masquerade
        ip saddr 127.0.0.0/8 oifname "{bridge}" masquerade
    }}
}}
"""


async def apply(ruleset: str) -> None:
    """Loads a ruleset. Raises OSError with nft's words when it is refused, and then nothing has changed."""
    process = await asyncio.create_subprocess_exec(
        "nft",
        "-f",
        "-",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate(ruleset.encode())
    if process.returncode != 0:
        raise OSError(f"nft refused the rules: {errors.decode(errors='replace').strip()}")
