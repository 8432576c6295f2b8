"""Rules of the core group, one module per kind."""
