"""Answers that are files, and large JSON."""

from collections.abc import Mapping
from pathlib import Path

from fastapi.responses import FileResponse, Response
from pydantic_core import to_json

from ganvas.studio.problems import missing

KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}  # of addresses that change with what is there
FRESH = {"Cache-Control": "private, no-cache"}


def json_answer(value: object) -> Response:
    """Plain values as JSON, without a look at each of them, of which columns have a hundred thousand."""
    return Response(to_json(value, inf_nan_mode="null"), media_type="application/json")


def file_answer(path: Path, media_type: str | None = None, headers: Mapping[str, str] = FRESH) -> FileResponse:
    """A file; raises Problem where there is none."""
    if not path.is_file():
        raise missing("file", path.name)
    return FileResponse(path, media_type=media_type, headers=dict(headers))
