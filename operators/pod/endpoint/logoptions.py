"""The query of a log request: PodLogOptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from operators.pod.endpoint import logformat


class BadLogOptions(Exception):
    """A value is out of range or makes no sense (400)."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """since: in logformat.utc's form. tail: lines. limit: bytes."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since: bytes | None = None
    tail: int | None = None
    limit: int | None = None
    stream: logformat.Which = "All"


def parse(query: Mapping[str, str], now: int) -> LogOptions:
    """now: nanoseconds since 1970. Raises BadLogOptions."""
    since_seconds, since_time = _number(query, "sinceSeconds", 1), query.get("sinceTime")
    if since_seconds is not None and since_time is not None:
        raise BadLogOptions("at most one of `sinceTime` or `sinceSeconds` may be specified")
    since = None
    if since_seconds is not None:
        since = logformat.utc(max(0, now - since_seconds * 10**9))
    elif since_time is not None:
        # A plus sign in a query reads as a space.
        nanos = logformat.nanoseconds(since_time.replace(" ", "+"))
        if nanos is None:
            raise BadLogOptions(f"sinceTime: {since_time!r} is no RFC 3339 time")
        since = logformat.utc(nanos)
    tail = _number(query, "tailLines", 0)
    stream = query.get("stream", "All") or "All"
    if stream not in ("All", "Stdout", "Stderr"):
        raise BadLogOptions(f'stream: Unsupported value: "{stream}": supported values: "All", "Stderr", "Stdout"')
    if stream != "All" and tail is not None:
        raise BadLogOptions("`tailLines` and specific `stream` are mutually exclusive for now")
    return LogOptions(
        follow=_flag(query, "follow"),
        previous=_flag(query, "previous"),
        timestamps=_flag(query, "timestamps"),
        since=since,
        tail=tail,
        limit=_number(query, "limitBytes", 1),
        stream=stream,  # type: ignore[arg-type]
    )


def _flag(query: Mapping[str, str], name: str) -> bool:
    """Bare (`?follow`) means true, as when the API's queries are converted."""
    return name in query and query[name].lower() not in ("false", "0")


def _number(query: Mapping[str, str], name: str, least: int) -> int | None:
    text = query.get(name, "")
    if text == "":
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise BadLogOptions(f"{name}: {text!r} is no number")
    if int(text) < least:
        raise BadLogOptions(f"{name}: Invalid value: {int(text)}: must be greater than or equal to {least}")
    return int(text)
