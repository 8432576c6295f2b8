"""What the operators that touch the machine share: systemd, podman, network, journal."""
