"""DaemonSet operator: one Pod on every Node that it fits."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("apps/v1/daemonsets",), account="daemon-set-controller")

kopf_run.offer(__name__)
