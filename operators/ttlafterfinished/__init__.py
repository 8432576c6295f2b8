"""TTL-after-finished operator: Jobs that are over go after their time."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("batch/v1/jobs",), account="ttl-after-finished-controller")

kopf_run.offer(__name__)
