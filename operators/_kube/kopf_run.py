"""Running under kopf's own command: `kopf run -m operators.deployment --verbose`."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operators._kube.runtime import Runtime
    from operators._kube.session import Session

_runtimes: list[Runtime] = []
_session: Session | None = None


def offer(package: str) -> None:
    """Called when an operator's package is imported: under kopf's command, hand kopf its handlers.

    kopf finds the API server by $KUBECONFIG, ~/.kube/config or a Pod's service account. Several -m work together.
    """
    if "kopf.cli" not in sys.modules:
        return
    import kopf

    from operators._kube import framework, kubeconfig
    from operators._kube.runtime import Runtime
    from operators._kube.session import Link, Session

    global _session
    registry = kopf.get_default_registry()
    if _session is None:
        link = Link(kubeconfig.load)
        link.answered()
        _session = Session(link, "kopf", keep_lists=True)
        framework.register(registry, _session, _runtimes)
    controller = importlib.import_module(f"{package}.operator").controller
    runtime = Runtime(controller, _session.link, _session)
    _runtimes.append(runtime)
    framework.watch(registry, runtime)
