"""Rules of batch, one module per kind."""
