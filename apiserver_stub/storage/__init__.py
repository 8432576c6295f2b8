"""The append-only log of all objects, with one global revision."""
