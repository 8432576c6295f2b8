"""Job operator: Pods that run until enough of them have succeeded."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("batch/v1/jobs",), account="job-controller", errand="errand")

kopf_run.offer(__name__)
