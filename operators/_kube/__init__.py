"""What all operators share towards the Kubernetes API.

The way of a change: kopf watches (`framework`) over an aiohttp session (`session`); a `cache` keeps what is seen;
`runtime` finds out whom it concerns and puts keys into a `queue`; a kind's reconcile (`controller`) reads the cache and
writes through `client`. `host` runs many operators in one event loop, `command` is its command line, `kopf_run` serves
those who prefer kopf's. For plans and statuses, pure: `actions`, `meta`, `conditions`, `quantity`, `selectors`, `hash`.
"""
