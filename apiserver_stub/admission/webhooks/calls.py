"""One question to one webhook, and what is made of its answer."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any, Protocol

from apiserver_stub.admission import criteria, review
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.webhooks import exchange
from apiserver_stub.admission.webhooks.configurations import Hook
from apiserver_stub.admission.webhooks.forms import Forms
from apiserver_stub.admission.webhooks.selection import kind_in
from apiserver_stub.meta import status
from apiserver_stub.outbound.webhooks import WebhookError
from apiserver_stub.schema import kinds

logger = logging.getLogger(__name__)


class Client(Protocol):
    """What asks; outbound.webhooks.Webhooks is one."""

    async def ask(self, config: Mapping[str, Any], question: bytes, seconds: int) -> bytes:
        """Raises WebhookError."""


class NoAnswer(Exception):
    """The webhook failed: its failurePolicy decides. The text is upstream's."""

    def __init__(self, hook: Hook, why: str) -> None:
        super().__init__(f'failed calling webhook "{hook.name}": {why}')


async def ask(
    client: Client, hook: Hook, a: Attributes, resource: kinds.Resource, shown: Forms, *, mutating: bool
) -> exchange.Answer:
    """The answer of a webhook that allows the request; its warnings and annotations are with the request then.

    Raises StatusError where it refuses or has side effects that a dry run must not have, NoAnswer.
    """
    if a.dry_run and not hook.takes_dry_runs:
        raise status.bad_request(f'admission webhook "{hook.name}" does not support dry run')
    if not hook.version:
        raise NoAnswer(
            hook,
            "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)",
        )
    uid = str(uuid.uuid4())
    terms = (resource.group, resource.version, resource.name)
    request = review.request(a, terms, kind_in(a, resource))
    question = exchange.question(hook.version, uid, request, await shown.new(resource), await shown.old(resource))
    try:
        content = await client.ask(hook.client, question, hook.timeout)
        answer = exchange.read(content, uid, hook.version, mutating=mutating)
    except (WebhookError, exchange.Unreadable) as problem:
        raise NoAnswer(hook, f"failed to call webhook: {problem}") from None
    except exchange.Invalid as problem:
        raise NoAnswer(hook, f"received invalid webhook response: {problem}") from None
    for key, text in answer.annotations.items():
        a.annotations[f"{hook.name}/{key}"] = text
    a.warnings += answer.warnings
    if not answer.allowed:
        logger.info("webhook %s refused %s of %s %s", hook.name, a.operation, "/".join(criteria.name_of(a)), a.name)
        raise exchange.refusal(hook.name, answer.result)
    return answer


def judge(hook: Hook, problem: NoAnswer) -> None:
    """What a failure means by the webhook's failurePolicy. Raises StatusError (500)."""
    if hook.ignores_failures:
        logger.warning("request goes on without webhook: %s", problem)
        return
    logger.warning("request is refused for want of a webhook: %s", problem)
    raise status.internal(str(problem))
