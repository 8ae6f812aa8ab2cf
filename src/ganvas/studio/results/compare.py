"""Runs beside each other: the settings in which they differ, their score cards, and their details."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Response

from ganvas.report.comparison import differing
from ganvas.studio.answers import json_answer
from ganvas.studio.home import Home
from ganvas.studio.problems import Problem
from ganvas.studio.results.scoring import card_of

MOST_RUNS = 12
_BETWEEN = "/"  # names, none of which has it
_LEFT_OUT = ("log", "data", "bytes", "command")  # of a detail, what no comparison shows


def compared(details: Sequence[Mapping[str, Any]], cards: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    """What a page compares.

    Args:
        details: RunDetails. cards: the score card of each, None where it was not scored.
    Returns:
        settings: [{path, values}] that differ, None where a run has none; runs: the details, each with its card.
    """
    rows = differing([dict(one["settings"]) for one in details])
    runs = [
        {name: value for name, value in one.items() if name not in _LEFT_OUT} | {"card": card}
        for one, card in zip(details, cards, strict=True)
    ]
    return {"settings": [{"path": path, "values": list(values)} for path, values in rows], "runs": runs}


def routes(home: Home, detail: Callable[[str], Mapping[str, Any]]) -> APIRouter:
    """Of comparisons. detail: the RunDetail of a name; raises Problem where there is none."""
    router = APIRouter()

    @router.get("/api/compare")
    def compare(runs: str) -> Response:
        names = list(dict.fromkeys(name for name in runs.split(_BETWEEN) if name))
        if not 1 <= len(names) <= MOST_RUNS:
            raise Problem(422, f"runs: expected 1 to {MOST_RUNS} names with {_BETWEEN} between them", "runs")
        cards = [card_of(home.run(name), None) for name in names]
        return json_answer(compared([detail(name) for name in names], cards))

    return router
