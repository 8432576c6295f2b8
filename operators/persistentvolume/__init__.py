"""PersistentVolume operator: brings claims and volumes together, and says what becomes of volumes."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("v1/persistentvolumeclaims", "v1/persistentvolumes"), account="persistent-volume-binder")

kopf_run.offer(__name__)
