"""Files of a run that a page shows: its drawn moments and what it left, and no others."""

import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from ganvas.studio.home import Home, inside
from ganvas.studio.problems import Problem, missing
from ganvas.studio.runs.summaries import moment_files

FILES = (
    "film.mp4",
    "film.gif",
    "directions.png",
    "curves.png",
    "index.html",
    "data.json",
    "run.toml",
    "model/preview.png",
    "model/README.md",
    "samples/originals.png",
    "rebuilt/originals.png",
)
_DRAWN = re.compile(r"(samples|rebuilt)/[0-9]{9,18}\.png")  # what index.html shows
_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


def routes(home: Home) -> APIRouter:
    """The files of runs."""
    router = APIRouter()

    @router.get("/api/runs/{name}/moments/{images}.png")
    def moment(name: str, images: int, request: Request) -> Response:
        run = home.run(name)
        file = moment_files(run / "samples").get(images)
        if file is None or not (path := inside(run, f"samples/{file}")).is_file():
            raise missing("moment", f"{images} of {name}")
        return _sent(path, request)

    @router.get("/api/runs/{name}/files/{file:path}")
    def file(name: str, file: str, request: Request) -> Response:
        run = home.run(name)
        if file not in FILES and not _DRAWN.fullmatch(file):
            raise Problem(404, f"the file {file[:80]!r}: a page may ask for {', '.join(FILES)}")
        if not (path := inside(run, file)).is_file():
            raise missing("file", f"{file} of {name}")
        return _sent(path, request, {"Content-Security-Policy": _report_policy()} if file == "index.html" else {})

    return router


def _report_policy() -> str:
    """Of a run's own page: the scripts that Ganvas writes there may run, and none that a stranger's folder brought."""
    from ganvas.report.html import policy
    from ganvas.report.run_page import SCRIPTS

    return f"{policy(SCRIPTS)}; frame-ancestors 'self'"


def _sent(path: Path, request: Request, headers: dict[str, str] | None = None) -> Response:
    """A file, with ranges, so that a film can be gone through; kept for ever where its address changes with it."""
    kept = _FOR_EVER if "v" in request.query_params else _ASK_AGAIN
    response = FileResponse(path, headers={"Cache-Control": kept, **(headers or {})}, stat_result=path.stat())
    if response.headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": response.headers["etag"], "Cache-Control": kept})
    return response
