"""Which fields of a Pod this node honours, and how: the table behind docs/reference/pod-support.md."""
