"""Everything a user can set, run or scrape is in the reference, and the reference's links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import operators
from deploy.cli import main as ukube

ROOT = Path(operators.__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
PACKAGES = ("apiserver_stub", "operators", "deploy")


def sources():
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def commands(command, path=()):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))


def test_every_command_and_option_of_the_cli():
    text = (REFERENCE / "cli.md").read_text()
    for path, command in commands(ukube.cli):
        if isinstance(command, click.Group):
            continue
        rows = [line for line in text.splitlines() if line.startswith(f"| `{' '.join(path)}")]
        assert rows, f"`ukube {' '.join(path)}` is not in cli.md"
        for parameter in command.params:
            if isinstance(parameter, click.Option) and "--help" not in parameter.opts:
                assert any(parameter.opts[-1] in row for row in rows), f"{parameter.opts[-1]} of `{' '.join(path)}`"


@pytest.mark.parametrize("program", ["apiserver_stub", "operators"])
def test_every_option_of_the_programs(program):
    shown = subprocess.run(
        [sys.executable, "-m", program, "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    options = set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help"}
    text = (REFERENCE / "cli.md").read_text()
    assert options
    assert [option for option in sorted(options) if f"`{option}`" not in text] == []


def test_every_environment_variable():
    text = (REFERENCE / "cli.md").read_text()
    used = {name for path in sources() for name in re.findall(r"\"(UKUBE_[A-Z_]+)\"", path.read_text())}
    assert used
    assert [name for name in sorted(used) if f"`{name}`" not in text] == []


def test_every_operator():
    text = (REFERENCE / "operators.md").read_text()
    found = {path.parent.name for path in (ROOT / "operators").glob("*/operator.py")}
    assert found
    assert [name for name in sorted(found) if f"| `{name}` |" not in text] == []


def test_every_metric():
    text = (REFERENCE / "metrics.md").read_text()
    families = re.compile(r'(Counter|Gauge|Histogram)MetricFamily\(\s*"([a-z_]+)"')
    found = {
        name + ("_total" if kind == "Counter" else "")
        for path in sources()
        for kind, name in families.findall(path.read_text())
    }
    for path in (ROOT / "apiserver_stub").rglob("*.py"):
        found |= set(re.findall(r'"(apiserver_[a-z_]+)", "[A-Z]', path.read_text()))
    assert len(found) > 10
    assert [name for name in sorted(found) if f"`{name}`" not in text] == []


def test_links_between_pages():
    broken = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []
