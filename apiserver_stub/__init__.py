"""The Kubernetes API of this node; it knows objects, not machines."""
