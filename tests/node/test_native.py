"""`ukube up` and `down` on a machine with systemd as PID 1: a sandbox node that gets a copy of the checkout."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import paths
from deploy.images import build
from deploy.progress import Steps
from deploy.sandbox import node as sandbox
from deploy.sandbox import recipe

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
HOME = "/root/microkube"
FOR_NODE = ["--no-deps", "--only-binary=:all:", "--implementation=cp", f"--python-version={recipe.PYTHON}"]
TAGS = [f"--platform={tag}_x86_64" for tag in ("manylinux2014", "manylinux_2_28", "manylinux_2_34")]
CLI_NEEDS = ["click", "rich", "pygments", "markdown-it-py", "mdurl", "pyyaml"]
VENV = f"""
cd {HOME}/.venv && mkdir -p bin && ln -s /usr/bin/python3 bin/python && echo 'home = /usr/bin' > pyvenv.cfg
echo {HOME} > lib/python{recipe.PYTHON}/site-packages/microkube.pth
echo "$(sha256sum < ../requirements-dev.lock) {HOME}" > ukube.stamp
systemctl disable --now ukube-operators ukube-apiserver
"""


@pytest.fixture(scope="module")
def machine(bare_node: sandbox.Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.Node]:
    """A node without network on which the CLI runs; pip finds what it needs in a folder."""
    node = sandbox.Node(f"{bare_node.name}-native")
    folder = tmp_path_factory.mktemp("native")
    pip = [sys.executable, "-m", "pip"]
    lock = str(paths.CHECKOUT / "requirements.lock")
    wheels = ["download", "-qq", "--require-hashes", *FOR_NODE, *TAGS, "--dest", str(folder / "wheels"), "-r", lock]
    subprocess.run([*pip, *wheels], check=True)
    site = ["install", "-qq", "--no-compile", *FOR_NODE, *TAGS, "--target", str(folder / "site"), *CLI_NEEDS]
    subprocess.run([*pip, *site], check=True)
    subprocess.run(["cp", "-r", Path(__import__("pip").__file__).parent, folder / "site/pip"], check=True)
    try:
        sandbox.up(node, Steps())
        tracked = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=paths.CHECKOUT, check=True, capture_output=True
        ).stdout
        copy(node, paths.CHECKOUT, HOME, tracked)
        copy(node, folder / "wheels", "/root/wheels")
        copy(node, folder / "site", f"{HOME}/.venv/lib/python{recipe.PYTHON}/site-packages")
        node.run(["sh", "-ec", VENV])
        yield node
    finally:
        sandbox.remove(node)


def copy(node: sandbox.Node, source: Path, target: str, names: bytes | None = None) -> None:
    chosen = ["."] if names is None else ["--null", "--files-from=-", "--ignore-failed-read"]
    packed = subprocess.run(["tar", "-C", source, "-c", *chosen], check=True, input=names, capture_output=True).stdout
    unpack = node.argv(["sh", "-ec", 'mkdir -p "$1"; tar -C "$1" -x', "sh", target])
    subprocess.run(unpack, check=True, input=packed)


def ukube(node: sandbox.Node, *words: str) -> "subprocess.CompletedProcess[str]":
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/root/wheels"}
    return node.run([f"{HOME}/deploy/ukube", *words], check=False, timeout=120, env=pip)


def test_up_runs_pods_and_purge_leaves_nothing(machine: sandbox.Node) -> None:
    image = build.busybox(machine, "localhost/busybox:latest")
    done = ukube(machine, "up")
    assert done.returncode == 0, done.stdout + done.stderr
    machine.run(["kubectl", "run", "one", f"--image={image}", "--image-pull-policy=Never", "--", "sleep", "1000"])
    machine.run(["kubectl", "wait", "pod/one", "--for=condition=Ready", "--timeout=60s"], timeout=70)
    assert ukube(machine, "status").returncode == 0

    done = ukube(machine, "down")
    assert done.returncode == 0, done.stderr
    assert machine.run(["podman", "ps", "-q"]).stdout == ""
    assert ukube(machine, "status").returncode == 1
    assert ukube(machine, "up").returncode == 0
    machine.run(["kubectl", "wait", "pod/one", "--for=condition=Ready", "--timeout=60s"], timeout=70)

    done = ukube(machine, "down", "--purge")
    assert done.returncode == 0, done.stderr
    look = (
        "ls -d /opt/ukube /var/lib/ukube /run/ukube /etc/ukube /var/log/pods /etc/systemd/system/*ukube* /run/netns/*"
    )
    assert machine.run(["sh", "-c", f"{look} 2> /dev/null"], check=False).stdout == ""
    assert machine.run(["podman", "ps", "-aq"]).stdout == ""
    assert machine.run(["nft", "list", "tables"]).stdout == ""
    assert machine.run(["ip", "link", "show", "ukube0"], check=False).returncode != 0
    assert machine.run(["id", "ukube"], check=False).returncode != 0


def test_without_an_installation_the_sentence_says_what_to_do(machine: sandbox.Node) -> None:
    ukube(machine, "down", "--purge")
    done = ukube(machine, "status")
    assert done.returncode == 1
    assert "install it with `deploy/ukube up`" in done.stderr
