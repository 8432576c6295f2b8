"""The images of a Pod's containers."""
