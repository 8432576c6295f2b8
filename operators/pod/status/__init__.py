"""A Pod's status as kubelet writes it (pure): one file for each decision.

See the Kubernetes page "Pod Lifecycle" for phases, conditions and container states.
"""
