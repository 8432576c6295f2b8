"""Calls that this server makes to other programs: webhooks and what stands behind a Service."""
