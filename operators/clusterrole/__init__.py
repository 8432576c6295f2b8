"""ClusterRole operator: gathers the rules of aggregated roles."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
