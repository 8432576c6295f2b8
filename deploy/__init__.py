"""What brings MicroKube onto a machine: the bootstrap, the CLI, the sandbox node."""
