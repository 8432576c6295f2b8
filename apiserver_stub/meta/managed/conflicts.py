"""What an apply answers when other managers own what it changes."""

from __future__ import annotations

from collections.abc import Mapping

from apiserver_stub.meta import status
from apiserver_stub.meta.managed import fieldset
from apiserver_stub.meta.managed.entries import Manager
from apiserver_stub.meta.managed.fieldset import Set


class Conflicts(Exception):
    """Fields by the manager that owns them."""

    def __init__(self, found: Mapping[Manager, Set]) -> None:
        super().__init__("conflicts")
        self.found = found

    def status(self) -> status.StatusError:
        """409 with one cause per field."""
        listed = [
            (manager, path)
            for manager in sorted(self.found, key=lambda manager: manager.order)
            for path in fieldset.paths(self.found[manager])
        ]
        causes = [
            {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
            for manager, path in listed
        ]
        if len(listed) == 1:
            manager, path = listed[0]
            text = f"1 conflict: conflict with {manager}: {path}"
        else:
            text = f"{len(listed)} conflicts: {self._lines()}"
        return status.StatusError(409, "Conflict", f"Apply failed with {text}", {"causes": causes})

    def _lines(self) -> str:
        lines = []
        for manager in sorted(self.found, key=lambda manager: manager.order):
            lines.append(f"conflicts with {manager}:")
            lines += [f"- {path}" for path in fieldset.paths(self.found[manager])]
        return "\n".join(lines)
