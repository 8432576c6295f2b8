"""Pod operator, MicroKube's kubelet: Pods as systemd units and podman containers."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
