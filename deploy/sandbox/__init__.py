"""The sandbox node: a whole machine with systemd as PID 1 in namespaces of its own."""
