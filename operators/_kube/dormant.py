"""Operators that sleep: nothing of one is loaded before the first object that it is for exists."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from operators._kube import paths
from operators._kube.client import Api
from operators._kube.controller import Controller
from operators._kube.errors import ApiError
from operators._kube.paths import Kind
from operators._kube.session import Link, Session

# Seconds before a kind is looked at again after an error; the last one for ever.
DELAYS = (0.5, 1.0, 5.0, 15.0)

log = logging.getLogger("ukube.host")


@dataclass(frozen=True, slots=True)
class Dormant:
    """An operator that is not loaded yet. `wakes_on`: the kinds of which one object wakes it; `user`: its identity.

    `errand`: what it does before it falls asleep.
    """

    name: str
    wakes_on: tuple[Kind, ...]
    user: str
    load: Callable[[], Controller]
    errand: Callable[[Api], Awaitable[None]] | None = None
    field_selector: str = ""


async def until_needed(operator: Dormant, link: Link, *, own_user: bool) -> None:
    """Returns when an object of one of the kinds exists. Costs one watch for each kind, and no work while it waits."""
    session = Session(link, operator.name, user=operator.user if own_user else "")
    try:
        if operator.errand is not None:
            await operator.errand(session)
        await _first(session, operator.wakes_on, operator.field_selector)
    finally:
        await session.close()


async def _first(session: Session, kinds: Iterable[Kind], selector: str) -> None:
    watches = [asyncio.create_task(_until_one(session, kind, selector)) for kind in kinds]
    try:
        await asyncio.wait(watches, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for watch in watches:
            watch.cancel()
        await asyncio.wait(watches)


async def _until_one(session: Session, kind: Kind, selector: str) -> None:
    failures = 0
    while True:
        await session.link.wait_up()
        try:
            if await _appears(session, kind, selector):
                return
            failures = 0
        except ApiError as error:
            log.debug("%s: %s", kind, error)
            failures += 1
        await asyncio.sleep(DELAYS[min(failures, len(DELAYS) - 1)])


async def _appears(session: Session, kind: Kind, selector: str) -> bool:
    """True as soon as there is an object; False when the server ended the watch. Raises ApiError."""
    path = paths.of_collection(kind)
    narrowed = {"fieldSelector": selector} if selector else {}
    answer = await session.send("GET", path, params={"limit": "1", **narrowed})
    if answer.get("items"):
        return True
    version = str(answer["metadata"].get("resourceVersion", ""))
    params = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version, **narrowed}
    async with aclosing(session.stream(path, params=params)) as events:
        async for event in events:
            if event["type"] in ("ADDED", "MODIFIED"):
                return True
            if event["type"] == "ERROR":
                return False
    return False
