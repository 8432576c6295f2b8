"""The table as text for nft (pure). Addresses, numbers and names of our own only: nothing here needs escaping."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator

from operators.service.table import Choice, Endpoint, Frontend, Split, Table

NAME = "inet ukube_services"
_IP = {4: "ip", 6: "ip6"}
_TYPE = {4: "ipv4_addr", 6: "ipv6_addr"}
#: Clients remembered per endpoint of a Service with session affinity.
_CLIENTS = 65536


def render(table: Table) -> str:
    """The table, its text the same whenever its content is."""
    lines = [f"table {NAME} {{"]
    for family in (4, 6):
        lines += _sets(table, family)
    lines += _remembered(table)
    lines += _REFUSE
    for name in sorted(table.choices):
        lines += _choice(table.choices[name])
    for name in sorted(table.splits):
        lines += _split(table.splits[name], table)
    lines += _networks(table)
    lines += _HOOKS
    lines.append("}")
    return "\n".join(lines) + "\n"


def replacing(text: str) -> str:
    """A transaction after which the table is exactly `text`, whatever it was."""
    return f"table {NAME}\ndelete table {NAME}\n{text}"


def updating(text: str) -> str:
    """The same, but clients keep the endpoints that were chosen for them; chains nobody leads to are left empty."""
    empty = "\n".join([f"table {NAME} {{", *(f"    {kind} {name} {{\n        {type_}\n    }}" for kind, name, type_ in
                                                _fixed()), "}"])  # fmt: skip
    emptied = "\n".join(f"flush {kind} {NAME} {name}" for kind, name, _ in _fixed())
    return f"{empty}\nflush table {NAME}\n{emptied}\n{text}"


def dropping(names: Iterable[tuple[str, str]]) -> str:
    """Deletes chains and sets that nothing leads to any more; chains first, for they may name sets."""
    return "".join(f"delete {kind} {NAME} {name}\n" for kind, name in sorted(names))


def names(text: str) -> set[tuple[str, str]]:
    """The chains and remembering sets of a text of ours that depend on its Services."""
    found = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[0] in ("chain", "set") and "_" in words[1] and words[1] not in _FIXED:
            found.add((words[0], words[1]))
    return found


def _fixed() -> Iterator[tuple[str, str, str]]:
    """Sets and maps that are always there: kind, name, type."""
    for family in (4, 6):
        address = _TYPE[family]
        at = f"type {address} . inet_proto . inet_service"
        yield "map", f"services{family}", f"{at} : verdict"
        yield "map", f"nodeports{family}", "type inet_proto . inet_service : verdict"
        yield "map", f"refused{family}", f"{at} : verdict"
        yield "map", f"refused_nodeports{family}", "type inet_proto . inet_service : verdict"
        yield "map", f"restricted{family}", f"{at} : verdict"
        yield "set", f"addresses{family}", f"type {address}"
        yield "set", f"hairpin{family}", f"type {address} . {address}"
        yield "set", f"remote{family}", at


def _sets(table: Table, family: int) -> Iterator[str]:
    leads = {frontend: f"goto {name}" for frontend, name in table.leads.items()}
    refused = dict.fromkeys(table.refused, "goto refuse") | dict.fromkeys(table.dropped, "drop")
    restricted = {frontend: f"goto {_name_of(frontend)}" for frontend in table.ranges}
    content: dict[str, list[str]] = {
        f"services{family}": _elements(leads, family, is_node_port=False),
        f"nodeports{family}": _elements(leads, family, is_node_port=True),
        f"refused{family}": _elements(refused, family, is_node_port=False),
        f"refused_nodeports{family}": _elements(refused, family, is_node_port=True),
        f"restricted{family}": _elements(restricted, family, is_node_port=False),
        f"addresses{family}": [str(a) for a in sorted(a for a in table.addresses if a.version == family)],
        f"hairpin{family}": [f"{a} . {a}" for a in sorted(a for a in table.hairpin if a.version == family)],
        f"remote{family}": sorted(
            f"{e.address} . {protocol} . {e.port}" for e, protocol in table.remote if e.address.version == family
        ),
    }
    for kind, name, type_ in _fixed():
        if name in content:
            yield f"    {kind} {name} {{"
            yield f"        {type_}"
            if content[name]:
                yield f"        elements = {{ {', '.join(content[name])} }}"
            yield "    }"


def _elements(verdicts: dict[Frontend, str], family: int, *, is_node_port: bool) -> list[str]:
    found = [
        (frontend, verdict)
        for frontend, verdict in verdicts.items()
        if frontend.family == family and (frontend.address is None) == is_node_port
    ]
    return sorted(f"{_key(frontend)} : {verdict}" for frontend, verdict in found)


def _key(frontend: Frontend) -> str:
    at = "" if frontend.address is None else f"{frontend.address} . "
    return f"{at}{frontend.protocol} . {frontend.port}"


def _name_of(frontend: Frontend) -> str:
    return f"from_{hashlib.sha256(_key(frontend).encode()).hexdigest()[:16]}"


def _choice(choice: Choice) -> Iterator[str]:
    ip, count = _IP[choice.family], len(choice.endpoints)
    led = f"meta l4proto {choice.protocol} dnat {ip} to"
    yield f"    chain {choice.name} {{"
    if choice.affinity:
        own = [_own(choice, endpoint) for endpoint in choice.endpoints]
        for name in own:
            yield f"        {ip} saddr @clients_{name} goto to_{name}"
        ways = ", ".join(f"{n} : goto to_{name}" for n, name in enumerate(own))
        yield f"        numgen random mod {count} vmap {{ {ways} }}"
    elif count == 1:
        yield f"        {led} {_socket(choice.endpoints[0])}"
    else:
        ways = ", ".join(f"{n} : {e.address} . {e.port}" for n, e in enumerate(choice.endpoints))
        yield f"        {led} numgen random mod {count} map {{ {ways} }}"
    yield "    }"


def _remembered(table: Table) -> Iterator[str]:
    """For session affinity: which clients each endpoint has, and the way to it. They come before what leads to them."""
    for choice in sorted((c for c in table.choices.values() if c.affinity), key=lambda c: c.name):
        ip = _IP[choice.family]
        for endpoint in choice.endpoints:
            name = _own(choice, endpoint)
            yield f"    set clients_{name} {{"
            yield f"        type {_TYPE[choice.family]}"
            yield f"        size {_CLIENTS}"
            yield "        flags dynamic,timeout"
            yield "    }"
            yield f"    chain to_{name} {{"
            # A rule of its own: the endpoint is reached also when no more clients can be remembered.
            yield f"        update @clients_{name} {{ {ip} saddr timeout {choice.affinity}s }}"
            yield f"        meta l4proto {choice.protocol} dnat {ip} to {_socket(endpoint)}"
            yield "    }"


def _own(choice: Choice, endpoint: Endpoint) -> str:
    text = f"{choice.name} {endpoint.address} {endpoint.port}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _socket(endpoint: Endpoint) -> str:
    host = f"[{endpoint.address}]" if endpoint.address.version == 6 else str(endpoint.address)
    return f"{host}:{endpoint.port}"


def _split(split: Split, table: Table) -> Iterator[str]:
    ip = _IP[split.family]
    yield f"    chain {split.name} {{"
    if table.pods.version == split.family:
        yield f"        {ip} saddr {table.pods} goto {split.inside.name}"
    yield f"        fib saddr type local goto {split.inside.name}"
    yield f"        goto {split.outside.name}" if split.outside is not None else "        drop"
    yield "    }"


def _networks(table: Table) -> Iterator[str]:
    """One chain for each address and port that only some may use."""
    for frontend in sorted(table.ranges, key=_key):
        networks = ", ".join(str(network) for network in _merged(table, frontend))
        yield f"    chain {_name_of(frontend)} {{"
        if networks:
            yield f"        {_IP[frontend.family]} saddr {{ {networks} }} return"
        yield "        drop"
        yield "    }"


def _merged(table: Table, frontend: Frontend) -> Iterator[object]:
    """Without overlaps, which nft refuses."""
    yield from ipaddress.collapse_addresses(table.ranges[frontend])  # type: ignore[type-var]


_REFUSE = [
    "    chain refuse {",
    "        meta l4proto tcp reject with tcp reset",
    "        reject",
    "    }",
]
_HOOKS = """\
    chain dispatch {
        ip daddr . meta l4proto . th dport vmap @services4
        ip6 daddr . meta l4proto . th dport vmap @services6
        meta nfproto ipv4 fib daddr type local meta l4proto . th dport vmap @nodeports4
        ip6 daddr != ::1 fib daddr type local meta l4proto . th dport vmap @nodeports6
    }
    chain without_endpoints {
        ip daddr . meta l4proto . th dport vmap @refused4
        ip6 daddr . meta l4proto . th dport vmap @refused6
        meta nfproto ipv4 fib daddr type local meta l4proto . th dport vmap @refused_nodeports4
        meta nfproto ipv6 fib daddr type local meta l4proto . th dport vmap @refused_nodeports6
        ip daddr @addresses4 goto refuse
        ip6 daddr @addresses6 goto refuse
    }
    chain restricted {
        ip daddr . meta l4proto . th dport vmap @restricted4
        ip6 daddr . meta l4proto . th dport vmap @restricted6
    }
    chain filter_prerouting {
        type filter hook prerouting priority dstnat - 10; policy accept;
        ct state new jump restricted
    }
    chain filter_input {
        type filter hook input priority filter - 10; policy accept;
        ct state new jump without_endpoints
    }
    chain filter_forward {
        type filter hook forward priority filter - 10; policy accept;
        ct state new jump without_endpoints
    }
    chain filter_output {
        type filter hook output priority filter - 10; policy accept;
        ct state new jump without_endpoints
    }
    chain prerouting {
        type nat hook prerouting priority dstnat + 5; policy accept;
        jump dispatch
    }
    chain output {
        type nat hook output priority -95; policy accept;
        jump dispatch
    }
    chain postrouting {
        type nat hook postrouting priority srcnat - 5; policy accept;
        ct status dnat ip saddr . ip daddr @hairpin4 masquerade
        ct status dnat ip6 saddr . ip6 daddr @hairpin6 masquerade
        ct status dnat ip daddr . meta l4proto . th dport @remote4 masquerade
        ct status dnat ip6 daddr . meta l4proto . th dport @remote6 masquerade
    }""".splitlines()
_FIXED = frozenset(
    {"without_endpoints", "filter_prerouting", "filter_input", "filter_forward", "filter_output"}
    | {name for _, name, _ in _fixed()}
)
