"""Only one pod operator looks after a node."""

import os
import subprocess
import sys

import pytest

from operators.pod.sole import Occupied, Sole


def test_a_second_one_is_told_who_is_there(tmp_path):
    path = tmp_path / "run" / "lock"
    first = Sole(path)
    with pytest.raises(Occupied, match=rf"another pod operator runs on this node \(pid {os.getpid()}\): stop it first"):
        Sole(path)
    first.release()
    Sole(path).release()


def test_a_dead_one_is_in_nobodys_way(tmp_path):
    path = tmp_path / "lock"
    code = f"import os, pathlib; from operators.pod import sole; sole.Sole(pathlib.Path({str(path)!r})); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    Sole(path).release()
