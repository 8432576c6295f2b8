"""Container images made from distribution packages, for machines that can pull none."""
