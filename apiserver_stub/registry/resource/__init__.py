"""Rules of resource.k8s.io, one module per kind."""
