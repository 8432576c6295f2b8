"""The plug-ins MutatingAdmissionWebhook and ValidatingAdmissionWebhook."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from apiserver_stub.admission import criteria
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.namespaces import NamespaceLifecycle
from apiserver_stub.admission.webhooks import calls, exchange, patching
from apiserver_stub.admission.webhooks.configurations import MUTATING, VALIDATING, Configurations, Hook, Source
from apiserver_stub.admission.webhooks.forms import Forms, Served
from apiserver_stub.admission.webhooks.selection import Selection
from apiserver_stub.auth.authenticate import SYSTEM
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.meta import status
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds

Object = dict[str, Any]

_MUTATED: Final = "mutation.webhook.admission.k8s.io"
_FAILED_OPEN: Final = "failed-open.mutation.webhook.admission.k8s.io"
_FAILED_OPEN_VALIDATING: Final = "failed-open.validating.webhook.admission.k8s.io"
_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What webhooks need of the server."""

    log: Source
    view: base.View
    served: Served
    authorizer: Authorizer
    client: calls.Client


class _Webhooks:
    """What both have in common."""

    table: tuple[str, str]

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._configurations = Configurations(around.log, self.table)
        self._selection = Selection(around.view, around.served, around.authorizer)

    def handles(self, resource: kinds.Resource) -> bool:
        return not criteria.is_exempt((resource.group, resource.version, resource.name))

    def concerns(self, a: Attributes) -> bool:
        """Whether some webhook may be meant, by operation and resource.

        Never about what the server itself writes: it could not start without its own webhooks' Pods, which need it.
        """
        configurations = self._configurations
        if not configurations.hooks or a.user is SYSTEM:
            return False
        if a.resource.is_custom:
            # Versions come and go.
            return any(self._selection.may_match(hook, a) for hook in configurations.hooks)
        scope = "n" if a.namespace else ""
        key = (*criteria.name_of(a), a.subresource, a.operation, scope)
        found = configurations.remembered.get(key)
        if found is None:
            found = any(self._selection.may_match(hook, a) for hook in configurations.hooks)
            if len(configurations.remembered) >= _REMEMBERED:
                configurations.remembered.clear()
            configurations.remembered[key] = found
        return found


@dataclass(slots=True)
class _Round:
    """What is remembered for the second time round.

    invoked: webhooks that may be called again; due: those that are to be; output: the object as they left it.
    """

    invoked: set[str] = field(default_factory=set)
    due: set[str] = field(default_factory=set)
    output: bytes = b""

    def changed(self) -> None:
        self.due |= self.invoked
        self.invoked = set()


class MutatingWebhooks(_Webhooks):
    """One after the other, each sees what those before it made of the object."""

    name: Final = "MutatingAdmissionWebhook"
    table = MUTATING

    async def admit(self, a: Attributes) -> None:
        """Raises StatusError."""
        if not self.concerns(a):
            return
        try:
            await self._admit(a)
        except status.StatusError as error:
            error.warnings += a.warnings
            raise

    async def validate(self, a: Attributes) -> None:
        """These only change."""

    async def _admit(self, a: Attributes) -> None:
        memory: _Round = a.memory.setdefault(self.name, _Round())
        if a.again and memory.output != _encoded(a.obj):
            memory.changed()
        shown = Forms(self._around.served, a)
        self._complete(a)
        for index, hook in enumerate(self._configurations.hooks):
            resource = await self._selection.choose(hook, a, shown)
            if resource is None or (a.again and hook.key not in memory.due):
                continue
            if await self._call(hook, index, a, resource, shown):
                memory.changed()
                a.reinvoke = True
            if hook.reinvocable:
                memory.invoked.add(hook.key)
        memory.output = _encoded(a.obj)

    def _complete(self, a: Attributes) -> None:
        """A Pod as upstream's own plug-ins leave it: here they come later, when all others have had their say."""
        if a.operation == "CREATE" and a.resource.group_resource == "pods" and not a.subresource and a.obj is not None:
            from apiserver_stub.registry.core import pod_admission

            pod_admission.admit(a.obj, self._around.view, mount_token=True)

    async def _call(self, hook: Hook, index: int, a: Attributes, resource: kinds.Resource, shown: Forms) -> bool:
        """Whether the object is another one now."""
        place = f"round_{int(a.again)}_index_{index}"
        changed = False
        try:
            answer = await calls.ask(self._around.client, hook, a, resource, shown, mutating=True)
            changed = await self._patch(hook, answer, a, resource, shown)
        except calls.NoAnswer as problem:
            calls.judge(hook, problem)
            a.annotations[f"{_FAILED_OPEN}/{place}"] = hook.name
        told = {"configuration": hook.configuration, "webhook": hook.name, "mutated": changed}
        a.annotations[f"{_MUTATED}/{place}"] = orjson.dumps(told).decode()
        return changed

    async def _patch(
        self, hook: Hook, answer: exchange.Answer, a: Attributes, resource: kinds.Resource, shown: Forms
    ) -> bool:
        if not answer.patch:
            return False
        try:
            operations = patching.read(answer.patch)
            if not operations:
                return False
            obj = await shown.new(resource)
            if obj is None:
                text = "attempted to modify the object, which is not supported for this operation"
                raise status.internal(f'admission webhook "{hook.name}" {text}')
            if answer.patch_type != "JSONPatch":
                raise calls.NoAnswer(hook, f'unsupported patch type "{answer.patch_type}"')
            patched = patching.apply(obj, operations)
        except patching.Failed as problem:
            raise status.internal(str(problem)) from None
        if not isinstance(patched, dict) or any(patched.get(name) != obj[name] for name in ("apiVersion", "kind")):
            text = f'the patch of admission webhook "{hook.name}" does not result in a {obj["kind"]}'
            raise status.internal(text)
        before = _encoded(obj)
        try:
            await shown.put(patched, resource)
        except status.StatusError as error:
            raise status.internal(
                f'the patch of admission webhook "{hook.name}" does not fit: {error.message}'
            ) from None
        return _encoded(await shown.new(resource)) != before


class ValidatingWebhooks(_Webhooks):
    """All at once: none sees what another one says."""

    name: Final = "ValidatingAdmissionWebhook"
    table = VALIDATING

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._lifecycle = NamespaceLifecycle(around.view)

    async def admit(self, a: Attributes) -> None:
        """These only judge."""

    async def validate(self, a: Attributes) -> None:
        """Raises StatusError."""
        if self.concerns(a):
            try:
                await self._validate(a)
            except status.StatusError as error:
                error.warnings += a.warnings
                raise
        if a.resource.namespaced:
            # The namespace may have gone while others were asked.
            self._lifecycle.admit(a)

    async def _validate(self, a: Attributes) -> None:
        shown = Forms(self._around.served, a)
        chosen: list[tuple[Hook, kinds.Resource]] = []
        for hook in self._configurations.hooks:
            resource = await self._selection.choose(hook, a, shown)
            if resource is not None:
                # Converted here, so that those who are asked side by side find it done.
                await shown.new(resource)
                await shown.old(resource)
                chosen.append((hook, resource))
        answers = [self._call(hook, index, a, resource, shown) for index, (hook, resource) in enumerate(chosen)]
        for outcome in await asyncio.gather(*answers, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _call(self, hook: Hook, index: int, a: Attributes, resource: kinds.Resource, shown: Forms) -> None:
        try:
            await calls.ask(self._around.client, hook, a, resource, shown, mutating=False)
        except calls.NoAnswer as problem:
            calls.judge(hook, problem)
            a.annotations[f"{_FAILED_OPEN_VALIDATING}/round_0_index_{index}"] = hook.name


def _encoded(obj: Object | None) -> bytes:
    return orjson.dumps(obj, option=orjson.OPT_SORT_KEYS)
