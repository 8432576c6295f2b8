"""Which admission plug-ins there are, in upstream's order."""

from __future__ import annotations

from apiserver_stub.admission.certificates import CertificateApproval, CertificateRequester
from apiserver_stub.admission.chain import Chain
from apiserver_stub.admission.escalation import RoleEscalation
from apiserver_stub.admission.limitranger import LimitRanger
from apiserver_stub.admission.namespaces import NamespaceLifecycle
from apiserver_stub.admission.noderestriction import NodeRestriction
from apiserver_stub.admission.podsecurity import PodSecurity
from apiserver_stub.admission.policies.mutating import MutatingAdmissionPolicy
from apiserver_stub.admission.policies.rights import ParameterRights
from apiserver_stub.admission.policies.validating import ValidatingAdmissionPolicy
from apiserver_stub.admission.policies.world import World
from apiserver_stub.admission.priority import Priority
from apiserver_stub.admission.resourcequota import Ledger, ResourceQuota
from apiserver_stub.admission.storage import PersistentVolumeClaimResize
from apiserver_stub.admission.webhooks.plugins import MutatingWebhooks, Surroundings, ValidatingWebhooks
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.registry import base


def chain(view: base.View, ledger: Ledger, authorizer: Authorizer, around: Surroundings, world: World) -> Chain:
    """What else is done to new Pods is in registry/core/pod_admission.py.

    ledger: how what is used of a ResourceQuota is written down. around: what webhooks need;
    world: what policies need.
    """
    limits = LimitRanger(view)
    every = Chain(
        mutating=(
            NamespaceLifecycle(view),
            limits,
            NodeRestriction(view),
            RoleEscalation(authorizer),
            CertificateRequester(),
            MutatingAdmissionPolicy(view, authorizer, world),
        ),
        validating=(
            ParameterRights(view, authorizer, world),
            limits,
            Priority(view),
            PodSecurity(view),
            PersistentVolumeClaimResize(view),
            CertificateApproval(authorizer, view.off),
            ValidatingAdmissionPolicy(view, authorizer, world),
        ),
        remote=(MutatingWebhooks(around), ValidatingWebhooks(around)),
        charging=(ResourceQuota(view, ledger),),
    )
    return every.without(tuple(_CLASSES[name] for name in view.off & _CLASSES.keys()))


# By upstream's names; what is missing here is done by strategies, which look at view.off.
_CLASSES: dict[str, type] = {
    "LimitRanger": LimitRanger,
    "MutatingAdmissionPolicy": MutatingAdmissionPolicy,
    "MutatingAdmissionWebhook": MutatingWebhooks,
    "NamespaceLifecycle": NamespaceLifecycle,
    "NodeRestriction": NodeRestriction,
    "PersistentVolumeClaimResize": PersistentVolumeClaimResize,
    "PodSecurity": PodSecurity,
    "Priority": Priority,
    "ResourceQuota": ResourceQuota,
    "ValidatingAdmissionPolicy": ValidatingAdmissionPolicy,
    "ValidatingAdmissionWebhook": ValidatingWebhooks,
}
