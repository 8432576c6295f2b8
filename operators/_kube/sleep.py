"""What an operator's package says about itself before anything of it is loaded."""

from __future__ import annotations

from dataclasses import dataclass

from operators._kube import identity


@dataclass(frozen=True, slots=True)
class Sleep:
    """The operator has nothing to do before an object of one of `wakes_on` ("batch/v1/jobs") exists.

    `account`: its ServiceAccount in kube-system, as whom it watches for them. `field_selector`: narrows what wakes it.
    `errand`: a module of the package whose
    `run(api)` is awaited each time before it falls asleep.
    """

    wakes_on: tuple[str, ...]
    account: str
    errand: str = ""
    field_selector: str = ""

    @property
    def user(self) -> str:
        return identity.account(self.account)
