"""Counters in the Prometheus text format, with kube-apiserver's names; a dict costs less than a client library."""

from collections import Counter
from collections.abc import Callable, Iterable

# (name, help, type, samples of (labels, value))
Family = tuple[str, str, str, Iterable[tuple[dict[str, str], float]]]


class Metrics:
    """What happened since the start."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str, str, int]] = Counter()
        self.sources: list[Callable[[], Iterable[Family]]] = []

    def count(self, verb: str, group: str, version: str, resource: str, code: int) -> None:
        self.requests[verb, group, version, resource, code] += 1

    def render(self) -> bytes:
        families = [*self._own(), *(family for source in self.sources for family in source())]
        lines = []
        for name, text, kind, samples in families:
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
            lines += [f"{name}{_labels(labels)} {value:g}" for labels, value in samples]
        return ("\n".join(lines) + "\n").encode()

    def _own(self) -> Iterable[Family]:
        names = ("verb", "group", "version", "resource", "code")
        samples = [(dict(zip(names, map(str, key), strict=True)), float(value)) for key, value in self.requests.items()]
        yield "apiserver_request_total", "Requests by verb, resource and HTTP status.", "counter", samples


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    quoted = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(quoted) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
