"""The command line of `python -m operators` and of each operator alone."""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import importlib.util
import logging
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import operators
from operators._kube import kubeconfig, paths
from operators._kube.controller import Controller
from operators._kube.sleep import Sleep

if TYPE_CHECKING:
    from operators._kube.dormant import Dormant


def names() -> list[str]:
    """All operators there are: the packages beside this one that have an `operator` module."""
    found = [module.name for module in pkgutil.iter_modules(operators.__path__) if module.ispkg]
    return [name for name in found if not name.startswith("_") and _has_operator(name)]


def load(name: str) -> Controller:
    controller = importlib.import_module(f"operators.{name}.operator").controller
    assert isinstance(controller, Controller)
    return controller


def offered(name: str) -> Controller | Dormant:
    """The operator; asleep where its package says what wakes it (SLEEP in operators/<name>/__init__.py)."""
    # Imported late, as in _host.
    from operators._kube.dormant import Dormant

    sleep: Sleep | None = getattr(importlib.import_module(f"operators.{name}"), "SLEEP", None)
    if sleep is None:
        return load(name)
    kinds = tuple(paths.parse_kind(text) for text in sleep.wakes_on)
    errand = importlib.import_module(f"operators.{name}.{sleep.errand}").run if sleep.errand else None
    return Dormant(name, kinds, sleep.user, partial(load, name), errand, sleep.field_selector)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named operators, or all; the process' exit code."""
    parser = _parser("operators")
    parser.add_argument("names", nargs="*", metavar="NAME", help="operators to run (default: all); 'list' lists them")
    options = parser.parse_args(arguments)
    if options.names == ["list"]:
        print("\n".join(names()))  # noqa: T201
        return 0
    if unknown := sorted(set(options.names) - set(names())):
        print(f"No operator is called {', '.join(unknown)}. There are: {', '.join(names())}.", file=sys.stderr)  # noqa: T201
        return 2
    return _run(options, options.names or names())


def alone(package: str | None) -> int:
    """`python -m operators.NAME`: run the operator of that package; the process' exit code."""
    name = (package or "").rpartition(".")[2]
    return _run(_parser(f"operators.{name}").parse_args(), [name])


def _parser(module: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description="Run MicroKube operators.")
    parser.add_argument("--kubeconfig", type=Path, metavar="FILE", help="default: $KUBECONFIG, then ~/.kube/config")
    parser.add_argument("--context", metavar="NAME", help="default: the kubeconfig's current context")
    parser.add_argument("--metrics-addr", metavar="HOST:PORT", help="serve /metrics, /healthz and /readyz there")
    parser.add_argument(
        "--node-name", metavar="NAME", help="this machine's Node (default: $UKUBE_NODE_NAME, host name)"
    )
    parser.add_argument("--node-ip", metavar="ADDRESS", help="where it is reached (default: $UKUBE_NODE_IP, by routes)")
    parser.add_argument(
        "--own-users", action="store_true", help="each operator acts as its own ServiceAccount, by impersonation"
    )
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    return parser


def _run(options: argparse.Namespace, chosen: Sequence[str]) -> int:
    _configure_logs(options.log_level)
    for name, value in (("UKUBE_NODE_NAME", options.node_name), ("UKUBE_NODE_IP", options.node_ip)):
        if value:
            os.environ[name] = value
    try:
        asyncio.run(_host(options, chosen))
    except (kubeconfig.ConfigError, ValueError) as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"can't listen on {options.metrics_addr}: {error.strerror or error}")
    return 0


async def _host(options: argparse.Namespace, chosen: Sequence[str]) -> None:
    # Imported late: listing names and refusing unknown ones need neither kopf nor the network.
    with _without_system_certificates():
        from operators._kube.host import Host
        from operators._kube.session import Link

    link = Link(partial(kubeconfig.load, options.kubeconfig, options.context))
    # One alone is wanted at once.
    operators = [load(chosen[0])] if len(chosen) == 1 else [offered(name) for name in chosen]
    host = Host(operators, link, metrics_address=options.metrics_addr, own_users=options.own_users)
    # What has been loaded stays: the collector need not look at it again, which takes tens of milliseconds each time.
    gc.freeze()
    await host.run()


@contextmanager
def _without_system_certificates() -> Iterator[None]:
    """aiohttp reads the system's CA bundle twice as it is imported (2 MB); whom operators trust is said elsewhere."""
    empty = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": "/nonexistent"}
    before = {name: os.environ.get(name) for name in empty}
    os.environ.update(empty)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _configure_logs(level: str) -> None:
    """Lines for the journal, which adds the time itself; kopf speaks only when asked to debug."""
    time = "" if _journal_listens() else "%(asctime)s "
    logging.basicConfig(level=level.upper(), format=f"{time}%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    if level != "debug":
        # It reports each retry of each request; the host says once what ended an operator or that the server is away.
        logging.getLogger("kopf").setLevel(logging.CRITICAL)
        logging.getLogger("aiohttp").setLevel(logging.ERROR)


def _journal_listens() -> bool:
    return "JOURNAL_STREAM" in os.environ


def _has_operator(name: str) -> bool:
    return any((Path(path) / name / "operator.py").exists() for path in operators.__path__)


def _fail(message: str) -> int:
    print(f"operators: {message}", file=sys.stderr)  # noqa: T201
    return 1
