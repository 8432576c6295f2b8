"""Wires storage, certificates, kinds and routes into a running server."""

import asyncio
import errno
import logging
import os
from typing import TYPE_CHECKING

from aiohttp import web

from apiserver_stub import bootstrap
from apiserver_stub.admission.policies.checks import TypeChecks
from apiserver_stub.aggregation import authentication
from apiserver_stub.aggregation.controller import Aggregation
from apiserver_stub.auth import account_keys, addresses, pki, tls
from apiserver_stub.auth.authenticate import TokenFile
from apiserver_stub.auth.peers import Peers
from apiserver_stub.auth.renewal import Renewal
from apiserver_stub.auth.signer import Signer
from apiserver_stub.auth.tokens import Issuer, Tokens
from apiserver_stub.certificates.controller import SigningRequests
from apiserver_stub.crd import CustomResources
from apiserver_stub.flow.fairness import Fairness
from apiserver_stub.flow.references import References
from apiserver_stub.http import local_socket
from apiserver_stub.http.authentication import Authentication, Nobody
from apiserver_stub.http.listener import Listener
from apiserver_stub.http.metrics import Family
from apiserver_stub.http.server import Server
from apiserver_stub.http.upgrade import Forwarder
from apiserver_stub.meta.status import StatusError
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.schema import kinds
from apiserver_stub.settings import SERVICE_ADDRESS, VOLATILE, Audit, Settings
from apiserver_stub.storage.log import StorageError
from apiserver_stub.storage.sqlite import SqliteLog

if TYPE_CHECKING:
    from apiserver_stub.audit.auditor import Auditor
    from apiserver_stub.auth.oidc import Providers

logger = logging.getLogger(__name__)

# Histories are trimmed this often, in seconds.
COMPACT_SECONDS = 30.0
# Requests under way get this long to end when the server stops, in seconds.
STOP_SECONDS = 2.0
# A selector or a list of exec arguments makes long lines; Go's server allows a megabyte of headers.
LINE_LIMIT = 64 * 1024


class StartError(Exception):
    """Why the server can't start, in one sentence."""


class App:
    """The server with all its parts; `start`, then `stop`."""

    def __init__(self, settings: Settings, log: SqliteLog, tokens: TokenFile, auditor: "Auditor | None" = None) -> None:
        self.settings = settings
        self._auditor = auditor
        self.log = log
        self.catalog = Catalog(kinds.builtin(), log, settings.admission_off)
        self.signer = Signer(settings.pki / "sa.key")
        issuer = Issuer(account_keys.load(settings.pki), self.signer, log)
        self.forwarder = Forwarder(log, settings.pki)
        self.renewal = Renewal(settings.pki, lambda: certificates(settings))
        self.aggregation = Aggregation(self.catalog, log, settings.pki)
        providers, nobody = _authentication(settings)
        known = Tokens(tokens, issuer, providers)
        peers = Peers(os.geteuid(), settings.local_user, settings.local_groups)
        self.server = Server(
            self.catalog,
            known,
            self.catalog.authorizer,
            self.forwarder,
            Authentication(known, self.catalog.authorizer, peers, nobody),
            self.aggregation,
            Fairness(log, settings.seats),
            auditor,
        )
        self.server.metrics.sources.append(self._families)
        self.port = settings.port
        self._runner: web.ServerRunner | None = None
        self._references = References(self.catalog, log)
        self.custom = CustomResources(self.catalog, log)
        self.type_checks = TypeChecks(self.catalog, log)
        self.requests = SigningRequests(self.catalog, settings.pki)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Raises StartError."""
        settings = self.settings
        listener = Listener(
            self.server.handle,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=300.0,
            max_line_size=LINE_LIMIT,
            max_field_size=LINE_LIMIT,
        )
        self._runner = web.ServerRunner(listener, shutdown_timeout=STOP_SECONDS)
        await self._runner.setup()
        self.custom.load()
        self.aggregation.load()
        context = tls.serving(settings.pki)
        site = web.TCPSite(self._runner, settings.bind, settings.port, ssl_context=context, reuse_address=True)
        try:
            await site.start()
        except OSError as error:
            raise StartError(_listen_fault(settings, error)) from None
        self.port = self._runner.addresses[0][1]
        await self._listen_locally(self._runner)
        self.server.url = self.url
        await bootstrap.ensure(self.catalog, self._address(), self.port, settings.node)
        await self._references.settle()
        await authentication.ensure(self.catalog, settings.pki)
        self._write_kubeconfigs()
        self.renewal.renewed += [
            lambda: tls.renew(context, settings.pki),
            self.forwarder.renew,
            self._write_kubeconfigs,
        ]
        self.renewal.looked.append(self._lead_here)
        running = (
            self._compact(),
            self.custom.run(),
            self.type_checks.run(),
            self.renewal.run(),
            self.requests.run(),
            self.aggregation.run(),
            self._references.run(),
        )
        self._tasks = [asyncio.create_task(work) for work in running]

    async def _lead_here(self) -> None:
        """The machine may have another address."""
        try:
            await bootstrap.lead(self.catalog, self._address(), self.port)
        except (StatusError, StorageError) as error:
            logger.warning("the Service kubernetes may lead nowhere: %s", error)

    def _write_kubeconfigs(self) -> None:
        settings = self.settings
        pki.write_kubeconfig(settings.operators_kubeconfig, settings.pki, self.url, "operators")
        pki.write_kubeconfig(settings.kubeconfig, settings.pki, self.url)

    async def _listen_locally(self, runner: web.ServerRunner) -> None:
        """On the Unix sockets that systemd handed over, and on the one of the command line."""
        path = self.settings.unix_socket
        sockets = local_socket.inherited()
        try:
            if path is not None:
                sockets.append(local_socket.listening(path))
        except OSError as error:
            raise StartError(f"cannot listen on {path}: {error.strerror or error}") from None
        for opened in sockets:
            await web.SockSite(runner, opened).start()

    async def stop(self) -> None:
        """Ends watches, lets requests finish, writes what is under way."""
        for task in self._tasks:
            task.cancel()
        await self.custom.stop()
        await self.aggregation.stop()
        self.log.end_watches()
        if self._runner:
            await self._runner.cleanup()
        if self._auditor is not None:
            await self._auditor.close()
        await self.catalog.close()
        await self.signer.close()
        await self.log.close()

    @property
    def url(self) -> str:
        host = self.settings.client_address
        return f"https://{f'[{host}]' if ':' in host else host}:{self.port}"

    def _address(self) -> str:
        """Where Pods find the server: not on their own loopback."""
        chosen = next((one for one in (self.settings.advertise, self.settings.bind) if pki.is_address(one)), "")
        if not chosen or addresses.is_unspecified(chosen):
            return addresses.primary()
        return "" if addresses.is_loopback(chosen) else chosen

    async def _compact(self) -> None:
        while True:
            await asyncio.sleep(COMPACT_SECONDS)
            self.log.compact(asyncio.get_running_loop().time())

    def _families(self) -> list[Family]:
        counts = [
            ({"group": group, "resource": resource}, float(count))
            for (group, resource), count in self.log.counts().items()
        ]
        return [
            ("apiserver_storage_objects", "Objects that are stored.", "gauge", counts),
            ("apiserver_storage_revision", "The newest revision.", "gauge", [({}, float(self.log.revision))]),
            ("apiserver_watchers", "Watches that wait for changes.", "gauge", [({}, float(self.log.watchers))]),
        ]


def build(settings: Settings) -> App:
    """Opens the data directory: raises StartError. Needs no event loop."""
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"cannot make {settings.data_dir}: {error.strerror}") from None
    try:
        tokens = TokenFile.read(settings.token_file) if settings.token_file else TokenFile({})
        log = SqliteLog(settings.data_dir / "state.db", () if settings.durable_events else VOLATILE)
        pki.ensure(settings.pki, certificates(settings))
    except OSError as error:
        raise StartError(f"cannot read {error.filename}: {error.strerror}") from None
    except (StorageError, pki.PkiError, ValueError) as error:
        raise StartError(str(error)) from None
    auditor = _auditor(settings)
    try:
        return App(settings, log, tokens, auditor)
    except (OSError, ValueError) as error:
        raise StartError(f"the keys of tokens cannot be used: {error}") from None


def _authentication(settings: Settings) -> "tuple[Providers | None, Nobody]":
    """Raises StartError."""
    path = settings.authentication
    if path is None:
        return None, Nobody()
    from apiserver_stub.auth import oidc, oidc_config
    from apiserver_stub.outbound import documents

    try:
        found = oidc_config.read(path)
        providers = oidc.Providers(found.issuers, documents.fetch) if found.issuers else None
    except OSError as error:
        raise StartError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise StartError(str(error)) from None
    return providers, Nobody(found.anonymous, found.anonymous_paths)


def _auditor(settings: Settings) -> "Auditor | None":
    """Raises StartError."""
    if settings.audit == Audit():
        return None
    from apiserver_stub.audit import setup

    try:
        return setup.make(settings.audit)
    except OSError as error:
        raise StartError(f"cannot audit: {error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise StartError(f"cannot audit: {error}") from None


def certificates(settings: Settings) -> list[pki.Leaf]:
    """What the server needs to have issued."""
    return pki.leaves([settings.hostname], _addresses(settings), settings.names, SERVICE_ADDRESS)


def _addresses(settings: Settings) -> set[str]:
    found = addresses.local() | {settings.bind, settings.advertise}
    return {address for address in found if address not in ("", "0.0.0.0", "::")}  # noqa: S104


def _listen_fault(settings: Settings, error: OSError) -> str:
    place = f"{settings.bind}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return f"cannot listen on {place}: the port is in use by another program"
    return f"cannot listen on {place}: {error.strerror or error}"
