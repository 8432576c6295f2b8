"""ResourceQuota operator: counts what a namespace's quotas are about."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
