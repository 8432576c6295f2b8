"""Ephemeral volume operator: makes the claims of Pods' generic ephemeral volumes."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
