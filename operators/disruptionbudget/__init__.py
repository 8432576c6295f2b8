"""PodDisruptionBudget operator: how many of an application's Pods may be evicted now."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("policy/v1/poddisruptionbudgets",), account="disruption-controller")

kopf_run.offer(__name__)
