"""The node's kubelet endpoint: logs, exec, attach and port-forward of this node's Pods, for the API server only."""
