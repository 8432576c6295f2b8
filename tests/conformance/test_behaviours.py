"""The list itself: every behaviour has a test or a reason, every test a behaviour, and the reference says the same."""

import ast
import re
from pathlib import Path

import pytest

from tests.conformance.listed import BEHAVIOURS, HERE, name_of
from tests.servers import ROOT

REFERENCE = ROOT / "docs" / "reference" / "conformance.md"
# What upstream's list does not have, and clients count on.
MORE = {
    "test_jobs.py::test_deletion_without_its_pods",
    "test_jobs.py::test_failing_job",
    "test_jobs.py::test_deadline",
    "test_jobs.py::test_time_to_live",
    "test_jobs.py::test_jobs_of_others_are_left_alone",
    "test_jobs.py::test_cron_job_and_its_history",
    "test_discovery.py::test_clients_need_no_accept_header",
    "test_network.py::test_type_changes",
    "test_watches.py::test_label_that_comes_and_goes",
    "test_webhooks.py::test_objects_of_admission_itself_are_never_asked_about",
}


def functions(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_behaviour_has_a_test_or_a_reason(request: pytest.FixtureRequest) -> None:
    collected = {name_of(item) for item in request.session.items}
    # Whoever chooses single tests on the command line has not collected the others.
    is_whole = not request.config.option.keyword and not any("::" in word for word in request.config.args)
    for entry in BEHAVIOURS:
        assert "shown" in entry or entry["pending"], entry["name"]
        if "shown" not in entry:
            continue
        name, _, test = entry["shown"].partition("::")
        function, _, parameter = test.partition("[")
        assert function in functions(HERE / name), entry["shown"]
        if parameter and is_whole and any(other.startswith(f"{name}::{function}[") for other in collected):
            assert entry["shown"] in collected, entry["shown"]


def test_every_test_shows_a_behaviour() -> None:
    shown = {entry["shown"].partition("[")[0] for entry in BEHAVIOURS if "shown" in entry} | MORE
    for path in HERE.rglob("test_*.py"):
        if path != Path(__file__):
            file = str(path.relative_to(HERE))
            assert functions(path) <= {name.partition("::")[2] for name in shown if name.startswith(f"{file}::")}, path


def test_behaviours_are_listed_once() -> None:
    found = [entry["behaviour"] for entry in BEHAVIOURS]
    assert len(found) == len(set(found))


def test_the_reference_counts_and_lists_what_is_pending() -> None:
    text = REFERENCE.read_text()
    pending = {entry["behaviour"]: entry["pending"] for entry in BEHAVIOURS if "pending" in entry}
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", text, re.MULTILINE))
    rows = {name: reason for name, reason in rows.items() if name != "behaviour" and not name.startswith("---")}
    assert rows == pending
    assert f"{len(BEHAVIOURS)} behaviours" in text
    assert f"{len(BEHAVIOURS) - len(pending)} are shown" in text
