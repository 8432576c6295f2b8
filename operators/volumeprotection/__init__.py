"""Volume protection operator: lets claims and volumes that are being deleted go once nobody uses them."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
