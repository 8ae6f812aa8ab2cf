"""What a bench has found so far: a file with one JSON object a line, so that a bench that was stopped goes on."""

import json
from pathlib import Path
from typing import Any


def kept(path: Path) -> list[dict[str, Any]]:
    """The lines of a file; none if it is not there."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def keep(path: Path, line: dict[str, Any]) -> None:
    """Add one; the file and its folder are made if they are not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
