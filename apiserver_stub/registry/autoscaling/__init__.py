"""Rules of autoscaling, one module per kind."""
