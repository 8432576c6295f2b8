"""Binder operator: gives every Pod a node."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
