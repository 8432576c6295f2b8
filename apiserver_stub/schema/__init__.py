"""The built-in kinds: which exist, what their fields are, how bodies become objects."""
