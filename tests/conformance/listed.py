"""The list of behaviours, and which test shows each."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parent
BEHAVIOURS: list[dict[str, Any]] = yaml.safe_load((HERE / "behaviours.yaml").read_text())


def name_of(item: pytest.Item) -> str:
    """A test as the list names it: its file as seen from this folder, and its name."""
    return f"{os.path.relpath(item.path, HERE)}::{item.name}"
