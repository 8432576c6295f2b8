"""A Pod as systemd units and podman commands (pure text)."""
