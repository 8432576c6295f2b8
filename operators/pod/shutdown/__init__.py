"""Graceful node shutdown: Pods end in order of their priority before the machine goes down."""
