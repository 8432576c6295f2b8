"""Rules of apps, one module per kind."""
