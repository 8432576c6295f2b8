"""Provisioner operator: makes volumes out of directories of this node, lets them grow, removes them."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
