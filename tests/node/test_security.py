"""Secrets stay where they belong; who connects to the socket is known; the kubelet reads what its Pods name."""

import json
import shlex
from collections.abc import Iterator

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import Pods, container

PLANTED = "planted-9f3b1c7e5d2a"
# Where objects are, by design; and podman's record of the environment of a container that exists (see ADR 7).
ALLOWED = ("/var/lib/ukube/apiserver/state.db", "/var/lib/containers/storage/")
SOCKET = "/run/ukube/api.sock"
WHO = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})


@pytest.fixture(scope="module")
def planted(node: TestNode) -> Iterator[Pods]:
    """A Pod that has a Secret in its environment and in a volume, and runs."""
    node.kubectl("create", "namespace", "planted", check=False)
    pods = Pods(node, "planted")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"KEY": PLANTED}}
    pods.apply(secret)
    pods.create(
        "p",
        container(
            "c",
            envFrom=[{"secretRef": {"name": "s"}}],
            volumeMounts=[{"name": "v", "mountPath": "/secret"}],
        ),
        volumes=[{"name": "v", "secret": {"secretName": "s"}}],
    )
    pods.wait_ready("p")
    yield pods
    node.kubectl("delete", "namespace", "planted", "--timeout=60s", check=False, timeout=70)


def found(node: TestNode, text: str, *places: str) -> list[str]:
    """Files that hold the text, but for those that may. The text is not among grep's own arguments."""
    node.write("/run/pattern", text)
    words = ["grep", "-rlsaF", "-f", "/run/pattern", "--exclude=pattern", *places]
    return node.run(words, check=False, timeout=120).stdout.splitlines()


def test_a_planted_secret_is_nowhere_but_in_the_store_and_in_memory(node: TestNode, planted: Pods) -> None:
    inside = node.kubectl("exec", "-n", "planted", "p", "--", "sh", "-c", "echo $KEY; cat /secret/KEY").stdout
    assert inside.count(PLANTED) == 2
    on_disk = [path for path in found(node, PLANTED, "/etc", "/var", "/opt/ukube", "/root", "/tmp") if path]
    assert [path for path in on_disk if not path.startswith(ALLOWED)] == []
    for folder in ("/var/lib/ukube/apiserver", "/var/lib/containers", "/run/crun"):
        assert node.run(["stat", "-c", "%a", folder]).stdout.strip() == "700"
    in_memory = found(node, PLANTED, "/run")
    assert in_memory
    assert [path for path in in_memory if not path.startswith(("/run/ukube/pods/", "/run/crun/"))] == []


def test_nor_in_the_journal_nor_in_any_programs_arguments(node: TestNode, planted: Pods) -> None:
    node.write("/run/pattern", PLANTED)
    journal = "journalctl --no-pager -a -o export | grep -acF -f /run/pattern"
    assert node.run(["sh", "-c", journal], check=False).stdout.strip() == "0"
    arguments = "cat /proc/[0-9]*/cmdline 2>/dev/null | grep -acF -f /run/pattern"
    assert node.run(["sh", "-c", arguments], check=False).stdout.strip() == "0"


def test_keys_are_in_the_folder_of_the_server_only(node: TestNode) -> None:
    folder = "/var/lib/ukube/apiserver"
    for name in ("ca.key", "sa.key", "admin.key", "operators.key"):
        key = node.read(f"{folder}/pki/{name}").splitlines()[1]
        assert [path for path in found(node, key, "/etc", "/var", "/run") if not path.startswith(folder)] == []
    modes = node.run(["find", folder, "!", "-perm", "0600", "!", "-type", "d"]).stdout
    assert modes == ""
    assert node.run(["stat", "-c", "%a %U", folder, f"{folder}/pki"]).stdout.split() == ["700", "ukube"] * 2


@pytest.mark.parametrize("path", ["/run/ukube/pods", "/var/lib/ukube/apiserver", "/var/lib/ukube/apiserver/pki/ca.key"])
def test_others_on_the_machine_read_nothing(node: TestNode, planted: Pods, path: str) -> None:
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "find", path, "-type", "f"]
    assert node.run(words, check=False).stdout.strip() in ("", path)
    read = [*words[:4], "sh", "-c", f"cat {path} {path}/*/* {path}/*/*/*"]
    assert PLANTED not in node.run(read, check=False).stdout
    assert node.run([*words[:4], "cat", path], check=False).returncode != 0


def ask(node: TestNode, login: str) -> dict[str, object]:
    words = ["curl", "-s", "--unix-socket", SOCKET, "-H", "content-type: application/json", "-d", WHO]
    words.append("http://x/apis/authentication.k8s.io/v1/selfsubjectreviews")
    become = ["setpriv", f"--reuid={login}", f"--regid={login}", "--init-groups"] if login else []
    done = node.run([*become, *words], check=False)
    return json.loads(done.stdout)["status"]["userInfo"] if done.stdout else {}


def test_the_socket_knows_who_connects(node: TestNode) -> None:
    assert node.run(["stat", "-c", "%a %U:%G", SOCKET]).stdout.strip() == "660 root:ukube"
    node.run(["sh", "-c", "id anna || useradd -G ukube anna; id bert || useradd bert"])
    assert ask(node, "")["username"] == "kubernetes-admin"
    anna = ask(node, "anna")
    assert (anna["username"], anna["groups"]) == ("local:anna", ["ukube:local", "system:authenticated"])
    assert ask(node, "bert") == {}


def test_the_kubelet_reads_only_what_its_pods_name(node: TestNode, planted: Pods) -> None:
    other = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other"}}
    planted.apply(other)
    me = f"system:node:{node.json('get', 'nodes')['items'][0]['metadata']['name']}"
    config = shlex.quote("/var/lib/ukube/apiserver/operators.kubeconfig")
    acting = ["--kubeconfig", config, "--as", me, "--as-group", "system:nodes", "-n", "planted"]
    assert node.kubectl("get", "secret", "s", *acting).returncode == 0
    for refused in (["secret", "other"], ["secrets"], ["secrets", "--all-namespaces"]):
        done = node.kubectl("get", *refused, *acting, check=False)
        assert "Forbidden" in done.stderr, refused
    label = node.kubectl(
        "label", "node", me.rpartition(":")[2], "node-restriction.kubernetes.io/a=b", *acting, check=False
    )
    assert "is not allowed to modify labels" in label.stderr
