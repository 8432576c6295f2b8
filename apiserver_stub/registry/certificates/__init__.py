"""Rules of certificates.k8s.io."""
