"""Answers that are files."""

from collections.abc import Mapping
from pathlib import Path

from fastapi.responses import FileResponse

from ganvas.studio.problems import missing

KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}  # of addresses that change with what is there
FRESH = {"Cache-Control": "private, no-cache"}


def file_answer(path: Path, media_type: str | None = None, headers: Mapping[str, str] = FRESH) -> FileResponse:
    """A file; raises Problem where there is none."""
    if not path.is_file():
        raise missing("file", path.name)
    return FileResponse(path, media_type=media_type, headers=dict(headers))
