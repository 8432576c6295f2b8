"""Whether this node takes a Pod that is bound to it."""
