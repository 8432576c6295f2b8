"""What touches the machine: systemd, podman, the network. Only kinds that run on a node may import it."""
