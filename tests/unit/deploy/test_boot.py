"""When a sandbox node counts as booted."""

import pytest

from deploy.sandbox import boot

POD = "12 ukube-demo_web-1_nginx.service start running\n"
TARGET = "2 multi-user.target start waiting\n"


@pytest.mark.parametrize(
    ("state", "jobs", "done"),
    [
        ("running", "", True),
        ("degraded", POD, True),
        ("starting", POD + TARGET, True),
        ("starting", "5 ukube-apiserver.service start running\n" + TARGET, True),
        ("starting", POD + "7 systemd-journald.service start running\n", False),
        ("starting", "", False),
        ("initializing", TARGET, False),
        ("offline", "", False),
        ("", "", False),
    ],
)
def test_all_but_pods_must_have_started(state: str, jobs: str, done: bool) -> None:
    assert boot.is_done(state, jobs) is done
