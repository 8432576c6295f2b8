"""What is counted of one probe: outcomes, and how long they took."""

import bisect

# Seconds; the client libraries' defaults, which upstream's histogram has too.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
RESULTS = ("successful", "failed", "unknown")


class Counts:
    """Outcomes by result, over all runs of a container. Failures are not timed: as upstream, only answers are."""

    __slots__ = ("container", "kind", "namespace", "pod", "results", "seconds", "times", "uid")

    def __init__(self, kind: str, container: str, pod: str, namespace: str, uid: str) -> None:
        self.kind, self.container, self.pod, self.namespace, self.uid = kind, container, pod, namespace, uid
        self.results = [0, 0, 0]
        self.times = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, result: str, seconds: float) -> None:
        self.results[RESULTS.index(result)] += 1
        if result != "failed":
            self.times[bisect.bisect_left(BOUNDS, seconds)] += 1
            self.seconds += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulated, as Prometheus wants them."""
        count, found = 0, []
        for bound, here in zip((*map(str, BOUNDS), "+Inf"), self.times, strict=True):
            count += here
            found.append((bound, float(count)))
        return found
