"""VolumeSnapshot operator: snapshots of this node's volumes, where their definitions have been installed."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(
    ("apiextensions.k8s.io/v1/customresourcedefinitions",),
    account="volume-snapshotter",
    field_selector="metadata.name=volumesnapshots.snapshot.storage.k8s.io",
)

kopf_run.offer(__name__)
