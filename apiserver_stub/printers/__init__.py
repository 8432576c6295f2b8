"""Cells of Tables: how `kubectl get -o wide` shows each built-in kind; one function per kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final

from apiserver_stub.printers import apps, autoscaling, batch, cells, core, events, network, pods, policy, storage
from apiserver_stub.printers.cells import JSON

# An object and the time now, to the cells of its row, in the order of schema.facts.columns.
Printer = Callable[[JSON, dt.datetime], list[Any]]


def name_and_age(obj: JSON, now: dt.datetime) -> list[Any]:
    return [cells.text(obj, "metadata", "name"), cells.age(obj, now)]


def name_and_time(obj: JSON, now: dt.datetime) -> list[Any]:
    """Kinds without columns of their own: when they were created, as a time."""
    return [cells.text(obj, "metadata", "name"), cells.part(obj, "metadata").get("creationTimestamp")]


# By group and plural name: versions of a group share their columns.
_ADMISSION: Final = "admissionregistration.k8s.io"
PRINTERS: Final[Mapping[tuple[str, str], Printer]] = {
    ("", "componentstatuses"): core.component_status,
    ("", "configmaps"): core.config_map,
    ("", "endpoints"): network.endpoints,
    ("", "events"): events.event,
    ("", "namespaces"): core.namespace,
    ("", "nodes"): core.node,
    ("", "persistentvolumeclaims"): storage.claim,
    ("", "persistentvolumes"): storage.volume,
    ("", "pods"): pods.pod,
    ("", "podtemplates"): pods.pod_template,
    ("", "replicationcontrollers"): core.replication_controller,
    ("", "resourcequotas"): core.resource_quota,
    ("", "secrets"): core.secret,
    ("", "serviceaccounts"): name_and_age,
    ("", "services"): network.service,
    ("apiregistration.k8s.io", "apiservices"): policy.api_service,
    ("apps", "controllerrevisions"): apps.controller_revision,
    ("apps", "daemonsets"): apps.daemon_set,
    ("apps", "deployments"): apps.deployment,
    ("apps", "replicasets"): apps.replica_set,
    ("apps", "statefulsets"): apps.stateful_set,
    ("autoscaling", "horizontalpodautoscalers"): autoscaling.horizontal_pod_autoscaler,
    ("batch", "cronjobs"): batch.cron_job,
    ("batch", "jobs"): batch.job,
    ("certificates.k8s.io", "certificatesigningrequests"): policy.signing_request,
    ("coordination.k8s.io", "leases"): policy.lease,
    ("discovery.k8s.io", "endpointslices"): network.endpoint_slice,
    ("events.k8s.io", "events"): events.event,
    ("flowcontrol.apiserver.k8s.io", "flowschemas"): policy.flow_schema,
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"): policy.priority_level,
    ("networking.k8s.io", "ingressclasses"): network.ingress_class,
    ("networking.k8s.io", "ingresses"): network.ingress,
    ("networking.k8s.io", "ipaddresses"): network.ip_address,
    ("networking.k8s.io", "networkpolicies"): network.network_policy,
    ("networking.k8s.io", "servicecidrs"): network.service_cidr,
    ("node.k8s.io", "runtimeclasses"): policy.runtime_class,
    ("policy", "poddisruptionbudgets"): policy.pod_disruption_budget,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): policy.role_binding,
    ("rbac.authorization.k8s.io", "rolebindings"): policy.role_binding,
    ("resource.k8s.io", "deviceclasses"): name_and_age,
    ("resource.k8s.io", "resourceclaims"): policy.resource_claim,
    ("resource.k8s.io", "resourceclaimtemplates"): name_and_age,
    ("resource.k8s.io", "resourceslices"): policy.resource_slice,
    ("scheduling.k8s.io", "priorityclasses"): policy.priority_class,
    ("storage.k8s.io", "csidrivers"): storage.csi_driver,
    ("storage.k8s.io", "csinodes"): storage.csi_node,
    ("storage.k8s.io", "storageclasses"): storage.storage_class,
    ("storage.k8s.io", "volumeattachments"): storage.volume_attachment,
    ("storage.k8s.io", "volumeattributesclasses"): storage.volume_attributes_class,
    (_ADMISSION, "mutatingadmissionpolicies"): policy.mutating_policy,
    (_ADMISSION, "mutatingadmissionpolicybindings"): policy.policy_binding,
    (_ADMISSION, "mutatingwebhookconfigurations"): policy.webhooks,
    (_ADMISSION, "validatingadmissionpolicies"): policy.validating_policy,
    (_ADMISSION, "validatingadmissionpolicybindings"): policy.policy_binding,
    (_ADMISSION, "validatingwebhookconfigurations"): policy.webhooks,
}


def printer(group: str, plural: str) -> Printer:
    """The cells of a kind; name and creation time for kinds that have no columns of their own."""
    return PRINTERS.get((group, plural), name_and_time)
