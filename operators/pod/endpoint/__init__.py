"""The node's kubelet endpoint: logs, exec, attach and port-forward of this node's Pods, for the API server only."""

from operators.pod.endpoint.adapter import serve

__all__ = ["serve"]
