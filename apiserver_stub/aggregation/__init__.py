"""API aggregation: groups and versions that other servers answer for, as their APIServices say."""
