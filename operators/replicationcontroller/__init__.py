"""ReplicationController operator: keeps as many Pods as asked for, as ReplicaSets do today."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("v1/replicationcontrollers",), account="replication-controller")

kopf_run.offer(__name__)
