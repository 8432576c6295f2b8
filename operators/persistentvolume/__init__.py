"""PersistentVolume operator: brings claims and volumes together, and says what becomes of volumes."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
