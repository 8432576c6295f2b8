"""Rules of events.k8s.io, one module per kind."""
