"""The published page of any moment of any run, made in the background, kept as long as the weights are the same."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from ganvas.data.listing import digest
from ganvas.files import cache_folder, filling, sweep
from ganvas.settings import Settings
from ganvas.studio.answers import FRESH, file_answer
from ganvas.studio.home import Home, entries, inside
from ganvas.studio.jobs.jobs import Jobs
from ganvas.studio.problems import missing
from ganvas.studio.results.sites import site_policy
from ganvas.studio.runs.moments import Moment, moment_of, weights_of

FOLDER = "pages"  # of HOME/studio
MOST_PAGES = 10
BEST = "best"
_SERVICE_WORKER, _NO_WORKER = "worker.js", b"// Of this page there is another tomorrow: nothing of it is kept.\n"
Told = Callable[[str, int, int | None], None]
Word = Annotated[str, Field(max_length=10_000)]


def write_page(request: Mapping[str, Any], told: Told) -> dict[str, Any]:
    """Make the page of a moment, unless there is one of the same weights and words; older ones go.

    Args:
        request: home, run, at (images, or None for the best), page (its name), and title, about and licence.
    Returns:
        The name of the page.
    Raises:
        GanvasError: the model cannot be read, or onnxruntime-web cannot be fetched.
    """
    from ganvas.publishing.site import page_files
    from ganvas.workflows.publish import ExportOptions, Wording, export_model

    run, pages = Path(request["home"]) / "runs" / request["run"], Path(request["home"]) / "studio" / FOLDER
    words = Words.model_validate({field: request[field] for field in Words.model_fields})
    name = page_name(run, request["at"], words)
    pages.mkdir(parents=True, exist_ok=True)
    sweep(pages)
    if not (pages / name).exists():
        with filling(pages / name) as unfinished, TemporaryDirectory() as temporary:
            exported = Path(temporary) / "exported"
            wording = Wording(title=words.title or run.name, about=words.about, licence=words.licence)
            export_model(ExportOptions(run, exported, wording, at=request["at"], scored=False), told=told)
            told("making the page", 0, None)
            for file, stored in page_files(exported, cache_folder() / "downloads").items():
                path = unfinished / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(stored)
    (pages / name).touch()
    made = [pages / each for each in entries(pages)]
    for old in sorted(made, key=lambda path: path.stat().st_mtime)[:-MOST_PAGES]:
        shutil.rmtree(old, ignore_errors=True)
    return {"page": name}


class Words(Settings):
    """What a page says of its model; "" for nothing, and the run's name as the title."""

    title: Word = ""
    about: Word = ""
    licence: Word = ""


class Explored(Words):
    """at: images shown, "best" or "last"."""

    at: Moment = "best"


def page_name(run: Path, at: int | None, words: Words) -> str:
    """RUN-IMAGES-DIGEST or RUN-best-DIGEST: another one whenever the words are, and the weights, as far as the file
    system tells.

    Raises:
        OSError: there are no weights.
    """
    status = weights_of(run, at).stat()
    said = words.title, words.about, words.licence
    told = digest([str(status.st_size), str(status.st_mtime_ns), *said])
    return f"{run.name}-{BEST if at is None else at}-{told[:8]}"


def routes(home: Home, jobs: Jobs) -> APIRouter:
    """Of pages to explore with."""
    router = APIRouter()

    @router.post("/api/runs/{name}/explore")
    def explore(name: str, body: Explored | None = None) -> dict[str, Any]:
        run, asked = home.run(name), body or Explored()
        at = moment_of(run, asked.at)
        request = asked.model_dump() | {"home": str(home.root), "run": name, "at": at}
        request["page"] = page_name(run, at, asked)
        return jobs.begin("explore", name, request, lambda result: {"url": f"explore/{quote(result['page'])}/"})

    @router.get("/explore/{page}")
    def without_slash(page: str) -> RedirectResponse:
        return RedirectResponse(f"{quote(page)}/")

    @router.get("/explore/{page}/{file:path}")
    def part(page: str, file: str, request: Request) -> Response:
        folder = inside(home.studio / FOLDER, page)
        if not folder.is_dir():
            raise missing("page", page[:80])
        if file == _SERVICE_WORKER:
            return Response(_NO_WORKER, media_type="text/javascript")
        policy = site_policy(request, f"explore/{quote(page)}/")
        return file_answer(inside(folder, file or "index.html"), None, {**FRESH, **policy})

    return router
