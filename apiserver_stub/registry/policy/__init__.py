"""Rules of the kinds in policy, and eviction."""
