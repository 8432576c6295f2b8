"""ReplicaSet operator: keeps as many Pods as asked for."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
