"""Provisioner operator: makes volumes out of directories of this node, lets them grow, removes them."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(
    ("v1/persistentvolumeclaims", "v1/persistentvolumes"), account="volume-provisioner", errand="defaultclass"
)

kopf_run.offer(__name__)
