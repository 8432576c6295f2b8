"""Rules of apiregistration.k8s.io."""
