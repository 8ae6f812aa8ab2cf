"""Runs and their queue over HTTP."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from fastapi.responses import StreamingResponse

from ganvas.settings import Settings
from ganvas.studio.answers import json_answer
from ganvas.studio.home import Home
from ganvas.studio.problems import Problem
from ganvas.studio.runs.following import follow
from ganvas.studio.runs.requests import Limits, TrainRequest
from ganvas.studio.runs.trainings import MOST_QUEUED, Trainings
from ganvas.studio.runs.watcher import Watcher
from ganvas.studio.watching import HEADERS, MEDIA_TYPE, Hub, event, merged

NOTHING = Response(status_code=204)


class NewName(Settings):
    """What a run is to be called."""

    name: str


def routes(home: Home, trainings: Trainings, watcher: Watcher, hub: Hub) -> APIRouter:
    """Runs and the queue."""
    router, runs = APIRouter(), trainings.runs

    @router.get("/api/runs")
    def every() -> Response:
        return json_answer(runs.summaries())

    @router.post("/api/runs", status_code=201)
    def begin(request: TrainRequest) -> dict[str, Any]:
        return trainings.begin(request)

    @router.get("/api/runs/{name}")
    def detail(name: str) -> Response:
        return json_answer(runs.detail(name))

    @router.patch("/api/runs/{name}")
    def rename(name: str, now: NewName) -> dict[str, Any]:
        return trainings.rename(name, now.name)

    @router.delete("/api/runs/{name}", status_code=204)
    def remove(name: str) -> Response:
        trainings.remove(name)
        return NOTHING

    @router.post("/api/runs/{name}/pause")
    def pause(name: str) -> dict[str, Any]:
        return trainings.pause(name)

    @router.post("/api/runs/{name}/stop")
    def stop(name: str) -> dict[str, Any]:
        return trainings.stop(name)

    @router.post("/api/runs/{name}/resume")
    def resume(name: str, limits: Limits | None = None) -> dict[str, Any]:
        return trainings.resume(name, limits or Limits())

    @router.post("/api/runs/{name}/first")
    def first(name: str) -> dict[str, Any]:
        return trainings.first(name)

    @router.get("/api/events")
    async def events(run: str | None = None) -> Response:
        # One connection for all that a page listens to: a browser has six for all windows of a server.
        streams = [hub.stream()] if run is None else [hub.stream(), followed(run)]
        return StreamingResponse(merged(*streams), media_type=MEDIA_TYPE, headers=HEADERS)

    async def followed(name: str) -> AsyncGenerator[bytes]:
        try:
            run = home.run(name)
        except Problem:
            yield event("gone", {"name": name})
            return
        async for told in follow(run, runs, watcher):
            yield told

    @router.get("/api/queue")
    def queue() -> list[str]:
        return trainings.queue.names()

    @router.put("/api/queue")
    def order(names: Annotated[list[str], Body(max_length=MOST_QUEUED)]) -> list[str]:
        trainings.queue.order(names)
        return trainings.queue.names()

    @router.delete("/api/queue/{name}", status_code=204)
    def unqueue(name: str) -> Response:
        trainings.unqueue(name)
        return NOTHING

    return router
