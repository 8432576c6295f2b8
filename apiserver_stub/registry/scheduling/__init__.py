"""Rules of the kinds in scheduling.k8s.io."""
