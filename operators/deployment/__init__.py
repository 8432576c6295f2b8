"""Deployment operator: one ReplicaSet per revision, rolled from the old ones to the new one."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
