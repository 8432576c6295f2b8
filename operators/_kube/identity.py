"""Which node this is, and as whom operators act."""

from __future__ import annotations

import os
import socket

_ACCOUNTS = "system:serviceaccount:kube-system:"
_NODES = "system:nodes"
_NODE = "system:node:"


def node_name() -> str:
    """The name of this machine's Node: $UKUBE_NODE_NAME, else the host name in lower case, as kubelets do it."""
    return (os.environ.get("UKUBE_NODE_NAME") or socket.gethostname()).strip().lower()


def account(name: str) -> str:
    """The user of a ServiceAccount in kube-system, where controllers have theirs."""
    return _ACCOUNTS + name


def node_user() -> str:
    """The user that this machine's kubelet is."""
    return _NODE + node_name()


def impersonation(user: str) -> dict[str, str]:
    """The headers by which a request is made as `user`; see the Kubernetes page "User Impersonation"."""
    headers = {"Impersonate-User": user}
    return headers | {"Impersonate-Group": _NODES} if user.startswith(_NODE) else headers
