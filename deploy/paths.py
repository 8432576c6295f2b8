"""Where things are: the checkout, the caches, the sandbox nodes, an installation on a node."""

import os
from pathlib import Path, PurePosixPath

CHECKOUT = Path(__file__).resolve().parent.parent

# On a node. Fixed, because unit files, kubeconfigs and backups name them.
PREFIX = PurePosixPath("/opt/ukube")
PYTHON = PREFIX / "venv/bin/python"
STATE = PurePosixPath("/var/lib/ukube")
API_DATA = STATE / "apiserver"
ADMIN_KUBECONFIG = API_DATA / "admin.kubeconfig"
METRICS = "127.0.0.1:10249"

SANDBOXES = Path("/var/lib/ukube-sandbox")


def cache() -> Path:
    """The folder of things that can be made again: XDG_CACHE_HOME/ukube, else /var/cache/ukube for root."""
    given = os.environ.get("XDG_CACHE_HOME")
    if given and Path(given).is_absolute():
        return Path(given) / "ukube"
    if os.geteuid() == 0:
        return Path("/var/cache/ukube")
    return Path.home() / ".cache/ukube"
