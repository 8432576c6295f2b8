"""Pod in, units out: every file below units/ is one case with its assertions."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from operators.pod.environment import env
from operators.pod.lifecycle import plan
from operators.pod.paths import Paths
from operators.pod.resources import words as resources
from operators.pod.status import qos
from operators.pod.units import escape, invocation, node, unit
from operators.pod.units.parts import Bind, Container, Image, Machine

UID = "11111111-2222-3333-4444-555555555555"
CASES = sorted(Path(__file__).parent.glob("*.yaml"))


def pod_of(spec):
    return {"metadata": {"namespace": "shop", "name": "web-0", "uid": UID}, "spec": spec}


def render(case):
    pod = pod_of(case["spec"])
    machine = Machine(Paths(), controllers=frozenset(case.get("controllers", ())))
    qos_class = qos.compute(pod)
    units = {**unit.slice_(pod, qos_class), **unit.sandbox(pod, qos_class, "10.244.0.5", machine)}
    words = {}
    for spec, role in plan.everything(pod):
        command, args = env.command(spec, {})
        resolved = Container(spec, role, Image("abc123", "ref"), command, args)
        units |= unit.container(pod, resolved, qos_class, machine)
        words[spec["name"]] = invocation.words(pod, resolved, machine)
    return units, words


def directives(text):
    """Name → value, as systemd splits a file into lines; the last one of a name."""
    found = {}
    for line in text.splitlines():
        assert re.fullmatch(r"(\[[A-Za-z-]+\]|[A-Za-z]+=.*|)", line), f"not a line of a unit file: {line!r}"
        if "=" in line and not line.startswith("["):
            name, _, value = line.partition("=")
            found[name] = value
    return found


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_units(path):
    case = yaml.safe_load(path.read_text())
    units, words = render(case)
    if "units" in case:
        assert set(units) == set(case["units"])
    for name, expected in case.get("expect", {}).items():
        present = directives(units[name])
        assert {key: present.get(key) for key in expected} == expected
    for name, keys in case.get("absent", {}).items():
        assert not set(keys) & set(directives(units[name]))
    for name, expected in case.get("words", {}).items():
        line = words[name]
        options = line[: line.index("--")]
        assert [word for word in expected.get("has", ()) if word not in options] == []
        assert [word for word in options for no in expected.get("lacks", ()) if re.match(rf"{no}(=|$)", word)] == []
        if "ends" in expected:
            assert line[line.index("--") :] == expected["ends"]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_exec_line_is_read_back_as_the_same_words(path):
    case = yaml.safe_load(path.read_text())
    units, words = render(case)
    for name, line in words.items():
        text = directives(units[f"ukube-shop_web-0_{name}.service"])["ExecStart"]
        assert split(text, {"INVOCATION_ID": "INV"}) == [w.replace(invocation.INVOCATION, "INV") for w in line]


def split(text, variables):
    """The words of an Exec line as systemd.service(5) and systemd.syntax(7) describe them, written for this test."""
    words, word, index, quote = [], None, 0, None
    escapes = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "s": " "}
    while index < len(text):
        char = text[index]
        if char == "\\":
            kind = text[index + 1]
            if kind == "x":
                word = (word or "") + chr(int(text[index + 2 : index + 4], 16))
                index += 4
            else:
                word = (word or "") + escapes[kind]
                index += 2
            continue
        if quote is None and char in "\"'":
            quote, word = char, word or ""
        elif char == quote:
            quote = None
        elif quote is None and char == " ":
            if word is not None:
                words.append(word)
            word = None
        elif char in "%$" and text[index + 1] == char:
            word = (word or "") + char
            index += 1
        elif char == "$":
            end = text.index("}", index)
            word = (word or "") + variables[text[index + 2 : end]]
            index = end
        else:
            assert char != "%", "an unescaped specifier"
            word = (word or "") + char
        index += 1
    assert quote is None
    return words + ([word] if word is not None else [])


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_any_words_survive(words):
    line = escape.command(words)
    assert "\n" not in line
    assert split(line, {}) == words


def test_nul_cannot_be_written():
    with pytest.raises(ValueError, match="NUL"):
        escape.argument("a\0b")


def test_mount_fields_with_commas_and_quotes_stay_one_field():
    pod = pod_of({"containers": [{"name": "c", "image": "i"}]})
    binds = (Bind('/host/a,b "x"', "/in,side", read_only=True),)
    resolved = Container(pod["spec"]["containers"][0], "container", Image("abc", "ref"), binds=binds)
    found = [word for word in invocation.words(pod, resolved, Machine(Paths())) if word.startswith("--mount=")]
    assert found[-1:] == [
        '--mount=type=bind,"source=/host/a,b ""x""","destination=/in,side",bind-propagation=rprivate,ro=true'
    ]


def test_identity_is_read_back():
    units, _ = render({"spec": {"containers": [{"name": "c", "image": "localhost/x"}]}})
    found = unit.identity(units["ukube-shop_web-0_c.service"])
    assert (found["Namespace"], found["Pod"], found["UID"], found["Container"]) == ("shop", "web-0", UID, "c")
    assert found["Hash"] == unit.restart_hash({"image": "localhost/x"})
    assert unit.identity("[Unit]\nDescription=x\n") == {}


def test_restart_hash_changes_with_the_image_only():
    before = {"name": "c", "image": "a", "env": [{"name": "X", "value": "1"}]}
    assert unit.restart_hash(before) == unit.restart_hash({**before, "env": []})
    assert unit.restart_hash(before) != unit.restart_hash({**before, "image": "b"})


def test_limits_that_cannot_be_kept_are_named():
    spec = {"containers": [{"name": "c", "resources": {"limits": {"memory": "1Gi", "cpu": "1"}}}]}
    assert resources.limits_ignored(pod_of(spec), Machine(Paths(), controllers=frozenset({"cpu"}))) == ["memory"]


def test_the_boot_depends_on_no_part_of_microkube():
    units = node.network(Machine(Paths()))
    assert set(units) == {"ukube-network.service", "ukube-boot.service", "ukube.target"}
    for text in units.values():
        assert "apiserver" not in text
        assert "operators" not in text
        assert "/opt/ukube" not in text
    assert "Wants=ukube-boot.service\n" in units["ukube.target"]
    assert 'ExecStart="/var/lib/ukube/libexec/boot.sh" "/var/lib/ukube/boot"\n' in units["ukube-boot.service"]


@pytest.mark.parametrize(
    ("links", "started"),
    [([], None), (["a.service", "b.service"], "start --no-block -- a.service b.service"), (["gone"], None)],
)
def test_the_boot_starts_what_is_linked(tmp_path, links, started):
    folder, units, called = tmp_path / "boot", tmp_path / "units", tmp_path / "called"
    for each in (folder, units, tmp_path / "bin"):
        each.mkdir()
    for link in links:
        if link != "gone":
            (units / link).touch()
        (folder / link).symlink_to(units / link)
    program = tmp_path / "bin" / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" > {called}\n')
    program.chmod(0o755)
    script = Path(unit.__file__).parents[1] / "libexec" / "boot.sh"
    environment = {"PATH": f"{program.parent}:/usr/bin:/bin"}
    subprocess.run(["/bin/sh", script, folder], env=environment, check=True)
    assert (called.read_text().strip() if called.exists() else None) == started
