"""Makes the auditor that the settings ask for."""

from pathlib import Path

from apiserver_stub.audit import policy
from apiserver_stub.audit.auditor import Auditor
from apiserver_stub.audit.file import MEGABYTE, Output, RotatingFile, Standard
from apiserver_stub.audit.sink import Sink
from apiserver_stub.settings import Audit


def make(asked: Audit) -> Auditor | None:
    """None where no policy is given. Raises OSError, PolicyError."""
    if asked.policy is None:
        if asked.path:
            raise policy.PolicyError("--audit-log-path needs --audit-policy-file")
        return None
    try:
        chosen = policy.parse(asked.policy.read_text(encoding="utf-8"))
    except ValueError as error:
        raise policy.PolicyError(f"{asked.policy}: {error}") from None
    return Auditor(chosen, Sink(_output(asked)))


def _output(asked: Audit) -> Output:
    if asked.path in ("", "-"):
        return Standard()
    return RotatingFile(Path(asked.path), asked.max_megabytes * MEGABYTE, asked.max_backups, asked.max_days)
