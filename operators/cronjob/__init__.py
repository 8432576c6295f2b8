"""CronJob operator: Jobs at the times of a schedule."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("batch/v1/cronjobs",), account="cronjob-controller")

kopf_run.offer(__name__)
