"""StatefulSet operator: Pods with names and volumes of their own, started and replaced in order."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("apps/v1/statefulsets",), account="statefulset-controller")

kopf_run.offer(__name__)
