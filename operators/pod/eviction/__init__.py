"""Ending Pods so that the node, or a Pod that matters more, can go on."""
