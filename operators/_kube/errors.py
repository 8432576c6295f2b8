"""How a reconcile ends when it does not end well."""

from __future__ import annotations

from collections.abc import Iterable

from operators._kube.meta import Object


class ApiError(Exception):
    """The API server refused a request.

    `status`: the HTTP code; 0 when no answer came (connection refused, reset, timed out): for a write this means that
    the outcome is unknown. `reason` and `message` as in metav1.Status; `body`: the whole Status, or {}.
    """

    def __init__(self, status: int, reason: str, message: str, body: Object | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.body = body or {}

    def __str__(self) -> str:
        return self.message or f"{self.status} {self.reason}"

    @property
    def is_not_found(self) -> bool:
        return self.status == 404

    @property
    def is_conflict(self) -> bool:
        """A newer version exists, or a precondition failed: look again and decide again."""
        return self.status == 409 and self.reason == "Conflict"

    @property
    def is_already_exists(self) -> bool:
        return self.status == 409 and self.reason == "AlreadyExists"

    @property
    def is_unreachable(self) -> bool:
        return self.status == 0

    @property
    def is_outcome_unknown(self) -> bool:
        """For a write: it may have been done all the same."""
        return self.status == 0 or self.status >= 500

    @property
    def is_namespace_terminating(self) -> bool:
        causes = (self.body.get("details") or {}).get("causes") or ()
        return self.status == 403 and any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


class Terminal(Exception):
    """Trying again is of no use until the object changes. Becomes a Warning Event with this reason and message."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class RetryAfter(Exception):
    """Not an error: come back in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"retry after {seconds} s")
        self.seconds = seconds


def raise_first(errors: Iterable[BaseException]) -> None:
    """Raise the first of `errors`, if there is one. Call it after the status has been written."""
    for error in errors:
        raise error
