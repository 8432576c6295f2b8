"""Controller: what an operator declares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from operators._kube import paths
from operators._kube.cache import Keep, metadata_of
from operators._kube.client import Kube
from operators._kube.meta import Key, Object
from operators._kube.paths import Kind

__all__ = ["DONE", "Controller", "Key", "Kube", "Reconciler", "Result", "Watch"]


@dataclass(frozen=True, slots=True)
class Result:
    """How a reconcile ended. `requeue_after`: seconds until the next look; None: when something changes."""

    requeue_after: float | None = None


DONE = Result()

Reconcile = Callable[[Key, Kube, datetime], Awaitable[Result]]
Hook = Callable[[Kube], Awaitable[None]]


class KeysOf(Protocol):
    """Which primary objects an object concerns. Pure and quick: it runs for each old and each new state."""

    def __call__(self, obj: Object, kube: Kube, /) -> Iterable[Key]: ...


@dataclass(frozen=True, slots=True)
class Watch:
    """Another kind to watch ("v1/nodes"). `keys`: whom a change concerns; None: nobody, it is only read from the cache.

    `field_selector`, `label_selector` narrow what the server sends (kubectl's notation); a function is asked at start.
    """

    kind: str
    keys: KeysOf | None = None
    field_selector: str | Callable[[], str] = ""
    label_selector: str | Callable[[], str] = ""

    @property
    def of(self) -> Kind:
        return paths.parse_kind(self.kind)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """One reconcile function with its kinds."""

    kind: Kind
    function: Reconcile
    owns: tuple[Kind, ...]
    watches: tuple[Watch, ...]
    concurrency: int


class Controller:
    """One operator: its reconcile functions and hooks. Declared once in `operators/<kind>/operator.py`.

    A reconcile is level-triggered: it gets a key, looks at the cache, and brings the world closer to the object's spec.
    It may be called at any time, also when nothing changed, but never twice at once for one key. It returns a Result or
    raises: RetryAfter, Terminal, or anything else to be called again with back-off (50 ms doubling up to 30 s).

    `user`: as whom it acts where each operator has an identity of its own; a function is asked at start; "": none.
    `component`: who Events say they come from ("replicaset-controller"). `metadata_only`: the
    cache keeps apiVersion, kind and metadata alone, for operators that watch many kinds but need nothing else of them;
    `keep`: the same by a function. What is not kept looks empty to reconciles and to `patch_status`.
    """

    def __init__(
        self,
        name: str,
        *,
        user: str | Callable[[], str] = "",
        component: str | None = None,
        metadata_only: bool = False,
        keep: Keep | None = None,
    ) -> None:
        self.name = name
        self._user = user
        self.component = component or f"{name}-controller"
        self.keep = keep or (metadata_of if metadata_only else None)
        self.reconcilers: list[Reconciler] = []
        self.startup: list[Hook] = []
        self.cleanup: list[Hook] = []
        #: Set while it runs; see `enqueue`.
        self.queue: Callable[[Key], None] | None = None

    def reconcile(
        self,
        api_version: str,
        resource: str,
        *,
        owns: Sequence[str] = (),
        watches: Sequence[Watch] = (),
        field_selector: str | Callable[[], str] = "",
        concurrency: int = 16,
    ) -> Callable[[Reconcile], Reconcile]:
        """Declare a reconcile function for a kind.

        `owns`: kinds whose objects wake their controller ("v1/pods"); `watches`: other kinds, mapped by functions;
        `field_selector`: narrows the primary kind; `concurrency`: how many keys are reconciled at once.
        """

        def register(function: Reconcile) -> Reconcile:
            primary = Watch(f"{api_version}/{resource}", field_selector=field_selector)
            self.reconcilers.append(
                Reconciler(
                    Kind(api_version, resource),
                    function,
                    tuple(paths.parse_kind(text) for text in owns),
                    (primary, *watches),
                    concurrency,
                )
            )
            return function

        return register

    @property
    def user(self) -> str:
        return self._user if isinstance(self._user, str) else self._user()

    def on_startup(self, hook: Hook) -> Hook:
        """Run `hook` when the operator starts, before anything is watched. It must return: start tasks for the rest."""
        self.startup.append(hook)
        return hook

    def on_cleanup(self, hook: Hook) -> Hook:
        """Run `hook` when the operator stops, after the last reconcile."""
        self.cleanup.append(hook)
        return hook

    def enqueue(self, key: Key) -> None:
        """Reconcile a key soon, for news that do not come from the API. Ignored while the operator does not run."""
        if self.queue is not None:
            self.queue(key)

    def kinds(self) -> dict[Kind, list[Watch]]:
        """Every kind to watch, with the watches on it."""
        found: dict[Kind, list[Watch]] = {}
        for reconciler in self.reconcilers:
            for watch in reconciler.watches:
                found.setdefault(watch.of, []).append(watch)
            for kind in reconciler.owns:
                found.setdefault(kind, [])
        return found
