"""What a Pod's containers may use of the node, and what they do use."""
