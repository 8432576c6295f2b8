"""Garbage collector: deletes what has lost its owners."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
