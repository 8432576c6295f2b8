"""ServiceAccount token operator: fills Secrets that ask for a token of a ServiceAccount."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("v1/secrets",), account="tokens-controller", field_selector="type=kubernetes.io/service-account-token")

kopf_run.offer(__name__)
