"""Volume protection operator: lets claims and volumes that are being deleted go once nobody uses them."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("v1/persistentvolumeclaims", "v1/persistentvolumes"), account="pvc-protection-controller")

kopf_run.offer(__name__)
