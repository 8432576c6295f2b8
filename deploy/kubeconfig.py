"""The admin kubeconfig of a machine, as the machine itself and as the host sees it."""

import subprocess
from typing import Any

import yaml

from deploy import paths
from deploy.failure import Failure
from deploy.machine import Machine


def read(machine: Machine) -> str:
    """The file's text. Raises Failure while the API server has not written it."""
    try:
        return machine.run(["cat", str(paths.ADMIN_KUBECONFIG)]).stdout
    except subprocess.CalledProcessError as error:
        raise Failure(
            f"{machine.name} has no admin kubeconfig yet: the API server has not started; "
            "see `journalctl -u ukube-apiserver` on it"
        ) from error


def for_host(machine: Machine, port: int) -> str:
    """The same, with the address at which the host reaches the machine's API."""
    config: dict[str, Any] = yaml.safe_load(read(machine))
    for cluster in config["clusters"]:
        cluster["cluster"]["server"] = f"https://127.0.0.1:{port}"
    return yaml.safe_dump(config, sort_keys=False)
