"""The application: routes to rooms only, and what every answer has in common."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from ganvas import __version__
from ganvas.errors import DiskError, GanvasError
from ganvas.files import disk_failure
from ganvas.settings import fault
from ganvas.studio.access import Access, Guard
from ganvas.studio.problems import Problem
from ganvas.studio.watching import Hub

STATIC = Path(__file__).with_name("static")
_PAGE = "index.html"
_NO_PAGES = ("api", "files", "explore", "published")
_FULL = 507


def create_app(
    access: Access,
    hub: Hub,
    routers: Sequence[APIRouter] = (),
    running: Sequence[AbstractContextManager[object]] = (),
    static: Path = STATIC,
) -> FastAPI:
    """The application.

    Args:
        access: who may ask, and by which names.
        hub: what tells pages.
        routers: of the rooms; their paths begin with /api, /explore or /published.
        running: what goes on beside requests, entered as the server starts and left as it ends, the last first.
        static: the built page.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            for each in running:
                stack.enter_context(each)
            stack.callback(hub.close)
            yield

    app = FastAPI(
        title="Ganvas studio", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    _answer_problems(app)
    app.add_middleware(Guard, access=access)
    for router in routers:
        app.include_router(router)

    @app.api_route("/{top}/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def no_such_address(top: str, rest: str, request: Request) -> Response:
        if request.method != "GET":
            raise HTTPException(404, "there is no such address")
        return await page(f"{top}/{rest}", request)

    files = StaticFiles(directory=static)

    @app.get("/{file:path}")
    async def page(file: str, request: Request) -> Response:
        """A file of the page; the page itself for every other address, since its state lives in the address."""
        if file.partition("/")[0] in _NO_PAGES:
            raise HTTPException(404, "there is no such address")
        scope = {**request.scope, "method": "GET"}
        try:
            found = await files.get_response(file or _PAGE, scope)
        except HTTPException as error:
            if error.status_code != 404 or "." in file.rpartition("/")[2]:
                raise
            found = await files.get_response(_PAGE, scope)
        found.headers["Cache-Control"] = "no-cache"
        return found

    return app


def _answer_problems(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def refused(request: Request, error: Problem) -> Response:
        return _problem(error.status, error.detail, error.field)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = fault(error.errors()[0])
        field = first.where.partition(".")[2] or None  # without "body" or "query"
        if first.kind == "json_invalid":
            return _problem(422, f"the body is no JSON: {first.message}")
        return _problem(422, f"{field or 'the request'}: {first.message}", field)

    @app.exception_handler(GanvasError)
    async def wrong(request: Request, error: GanvasError) -> Response:
        return _problem(_FULL if isinstance(error, DiskError) else 422, str(error))

    @app.exception_handler(OSError)
    async def failed(request: Request, error: OSError) -> Response:
        if failure := disk_failure(error):
            return _problem(_FULL, f"{failure}; make room, and try again")
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return _problem(404, f"{error.filename or 'a file'} is gone; it may have been removed or renamed")
        return _problem(422, f"{error.filename or 'a file'}: {error.strerror or error}")

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return _problem(error.status_code, str(error.detail))


def _problem(status: int, detail: str, field: str | None = None) -> Response:
    return JSONResponse({"detail": detail, "field": field}, status)
