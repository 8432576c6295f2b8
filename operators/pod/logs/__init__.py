"""The containers' log files: rotated when they grow, removed when nobody can ask for them any more."""
