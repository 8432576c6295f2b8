"""What makes each Pod of a StatefulSet itself: ordinal, name, network name, volumes (pure).

See the Kubernetes page "StatefulSets", "Pod Identity".
"""

from __future__ import annotations

import copy
import re

from operators._kube import meta
from operators._kube.meta import Object
from operators._workloads import revisions
from operators._workloads import template as templates

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
REVISION = "controller-revision-hash"
_NAME = re.compile(r"(.+)-(0|[1-9][0-9]{0,9})")


def ordinal(pod: Object) -> int | None:
    """The number at the end of a Pod's name; None for a name of another form."""
    match = _NAME.fullmatch(meta.name_of(pod))
    return int(match[2]) if match else None


def is_member(set_: Object, pod: Object) -> bool:
    """Whether the Pod's name is one of the set's."""
    match = _NAME.fullmatch(meta.name_of(pod))
    return match is not None and match[1] == meta.name_of(set_)


def start(set_: Object) -> int:
    return int((set_["spec"].get("ordinals") or {}).get("start") or 0)


def ordinals(set_: Object) -> range:
    """Of the Pods that the set shall have."""
    first = start(set_)
    return range(first, first + int(set_["spec"].get("replicas", 1)))


def name(set_: Object, number: int) -> str:
    return f"{meta.name_of(set_)}-{number}"


def claim_name(set_: Object, template: Object, number: int) -> str:
    return f"{template['metadata']['name']}-{name(set_, number)}"


def claims(set_: Object, number: int) -> list[Object]:
    """The PersistentVolumeClaims of one Pod."""
    found = []
    for template in set_["spec"].get("volumeClaimTemplates") or ():
        metadata = {n: v for n, v in template["metadata"].items() if n in ("labels", "annotations", "finalizers") and v}
        labels = {**(metadata.get("labels") or {}), **(set_["spec"]["selector"].get("matchLabels") or {})}
        named = {"name": claim_name(set_, template, number), "namespace": meta.namespace_of(set_), "labels": labels}
        kind = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
        found.append({**kind, "metadata": {**metadata, **named}, "spec": copy.deepcopy(template["spec"])})
    return found


def revision_of(pod: Object) -> str:
    """The name of the ControllerRevision that a Pod was made from."""
    return meta.labels_of(pod).get(REVISION, "")


def pod(set_: Object, number: int, revision: Object) -> Object:
    """The Pod with this ordinal, from the template of a revision."""
    made = copy.deepcopy(templates.pod(set_, revisions.template(revision)))
    own = name(set_, number)
    labels = {**(made["metadata"].get("labels") or {}), POD_NAME: own, POD_INDEX: str(number)}
    labels[REVISION] = meta.name_of(revision)
    made["metadata"] |= {"name": own, "labels": labels}
    spec = made["spec"]
    spec["hostname"] = own
    if service := set_["spec"].get("serviceName"):
        spec["subdomain"] = service
    if volumes := _volumes(set_, number, spec.get("volumes") or []):
        spec["volumes"] = volumes
    return made


def _volumes(set_: Object, number: int, given: list[Object]) -> list[Object]:
    """The claims' volumes, which win over the template's of the same name."""
    own = [
        {
            "name": template["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": claim_name(set_, template, number)},
        }
        for template in set_["spec"].get("volumeClaimTemplates") or ()
    ]
    taken = {volume["name"] for volume in own}
    return own + [volume for volume in given if volume["name"] not in taken]
