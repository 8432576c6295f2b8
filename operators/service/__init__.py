"""Service operator: Services answer: one nftables table for the node, and addresses for LoadBalancers."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
