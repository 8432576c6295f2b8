"""Node operator: the Node object of this machine and its Lease."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
