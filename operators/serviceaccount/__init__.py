"""ServiceAccount operator: default account and root certificate in every namespace."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
