"""What all kinds that hold a PodSpec share: defaults, validation, warnings."""
