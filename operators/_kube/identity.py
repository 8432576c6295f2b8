"""Which node this is."""

from __future__ import annotations

import os
import socket


def node_name() -> str:
    """The name of this machine's Node: $UKUBE_NODE_NAME, else the host name in lower case, as kubelets do it."""
    return (os.environ.get("UKUBE_NODE_NAME") or socket.gethostname()).strip().lower()
