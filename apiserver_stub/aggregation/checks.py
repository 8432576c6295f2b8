"""Asks aggregated servers whether they answer, and writes down what they say: at changes, and while they are used."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from apiserver_stub.aggregation import availability
from apiserver_stub.aggregation.availability import Condition
from apiserver_stub.aggregation.backend import Backend, Unresolved
from apiserver_stub.aggregation.remote import AGGREGATOR
from apiserver_stub.meta import status
from apiserver_stub.outbound.connections import Place, Unreachable
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.registry.generic import WriteOptions, now
from apiserver_stub.storage.log import StorageError

logger = logging.getLogger(__name__)

Object = dict[str, Any]
# Where requests would go, or why they can't.
Spot = Place | Condition

# A server that fails is asked again after this long, twice as long each time, up to a limit; in seconds.
FIRST_RETRY: Final = 0.5
LONGEST_RETRY: Final = 60.0
# At most this long after somebody asked for it in vain.
USED_RETRY: Final = 1.0
# One that answers is asked again after this long, if anybody used it meanwhile.
RECHECK: Final = 30.0

_WRITER: Final = WriteOptions(field_manager="kube-apiserver")


async def watch_over(backend: Backend, catalog: Catalog) -> None:
    """Keeps the condition Available of an APIService; to be cancelled when the APIService goes or changes."""
    failures = 0
    while True:
        backend.used = backend.failed = backend.moved = False
        backend.noted.clear()
        spot = _spot(backend, catalog)
        condition = spot if isinstance(spot, Condition) else await probe(backend)
        passed = condition is availability.PASSED
        failures = 0 if passed else failures + 1
        await _write(backend, condition, catalog)
        if passed:
            pause: float | None = RECHECK
        elif isinstance(spot, Condition):
            pause = None  # nothing will be better before the Service is
        else:
            pause = min(FIRST_RETRY * 2 ** (failures - 1), LONGEST_RETRY)
        await _rest(backend, catalog, spot, pause, passed)


def _spot(backend: Backend, catalog: Catalog) -> Spot:
    fault = availability.fault(catalog.log, backend.remote)
    if fault is not None:
        return fault
    try:
        return backend.place()
    except Unresolved as error:
        return availability.failed(str(error))


async def probe(backend: Backend) -> Condition:
    """Asks for the document that every server must have."""
    try:
        place = backend.place()
    except Unresolved as error:
        return availability.failed(str(error))
    url = f"https://{place.authority}{backend.remote.path}"
    try:
        answer = await backend.fetch(backend.remote.path, "application/json", AGGREGATOR)
    except (Unreachable, Unresolved) as error:
        return availability.failed(f"failing or missing response from {url}: {error}")
    if 200 <= answer.status < 300:
        return availability.PASSED
    return availability.failed(f"failing or missing response from {url}: bad status from {url}: {answer.status}")


async def _rest(backend: Backend, catalog: Catalog, spot: Spot, pause: float | None, passed: bool) -> None:
    """Returns when it is time to check again. pause: seconds; None waits for a change, however long that takes."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    until = None if pause is None else begin + pause
    while True:
        try:
            async with asyncio.timeout_at(until):
                await backend.noted.wait()
        except TimeoutError:
            if backend.used or not passed:
                return
            until = None  # nobody uses it: nobody needs to know
            continue
        backend.noted.clear()
        if backend.failed and passed:
            return
        if backend.moved:
            backend.moved = False
            if _spot(backend, catalog) != spot:
                return
        if backend.used and passed and until is None:
            return
        if backend.used and not passed and until is not None:
            until = min(until, begin + USED_RETRY)


async def _write(backend: Backend, condition: Condition, catalog: Catalog) -> None:
    registry = catalog.find("apiregistration.k8s.io", "v1", "apiservices")
    assert registry

    def put(obj: Object) -> Object:
        if obj["metadata"].get("uid") != backend.remote.uid:
            return obj
        return availability.put(obj, condition, now())

    try:
        await registry.update("", backend.remote.name, put, _WRITER, "status")
    except status.StatusError as error:
        logger.debug("status of APIService %s: %s", backend.remote.name, error)
    except StorageError as error:
        logger.warning("status of APIService %s: %s", backend.remote.name, error)
