"""Nothing in the pod operator knows which API server it talks to."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import operators

ROOT = Path(operators.__file__).parent
SOURCES = sorted(path for package in ("pod", "_kube", "_node") for path in (ROOT / package).rglob("*.py"))
# Groups of the built-in kinds all end so, or have no dot at all.
STANDARD = re.compile(r"/api/v1|/apis/([a-z]+|[a-z0-9.]+\.k8s\.io)/v\d\w*|/apis?/?$")


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_imports_what_it_shares_and_asks_for_standard_paths(path: Path) -> None:
    tree = ast.parse(path.read_text())
    ours = {name for name in imported(tree) if name.split(".")[0] in ("operators", "apiserver_stub", "deploy")}
    allowed = ("operators._kube", "operators._node", "operators.pod")
    if path.parent.name != "_kube":
        assert [name for name in ours if not name.startswith(allowed)] == []
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    paths = [text for text in texts if re.match(r"/apis?(/|$)", text)]
    assert [text for text in paths if not STANDARD.match(text) and text != "/apis/" and text != "/api/"] == []
