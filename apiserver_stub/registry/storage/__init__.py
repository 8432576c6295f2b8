"""Rules of the kinds in storage.k8s.io."""
