"""The HTTP server: pictures of seeds, many at once, walks, and the page."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

import numpy as np
from fastapi import FastAPI, HTTPException, Query, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import Receive, Scope, Send

from ganvas import __version__
from ganvas.errors import GanvasError
from ganvas.serving.api_reference import POLICY as REFERENCE_POLICY
from ganvas.serving.api_reference import reference
from ganvas.serving.batching import Batcher, BusyError
from ganvas.serving.control import PATH as CONTROL_PATH
from ganvas.serving.control import Control
from ganvas.serving.encoding import ANIMATED, KINDS, Format, Kind
from ganvas.serving.engine import Engine
from ganvas.serving.middleware import CLIENT, Gate, Limits, as_response
from ganvas.serving.pages import Page, PageFile, Pages
from ganvas.serving.requests import LARGEST_SEED, ManyPictures, OnePicture, Walk
from ganvas.serving.responses import (
    Answer,
    Job,
    film,
    job_for_many,
    job_for_one,
    job_for_walk,
    many_pictures,
    model_facts,
    one_picture,
    picture_headers,
    problem,
)
from ganvas.settings import fault

_log = logging.getLogger(__name__)
_MOST_ERRORS = 10
_PICTURES = {kind.media_type: {} for kind in KINDS.values()}
_FILMS = {kind.media_type: {} for kind in ANIMATED.values()}
_REFUSALS: dict[int, str] = {
    400: "It is no request of HTTP as it must be",
    401: "A key is needed",
    404: "There is no such model or seed",
    405: "The address has other methods",
    413: "The body is too large",
    421: "The server does not go by this name",
    422: "It cannot be drawn",
    429: "Too many requests of one client; Retry-After says when",
    503: "Too many pictures are in the making, or it took too long; Retry-After says when",
}


@dataclass(frozen=True)
class Served:
    """A model and the queue of what it is to draw."""

    engine: Engine
    batcher: Batcher


class DrawnResponse(Response):
    """An answer that is drawn once it is sent, and counts as in the making until it was; dropped if nobody waits."""

    def __init__(self, answering: AbstractAsyncContextManager[Answer]):
        super().__init__()
        self._answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Draw and send."""
        sending = asyncio.create_task(self._send(scope, receive, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            leaving.cancel()
            sending.cancel()
            await asyncio.gather(leaving, sending, return_exceptions=True)

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._answering as answer:
            await as_response(answer)(scope, receive, send)


async def _left(receive: Receive) -> None:
    """Until the client went away."""
    while (await receive())["type"] != "http.disconnect":
        pass


def create_app(
    engines: Mapping[str, Engine],
    limits: Limits,
    pages: Mapping[str, Callable[[], Page]] | None = None,
    *,
    root_path: str = "",
    control: Control | None = None,
) -> FastAPI:
    """The application.

    Args:
        engines: the models by their names; the first is the one that is meant where none is named.
        pages: the name of a model -> what makes its page, which is begun at once and done beside the rest.
        root_path: what a proxy puts before every path; whether it takes that away again makes no difference.
        control: what passes OSC on to pages; None: nothing does.
    """
    registry = CollectorRegistry()
    pictures = Counter("ganvas_pictures", "Pictures drawn", ["model"], registry=registry)
    making = Gauge("ganvas_in_the_making", "Pictures asked for and not answered yet", ["model"], registry=registry)
    served = {
        name: Served(
            engine,
            Batcher(
                engine.draw,
                at_once=engine.at_once,
                pixels=engine.description.height * engine.description.width,
                most_pictures=limits.pictures,
                most_seconds=limits.seconds,
            ),
        )
        for name, engine in engines.items()
    }
    for name, each in served.items():
        making.labels(name).set_function(lambda batcher=each.batcher: batcher.in_the_making)
    made = Pages(pages or {})

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        made.begin()
        async with control.hearing() if control else nullcontext():
            yield
        for each in served.values():
            each.batcher.close()

    app = FastAPI(
        title="Ganvas",
        version=__version__,
        description="Pictures that a generator draws. The same seed gives the same picture, here and on its page.",
        lifespan=lifespan,
        docs_url=None,  # their scripts come from elsewhere
        redoc_url=None,
    )
    _answer_problems(app)
    app.add_middleware(Gate, limits=limits, registry=registry, root_path=root_path)

    if control is not None:
        _listen_to(app, control, registry)

    def chosen(name: str | None) -> tuple[str, Served]:
        name = next(iter(served)) if name is None else name
        if name not in served:
            raise HTTPException(404, f"there is no model {name!r}; /v1/models lists {', '.join(served)}")
        return name, served[name]

    def drawn(request: Request, name: str, job: Job, kind: Kind, encode: Callable[[np.ndarray], Answer]) -> Response:
        pictures.labels(name).inc(len(job.z))
        return DrawnResponse(served[name].batcher.answering(job, encode, kind, request.scope[CLIENT]))

    @app.get("/v1/images/{seed}.{format}", response_class=Response, responses=_documented(_PICTURES), tags=["pictures"])
    async def image(seed: int, format: Format, query: Annotated[OnePicture, Query()], request: Request) -> Response:
        """The picture of a seed; may be kept for ever."""
        if not 0 <= seed <= LARGEST_SEED:
            raise HTTPException(404, f"seeds are from 0 to {LARGEST_SEED}")
        name, model = chosen(query.model)
        job = job_for_one(model.engine, seed, query)
        is_private = bool(limits.keys)
        headers = picture_headers(model.engine, request.url.path, request.url.query, private=is_private)
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return drawn(request, name, job, KINDS[format], partial(one_picture, format=format, headers=headers))

    many = _documented(_PICTURES | {"application/zip": {}})

    @app.post("/v1/images", response_class=Response, responses=many, tags=["pictures"])
    async def images(body: ManyPictures, request: Request) -> Response:
        """Up to 64 pictures, of seeds or latents: one sheet, or a zip."""
        name, model = chosen(body.model)
        job = job_for_many(model.engine, body)
        return drawn(request, name, job, KINDS[body.format], partial(many_pictures, body=body))

    @app.get("/v1/walk", response_class=Response, responses=_documented(_FILMS), tags=["pictures"])
    async def walk(query: Annotated[Walk, Query()], request: Request) -> Response:
        """A film that visits seeds and returns to the first."""
        name, model = chosen(query.model)
        job = job_for_walk(model.engine, query)
        return drawn(request, name, job, ANIMATED[query.format], partial(film, query=query))

    @app.get("/v1/models", tags=["models"])
    async def models() -> JSONResponse:
        """What is served, the default first."""
        return JSONResponse([model_facts(name, each.engine) for name, each in served.items()])

    @app.get("/healthz", tags=["operations"])
    async def healthy() -> dict[str, str]:
        """That the process answers."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operations"])
    async def ready() -> JSONResponse:
        """Whether every model takes one more picture."""
        full = [name for name, each in served.items() if each.batcher.is_full]
        return JSONResponse({"status": "full" if full else "ok", "full": full}, 503 if full else 200)

    @app.get("/metrics", response_class=Response, tags=["operations"])
    async def metrics() -> Response:
        """Counts and times, for Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/docs", include_in_schema=False)
    async def described() -> HTMLResponse:
        return HTMLResponse(reference(app.openapi()), headers={"Content-Security-Policy": REFERENCE_POLICY})

    @app.get("/v1/{rest:path}", include_in_schema=False)
    async def no_such_address(rest: str) -> Response:
        raise HTTPException(404, "there is no such address; /docs describes the API")

    @app.get("/models/{name}", include_in_schema=False)
    async def page_without_slash(name: str) -> Response:
        return RedirectResponse(f"{quote(chosen(name)[0])}/")

    @app.get("/models/{name}/{file:path}", include_in_schema=False)
    async def page_of(name: str, file: str, request: Request) -> Response:
        return await paged(chosen(name)[0], file, request)

    @app.get("/{file:path}", include_in_schema=False)
    async def page(file: str, request: Request) -> Response:
        return await paged(chosen(None)[0], file, request)

    async def paged(model: str, file: str, request: Request) -> Response:
        try:
            found = await made.find(model, file or "index.html")
        except (GanvasError, OSError) as error:
            _log.error("the page of %s could not be made: %s", model, error)
            raise HTTPException(503, "the page could not be made; /docs describes the API") from error
        if found is None:
            raise HTTPException(404, "there is no such page; /docs describes the API")
        return _page_response(found, request)

    return app


def _listen_to(app: FastAPI, control: Control, registry: CollectorRegistry) -> None:
    packets = Gauge("ganvas_osc_packets", "Packets of OSC that came", ["outcome"], registry=registry)
    packets.labels("taken").set_function(lambda: control.taken)
    packets.labels("dropped").set_function(lambda: control.dropped)

    @app.websocket(CONTROL_PATH)
    async def controlled(page: WebSocket) -> None:
        await control.attend(page)


def _page_response(file: PageFile, request: Request) -> Response:
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=file.headers)
    return Response(file.stored, headers=file.headers, media_type=file.media_type)


def _documented(kinds: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    refusals = {
        status: {"description": words, "content": {"application/problem+json": {}}}
        for status, words in _REFUSALS.items()
    }
    return {200: {"content": dict(kinds)}, **refusals}


def _answer_problems(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        found = [fault(each) for each in error.errors()[:_MOST_ERRORS]]
        errors = [{"where": each.where, "what": each.message} for each in found]
        return as_response(problem(422, f"{errors[0]['where']}: {errors[0]['what']}", errors=errors))

    @app.exception_handler(GanvasError)
    async def refused(request: Request, error: GanvasError) -> Response:
        return as_response(problem(422, str(error)))

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> Response:
        return as_response(problem(503, f"{error}; try again", {"Retry-After": str(error.seconds)}))

    @app.exception_handler(StarletteHTTPException)
    async def http(request: Request, error: StarletteHTTPException) -> Response:
        if error.status_code == 400:  # FastAPI's word for a body that its JSON parser gives up on
            return as_response(problem(422, "body: cannot be read as JSON"))
        return as_response(problem(error.status_code, str(error.detail), dict(error.headers or {})))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return as_response(problem(500, "this failed here, and is none of your doing; the log says more"))
