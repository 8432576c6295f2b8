"""The list of behaviours, and which test shows each."""

from pathlib import Path
from typing import Any

import yaml

BEHAVIOURS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "behaviours.yaml").read_text())
