"""Namespace operator: empties namespaces that are being deleted."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
