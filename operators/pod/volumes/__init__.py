"""A Pod's volumes: what they are made of, and how they come to lie on the node."""
