"""The ukube command line."""
