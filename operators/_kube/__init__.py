"""What all operators share towards the Kubernetes API."""
