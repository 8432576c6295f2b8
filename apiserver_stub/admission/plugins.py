"""Which admission plug-ins there are, in upstream's order."""

from __future__ import annotations

from apiserver_stub.admission.limitranger import LimitRanger
from apiserver_stub.admission.priority import Priority
from apiserver_stub.admission.resourcequota import Ledger, ResourceQuota
from apiserver_stub.admission.storage import PersistentVolumeClaimResize
from apiserver_stub.registry import base

Validator = LimitRanger | Priority | PersistentVolumeClaimResize


def mutating(view: base.View) -> list[LimitRanger]:
    """Those that may change an object. (What others do to new Pods is in registry/core/pod_admission.py.)"""
    return [LimitRanger(view)]


def validating(view: base.View) -> list[Validator]:
    return [LimitRanger(view), Priority(view), PersistentVolumeClaimResize(view)]


def last(view: base.View, ledger: Ledger) -> ResourceQuota:
    """What is asked when nothing else can refuse any more, and right before the object is stored."""
    return ResourceQuota(view, ledger)
