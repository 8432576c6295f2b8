"""A Pod that prints something and ends: what it is, and what it must print."""

from dataclasses import dataclass, field

from tests.conformance.cluster import Object


@dataclass(frozen=True)
class Example:
    """lines: each must be in the log; {words} stand for facts of the node. message: why the container ended, by its
    own words."""

    main: Object
    lines: tuple[str, ...] = ()
    spec: Object = field(default_factory=dict)
    phase: str = "Succeeded"
    message: str = ""
