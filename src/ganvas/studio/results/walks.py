"""Films through latent space, drawn in the background and kept in the run's folder."""

import importlib.util
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import Field

from ganvas.settings import LARGEST_WHOLE, Settings
from ganvas.studio.answers import FRESH, file_answer
from ganvas.studio.home import Home, inside
from ganvas.studio.jobs.jobs import Jobs
from ganvas.studio.problems import Problem, missing
from ganvas.studio.runs.moments import Moment, moment_of

FOLDER = "walks"
TYPES = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif", "webp": "image/webp"}
NEEDS_AV = ("mp4", "webm")
MOST_STOPS, LONGEST_SECONDS = 64, 600.0
Told = Callable[[str, int, int | None], None]


def write_walk(request: Mapping[str, Any], told: Told) -> dict[str, Any]:
    """Draw a film.

    Args:
        request: home, run, and what `Walked` has.
    Returns:
        The name of the file in the run's folder of walks.
    Raises:
        GanvasError: the model cannot be read, or the film not written.
    """
    from ganvas.formats.point import point_of
    from ganvas.formats.preset import Keyframe
    from ganvas.workflows.public.models import load
    from ganvas.workflows.walk import WalkOptions, walk_film

    run = Path(request["home"]) / "runs" / request["run"]
    generator = load(run, at=request["at"])
    stops = request["seeds"]
    seconds = request["seconds"] / len(stops)
    points = [point_of(str(stop)).completed(truncation=request["truncation"], label=request["label"]) for stop in stops]
    keyframes = tuple(Keyframe(point=point.to_link(), seconds=seconds, ease="linear") for point in points)
    out = run / FOLDER / request["file"]
    out.parent.mkdir(exist_ok=True)
    walk_film(
        generator.model,
        WalkOptions(out, keyframes, seconds=request["seconds"], fps=request["fps"]),
        lambda done, total: told("drawing the film", done, total),
    )
    return {"file": out.name}


class Walked(Settings):
    """seeds: stops, as seeds or as links of a page. seconds: of the whole film. at: images shown, "best" or "last"."""

    seeds: Annotated[tuple[Annotated[int, Field(ge=0, le=LARGEST_WHOLE)] | str, ...], Field(max_length=MOST_STOPS)] = (
        *range(6),
    )
    seconds: float = Field(default=12.0, gt=0, le=LONGEST_SECONDS)
    fps: int = Field(default=30, ge=1, le=60)
    truncation: float | None = Field(default=None, ge=0, le=2)
    label: str | None = Field(default=None, max_length=200)
    at: Moment = "best"
    format: Literal["mp4", "webm", "gif", "webp"] | None = None


def routes(home: Home, jobs: Jobs) -> APIRouter:
    """Of films."""
    router = APIRouter()

    @router.post("/api/runs/{name}/walk")
    def walk(name: str, body: Walked | None = None) -> dict[str, Any]:
        run, asked = home.run(name), body or Walked()
        if not asked.seeds:
            raise Problem(422, "expected one stop or more", "seeds")
        has_av = importlib.util.find_spec("av") is not None
        form = asked.format or ("mp4" if has_av else "webp")
        if form in NEEDS_AV and not has_av:
            raise Problem(422, f"{form} films need the package 'av': pip install 'ganvas[video]'", "format")
        at = moment_of(run, asked.at)
        request = asked.model_dump(mode="json", exclude={"format"}) | {"home": str(home.root), "run": name, "at": at}
        request |= {"file": _free_file(run / FOLDER, form)}
        return jobs.begin("walk", name, request, lambda result: {"file": _url(run / FOLDER / result["file"])})

    @router.get("/api/runs/{name}/walks")
    def all_walks(name: str) -> list[dict[str, Any]]:
        films = list[dict[str, Any]]()
        for path in (home.run(name) / FOLDER).glob("walk-*.*"):
            with suppress(Problem, FileNotFoundError):  # it was removed meanwhile
                status = _film(home, name, path.name).stat()
                films.append(
                    {"name": path.name, "file": _url(path), "bytes": status.st_size, "changed": status.st_mtime}
                )
        return sorted(films, key=lambda film: film["changed"], reverse=True)

    @router.get("/api/runs/{name}/walks/{file}")
    def film(name: str, file: str) -> FileResponse:
        path = _film(home, name, file)
        return file_answer(path, TYPES[path.suffix[1:]], FRESH)

    @router.delete("/api/runs/{name}/walks/{file}", status_code=204)
    def no_film(name: str, file: str) -> None:
        _film(home, name, file).unlink()

    return router


def _film(home: Home, name: str, file: str) -> Path:
    path = inside(home.run(name), f"{FOLDER}/{file}")
    if path.suffix[1:] not in TYPES or not path.is_file():
        raise missing("film", file[:80])
    return path


def _free_file(folder: Path, form: str) -> str:
    taken = {path.stem for path in folder.glob("walk-*.*")}
    return f"walk-{next(number for number in range(1, len(taken) + 2) if f'walk-{number}' not in taken)}.{form}"


def _url(path: Path) -> str:
    run = path.parent.parent.name
    return f"api/runs/{quote(run)}/walks/{quote(path.name)}?v={path.stat().st_mtime_ns}"
