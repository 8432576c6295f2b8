"""The plug-ins in the order in which they run, and those of them that concern one resource."""

from collections.abc import Sequence
from dataclasses import dataclass

from apiserver_stub.admission.attributes import Attributes, Charging, Mutating, Remote, Validating
from apiserver_stub.schema import kinds


@dataclass(frozen=True, slots=True)
class Gate:
    """What a request for objects of one resource passes on its way to the store."""

    mutating: Sequence[Mutating] = ()
    validating: Sequence[Validating] = ()
    remote: Sequence[Remote] = ()
    charging: Sequence[Charging] = ()

    def admit(self, a: Attributes) -> None:
        """Raises StatusError."""
        for plugin in self.mutating:
            plugin.admit(a)

    def validate(self, a: Attributes) -> None:
        """Raises StatusError."""
        for plugin in self.validating:
            plugin.validate(a)

    def asks(self, a: Attributes) -> bool:
        """Whether other programs have to be asked (ask_to_admit, ask_to_validate), or mutating plug-ins run again."""
        return a.reinvoke or any(plugin.concerns(a) for plugin in self.remote)

    async def ask_to_admit(self, a: Attributes) -> None:
        """What follows `admit`: other programs, and if something changed the whole round once more.

        Raises StatusError. See "Reinvocation policy" of the Kubernetes page on dynamic admission control.
        """
        for plugin in self.remote:
            await plugin.admit(a)
        if a.reinvoke:
            a.again = True
            self.admit(a)
            for plugin in self.remote:
                await plugin.admit(a)

    async def ask_to_validate(self, a: Attributes) -> None:
        """Raises StatusError."""
        for plugin in self.remote:
            await plugin.validate(a)

    async def pass_through(self, a: Attributes) -> None:
        """All of it, for a request that is not an object to be stored. Raises StatusError."""
        self.admit(a)
        asks = self.asks(a)
        if asks:
            await self.ask_to_admit(a)
        self.validate(a)
        if asks:
            await self.ask_to_validate(a)

    async def charge(self, a: Attributes) -> None:
        """Raises StatusError."""
        for plugin in self.charging:
            await plugin.validate(a)


@dataclass(frozen=True, slots=True)
class Chain:
    """All plug-ins, each group in upstream's order."""

    mutating: Sequence[Mutating] = ()
    validating: Sequence[Validating] = ()
    remote: Sequence[Remote] = ()
    charging: Sequence[Charging] = ()

    def without(self, classes: tuple[type, ...]) -> "Chain":
        """The same, but for plug-ins of these classes."""
        if not classes:
            return self
        return Chain(
            tuple(one for one in self.mutating if not isinstance(one, classes)),
            tuple(one for one in self.validating if not isinstance(one, classes)),
            tuple(one for one in self.remote if not isinstance(one, classes)),
            tuple(one for one in self.charging if not isinstance(one, classes)),
        )

    def gate(self, resource: kinds.Resource) -> Gate:
        return Gate(
            tuple(plugin for plugin in self.mutating if plugin.handles(resource)),
            tuple(plugin for plugin in self.validating if plugin.handles(resource)),
            tuple(plugin for plugin in self.remote if plugin.handles(resource)),
            tuple(plugin for plugin in self.charging if plugin.handles(resource)),
        )
