"""Score cards of runs: measured in the background, kept in the run's folder as score.json or scores/IMAGES.json."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import Field

from ganvas.files import read_json, replace_text
from ganvas.settings import Settings
from ganvas.studio.answers import FRESH, file_answer
from ganvas.studio.home import Home, entries, inside
from ganvas.studio.jobs.jobs import Jobs
from ganvas.studio.problems import Problem, missing
from ganvas.studio.runs.moments import Moment, moment_of
from ganvas.studio.sets.preparing import prepared
from ganvas.studio.sets.sets import Sets

CARD, CARDS = "score.json", "scores"
COUNT = 500  # pictures drawn, as `ganvas score` does
Told = Callable[[str, int, int | None], None]


def score_run(request: Mapping[str, Any], told: Told) -> dict[str, Any]:
    """Score a run and keep the card.

    Args:
        request: home, run, against (a source, or None for the run's own pictures), at (images, or None for the best),
            count.
    Returns:
        name of the card's file; the page is told the card.
    Raises:
        GanvasError: the model or the pictures cannot be used.
    """
    from ganvas.metrics import verdict_lines
    from ganvas.run.folder import RunFolder
    from ganvas.workflows.public.scoring import score

    run, at = Path(request["home"]) / "runs" / request["run"], request["at"]
    against = request["against"]
    if against is None:
        asked = RunFolder(run).read_config()
        if asked is None:
            raise Problem(404, f"{request['run']}: has not begun yet")
        against = asked.config.pictures.source
    place = run / CARDS / f"{at}.json" if at is not None else run / CARD
    pairs = place.with_name("pairs.png" if at is None else f"{at}-pairs.png")
    if at is None:
        pairs = run / CARDS / pairs.name
    pairs.parent.mkdir(exist_ok=True)
    card = score(run, against, at=at, count=request["count"], pairs=pairs, told=told)
    replace_text(place, json.dumps(card.to_dict() | {"findings": verdict_lines(card)}, indent=1) + "\n")
    return {"card": place.relative_to(run).as_posix()}


def card_of(run: Path, at: int | None) -> dict[str, Any] | None:
    """The score card of a run's best model or of a moment, with its findings in sentences; None where there is none."""
    path = run / CARD if at is None else run / CARDS / f"{at}.json"
    try:
        card = read_json(path, only_finite=False)
    except (OSError, ValueError):
        return None
    if not isinstance(card, dict):
        return None
    pairs = run / CARDS / ("pairs.png" if at is None else f"{at}-pairs.png")
    url = f"api/runs/{quote(run.name)}/scores/{pairs.name}?v={pairs.stat().st_mtime_ns}" if pairs.exists() else None
    return card | {"pairs": url, "at": at, "measured": path.stat().st_mtime}


class Scored(Settings):
    """against: a set, or a source; None: the run's own pictures. at: images shown, "best" or "last"."""

    against: str | None = Field(default=None, min_length=1, max_length=4096)
    at: Moment = "best"
    count: Annotated[int, Field(ge=4, le=5000)] = COUNT


def routes(home: Home, sets: Sets, jobs: Jobs) -> APIRouter:
    """Of score cards."""
    router = APIRouter()

    @router.post("/api/runs/{name}/score")
    def score(name: str, body: Scored | None = None) -> dict[str, Any]:
        run, asked = home.run(name), body or Scored()
        at = moment_of(run, asked.at)
        against = asked.against
        if against is not None:
            is_set = against in entries(home.sets)
            against = prepared(sets, against).source if is_set else sets.checked_source(against, "against")
        request = {"home": str(home.root), "run": name, "against": against, "at": at, "count": asked.count}
        return jobs.begin("score", name, request, lambda result: card_of(run, at) or result)

    @router.get("/api/runs/{name}/score")
    def card(name: str, at: int | Literal["best"] = "best") -> dict[str, Any] | None:
        return card_of(home.run(name), None if at == "best" else at)

    @router.get("/api/runs/{name}/scores/{file}")
    def pairs(name: str, file: str) -> FileResponse:
        if not file.endswith(".png"):
            raise missing("file", file[:80])
        return file_answer(inside(home.run(name), f"{CARDS}/{file}"), "image/png", FRESH)

    return router
