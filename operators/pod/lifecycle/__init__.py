"""The life of a Pod's containers: observe, decide, start, stop."""
