"""Who waits for a node, in which order: by priority, then by who came first."""

from __future__ import annotations

import itertools

from operators._kube.client import Kube
from operators._kube.meta import Key, Object
from operators.binder import plan
from operators.binder.cluster import priority


class Line:
    """Pods that are to be tried now (`due`) and those that were refused and wait for a change.

    One instance for an operator; everything runs in its event loop.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._came: dict[Key, int] = {}
        self._due: set[Key] = set()
        self._refused: set[Key] = set()

    def clear(self) -> None:
        for known in (self._came, self._due, self._refused):
            known.clear()

    def join(self, key: Key) -> None:
        self._came.setdefault(key, next(self._numbers))
        self._refused.discard(key)
        self._due.add(key)

    def refuse(self, key: Key) -> None:
        """It waits until somebody calls `wake`."""
        self._came.setdefault(key, next(self._numbers))
        self._refused.add(key)

    def leave(self, key: Key) -> None:
        self._came.pop(key, None)
        self._due.discard(key)
        self._refused.discard(key)

    @property
    def refused(self) -> list[Key]:
        return list(self._refused)

    def wake(self, keys: list[Key] | None = None) -> list[Key]:
        """Have all that were refused, or some of them, tried again; returns them."""
        woken = [key for key in (self.refused if keys is None else keys) if key in self._refused]
        for key in woken:
            self.join(key)
        return woken

    def take(self, key: Key) -> bool:
        """Whether it is this one's turn: True once for each time that it is due."""
        if key not in self._due:
            return False
        self._due.discard(key)
        return True

    def before(self, key: Key, kube: Kube) -> list[Key]:
        """Those that are due and have precedence over a Pod, the first one first."""
        if len(self._due) < 2:
            return []
        own = self._rank(key, kube)
        ranks = sorted((self._rank(other, kube), other) for other in self._due if other != key)
        return [other for rank, other in ranks if rank < own]

    def _rank(self, key: Key, kube: Kube) -> tuple[int, int]:
        pod: Object | None = kube.get_or_none("v1", "pods", key)
        level = priority(pod) if pod is not None and plan.is_ours(pod) else -(2**31)
        return -level, self._came.get(key, 0)
