"""ReplicationController operator: keeps as many Pods as asked for, as ReplicaSets do today."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
