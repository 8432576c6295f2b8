"""Cron timer operator: on a node, systemd starts the control plane when a CronJob is due."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("batch/v1/cronjobs",), account="cronjob-controller", errand="errand")

kopf_run.offer(__name__)
