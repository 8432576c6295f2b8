"""What is written down when a run of a container has ended."""

import subprocess
from pathlib import Path

import pytest

from operators.pod import files
from operators.pod.lifecycle import exits

SCRIPT = Path(files.__file__).parent / "libexec" / "post.sh"


class Node:
    """Two folders and a podman that does nothing."""

    def __init__(self, root):
        self.run, self.state = root / "run", root / "state"
        for folder in (self.run, self.state / "termination", root / "bin"):
            folder.mkdir(parents=True)
        (root / "bin" / "podman").write_text("#!/bin/sh\n")
        (root / "bin" / "podman").chmod(0o755)
        self._path = f"{root / 'bin'}:/usr/bin:/bin"

    def end(self, code, *policy, how="exited", ran=True, invocation="inv", message=""):
        if ran:
            (self.run / "app.pid").touch()
        (self.state / "termination" / "app").write_text(message)
        known = {"EXIT_CODE": how, "EXIT_STATUS": str(code)} if code is not None else {}
        environment = {"PATH": self._path, "INVOCATION_ID": invocation, "SERVICE_RESULT": "exit-code", **known}
        subprocess.run(
            ["/bin/sh", SCRIPT, self.run, self.state, "app", "shop_web_app", *(policy or ("Always",))],
            env=environment,
            check=True,
        )

    @property
    def record(self):
        return (self.run / "exits" / "app").read_text()

    @property
    def is_done(self):
        return (self.state / "done" / "app").exists()


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path)


@pytest.mark.parametrize(
    ("code", "how", "policy", "is_done"),
    [
        (0, "exited", ["Always"], False),
        (0, "exited", ["Init"], False),
        (3, "exited", ["Never"], True),
        (0, "exited", ["OnFailure"], True),
        (3, "exited", ["OnFailure"], False),
        ("KILL", "killed", ["OnFailure"], False),
        ("KILL", "killed", ["Never"], True),
        (42, "exited", ["Never", "42", "137", "SIGKILL"], False),
        (4, "exited", ["Never", "42", "137", "SIGKILL"], True),
        ("KILL", "killed", ["Never", "42", "137", "SIGKILL"], False),
        (0, "exited", ["OnFailure", "0"], False),
    ],
)
def test_what_has_ended_for_good(node, code, how, policy, is_done):
    node.end(code, *policy, how=how)
    assert node.is_done is is_done


@pytest.mark.parametrize(("code", "is_created"), [(None, False), (125, False), (127, True)])
def test_what_never_ran(node, code, is_created):
    node.end(code, "Never", ran=False)
    (found,) = exits.parse(node.record)
    assert (found.started, found.is_created, node.is_done) == (0.0, is_created, is_created)


def test_a_container_that_is_to_be_started_again_has_not_ended(node):
    (node.run / "restart").touch()
    node.end(0, "OnFailure")
    assert not node.is_done


def test_the_end_of_the_message_is_kept_and_the_next_run_begins_with_none(node):
    node.end(1, message="x" * 5000 + "end")
    said = (node.run / "messages" / "inv").read_text()
    assert (len(said), said[-3:]) == (4096, "end")
    assert (node.state / "termination" / "app").read_text() == ""


def test_what_ends_for_weeks_does_not_fill_the_memory(node):
    for folder in ("exits", "messages"):
        (node.run / folder).mkdir()
    lines = [
        f"inv{number} exit-code exited {125 if number == 5 else 3} - {0 if number == 5 else 9} 20\n"
        for number in range(59)
    ]
    (node.run / "exits" / "app").write_text("+7\n" + "".join(lines))
    for number in range(59):
        (node.run / "messages" / f"inv{number}").touch()
    node.end(3, invocation="inv59", message="m")
    found = exits.parse(node.record)
    assert exits.forgotten(node.record) + sum(exit_.is_created for exit_ in found) == 66
    assert len(found) == 20
    assert found[-1].invocation == "inv59"
    assert {path.name for path in (node.run / "messages").iterdir()} == {exit_.invocation for exit_ in found}
