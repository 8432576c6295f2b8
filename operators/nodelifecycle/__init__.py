"""Node lifecycle operator: the role of a Node, and the taints that follow its conditions."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
