"""Settings of the API server: the command line, and what follows from it."""

import argparse
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from apiserver_stub.admission import switches
from apiserver_stub.auth.peers import GROUP

# kube-apiserver's own default would be /24; kubeadm's is taken, which charts and docs assume.
SERVICE_RANGE = "10.96.0.0/12"
SERVICE_ADDRESS = "10.96.0.1"
# Tables that are kept in memory only: their writes (heartbeats, Events) would wear out flash.
VOLATILE = (("coordination.k8s.io", "leases"), ("", "events"))


# Of all priority levels together. kube-apiserver's are 400 and 200; in one process more seats only make everybody wait.
INFLIGHT, MUTATING_INFLIGHT = 80, 40


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit log. path: a file, "-" for standard output; the limits of a file, 0 for none."""

    policy: Path | None = None
    path: str = ""
    max_megabytes: int = 100
    max_days: int = 0
    max_backups: int = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """port 0: any free one. advertise: the address that is told to clients."""

    data_dir: Path
    port: int = 6443
    bind: str = "0.0.0.0"  # noqa: S104
    advertise: str = ""
    token_file: Path | None = None
    names: tuple[str, ...] = ()
    durable_events: bool = False
    unix_socket: Path | None = None
    local_user: str = ""
    local_groups: tuple[str, ...] = (GROUP,)
    audit: Audit = Audit()
    seats: int = INFLIGHT + MUTATING_INFLIGHT
    admission_off: frozenset[str] = frozenset()
    authentication: Path | None = None
    hostname: str = field(default_factory=socket.gethostname)

    @property
    def pki(self) -> Path:
        return self.data_dir / "pki"

    @property
    def kubeconfig(self) -> Path:
        return self.data_dir / "admin.kubeconfig"

    @property
    def operators_kubeconfig(self) -> Path:
        return self.data_dir / "operators.kubeconfig"

    @property
    def node(self) -> str:
        """The name of this machine's Node, as its operators have it too."""
        return (os.environ.get("UKUBE_NODE_NAME") or self.hostname).strip().lower()

    @property
    def client_address(self) -> str:
        """Where clients on this machine find the server."""
        if self.advertise:
            return self.advertise
        return "127.0.0.1" if self.bind in ("0.0.0.0", "::", "") else self.bind  # noqa: S104


def parse(argv: Sequence[str] | None = None) -> Settings:
    parser = argparse.ArgumentParser(prog="apiserver_stub", description="The Kubernetes API of one machine.")
    parser.add_argument("--data-dir", type=Path, required=True, help="state, certificates and admin.kubeconfig")
    parser.add_argument("--port", type=_port, default=6443, help="0 takes any free port (default: 6443)")
    parser.add_argument("--bind-address", default="0.0.0.0", help="default: all addresses")  # noqa: S104
    parser.add_argument("--advertise-address", default="", help="address written into the kubeconfig")
    parser.add_argument("--token-auth-file", type=Path, help='CSV lines: token,user,uid,"group1,group2"')
    parser.add_argument("--tls-san", nargs="*", action="extend", default=[], help="more names of this server")
    parser.add_argument(
        "--durable-events", action="store_true", help="keep Leases and Events on disk too (wears out flash)"
    )
    parser.add_argument("--unix-socket", type=Path, metavar="PATH", help="listen there too; whoever connects is known")
    parser.add_argument(
        "--unix-socket-user", default="", metavar="NAME", help="whom others than root become (default: local:LOGIN)"
    )
    parser.add_argument(
        "--unix-socket-groups", nargs="*", default=[GROUP], metavar="GROUP", help=f"their groups (default: {GROUP})"
    )
    _add_limits(parser)
    parser.add_argument("--authentication-config", type=Path, metavar="FILE", help="OpenID Connect issuers; YAML")
    parser.add_argument("--enable-admission-plugins", type=_names, default=[], metavar="NAME,…", help="all are on")
    parser.add_argument("--disable-admission-plugins", type=_names, default=[], metavar="NAME,…", help="switch off")
    args = parser.parse_args(argv)
    try:
        off = switches.off(args.enable_admission_plugins, args.disable_admission_plugins)
    except ValueError as error:
        parser.error(str(error))
    kept = (args.audit_log_maxsize, args.audit_log_maxage, args.audit_log_maxbackup)
    return Settings(
        data_dir=args.data_dir.absolute(),
        port=args.port,
        bind=args.bind_address,
        advertise=args.advertise_address,
        token_file=args.token_auth_file,
        names=tuple(args.tls_san),
        durable_events=args.durable_events,
        unix_socket=args.unix_socket.absolute() if args.unix_socket else None,
        admission_off=off,
        authentication=args.authentication_config,
        local_user=args.unix_socket_user,
        local_groups=tuple(args.unix_socket_groups),
        audit=Audit(args.audit_policy_file, args.audit_log_path, *kept),
        seats=args.max_requests_inflight + args.max_mutating_requests_inflight,
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    """Priority and fairness, and the audit log."""
    for name, default in (("requests", INFLIGHT), ("mutating-requests", MUTATING_INFLIGHT)):
        text = f"seats that priority levels share are the sum of both (default: {default})"
        parser.add_argument(f"--max-{name}-inflight", type=_count, default=default, metavar="N", help=text)
    parser.add_argument("--audit-policy-file", type=Path, metavar="F", help="what is audited: audit.k8s.io/v1 Policy")
    parser.add_argument("--audit-log-path", default="", metavar="F", help='"-" is standard output, the default')
    kept = Audit()
    for name, default, text in (
        ("maxsize", kept.max_megabytes, "megabytes of the log before it is rotated"),
        ("maxage", kept.max_days, "days that rotated ones are kept"),
        ("maxbackup", kept.max_backups, "rotated ones that are kept"),
    ):
        text = f"{text}; 0: no limit (default: {default})"
        parser.add_argument(f"--audit-log-{name}", type=_count, default=default, metavar="N", help=text)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return number


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port")
    return number
