"""The cloud function: the page and the pictures from one handler, for function URLs and both kinds of API gateway.

Imports no web framework: a cold start loads nothing that it does not need. The model lies beside the code, in `model`;
the page in `page`.
"""

import base64
import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from ganvas.errors import SettingError
from ganvas.serving.encoding import KINDS
from ganvas.serving.engine import Engine
from ganvas.serving.pages import PageFile, page_file
from ganvas.serving.requests import LARGEST_SEED, ManyPictures, OnePicture, PictureFile, Walk
from ganvas.serving.responses import (
    Answer,
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
from ganvas.settings import first_fault
from ganvas.wording import counted

_log = logging.getLogger(__name__)
ROOT = Path(os.environ.get("LAMBDA_TASK_ROOT", "."))
MOST_RESPONSE_BYTES = 6 * 1024 * 1024 - 16_384  # what the platform takes, less the rest of the answer
MOST_BODY_BYTES = 262_144
MB_PER_CORE = 1769  # the platform gives cores by memory
MODEL = "model"
_IMAGE = re.compile(r"/v1/images/([^/]+)\.([^/]+)")


@dataclass(frozen=True)
class HttpRequest:
    """One request, whoever passed it on. headers: names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def _is_unicode(text: str) -> str:
    """Raises ValueError for half of a surrogate pair, which JSON may hold and no address or body can."""
    text.encode()
    return text


_Text = Annotated[str, AfterValidator(_is_unicode)]


class _Part(BaseModel):
    """A part of an event: what is read of it is of the right kind, the rest may be anything."""

    model_config = ConfigDict(strict=True, frozen=True)


class _PathParameters(_Part):
    proxy: _Text | None = None


class _Event(_Part):
    headers: dict[_Text, _Text] | None = None
    body: _Text | None = None
    isBase64Encoded: bool | None = None
    pathParameters: _PathParameters | None = None


class _Http(_Part):
    method: _Text


class _Context(_Part):
    http: _Http
    stage: _Text | None = None


class _SecondEvent(_Event):
    """Of format 2.0."""

    version: Literal["2.0"]
    requestContext: _Context
    rawPath: _Text
    rawQueryString: _Text | None = None

    @property
    def method(self) -> str:
        return self.requestContext.http.method

    @property
    def path_and_query(self) -> tuple[str, str]:
        path, stage = self.rawPath, f"/{self.requestContext.stage or '$default'}"
        if path == stage or path.startswith(f"{stage}/"):
            path = path.removeprefix(stage) or "/"
        return path, self.rawQueryString or ""


class _FirstEvent(_Event):
    """Of format 1.0."""

    httpMethod: _Text
    path: _Text
    queryStringParameters: dict[_Text, _Text] | None = None

    @property
    def method(self) -> str:
        return self.httpMethod

    @property
    def path_and_query(self) -> tuple[str, str]:
        return self.path, urlencode(self.queryStringParameters or {})


class ProblemError(Exception):
    """An answer other than what was asked for."""

    def __init__(self, status: int, detail: str):
        super().__init__(detail)
        self.status = status


def handler(event: object, context: object) -> dict[str, Any]:
    """What the platform calls."""
    try:
        request = read_request(event)
        answer = handle(request)
        if request.method == "HEAD":
            answer = replace(answer, body=b"")
    except ProblemError as error:
        answer = problem(error.status, str(error))
    except ValidationError as error:
        first = first_fault(error)
        answer = problem(422, f"{first.where}: {first.message}")
    except SettingError as error:
        answer = problem(422, str(error))
    except Exception:  # noqa: BLE001 - the platform would say less; its log gets the whole of it
        _log.exception("a request failed")
        answer = problem(500, "this failed here, and is none of your doing; the log says more")
    return response(answer)


def read_request(event: object) -> HttpRequest:
    """The request of an event: format 2.0 (function URL, HTTP API) or 1.0 (REST API).

    Raises:
        ProblemError: it is neither, or its body cannot be read or is too large.
    """
    try:
        is_second = isinstance(event, Mapping) and event.get("version") == "2.0"
        read = (_SecondEvent if is_second else _FirstEvent).model_validate(event)
        body = read.body or ""
        stored = base64.b64decode(body, validate=True) if read.isBase64Encoded else body.encode()
    except ValidationError as error:
        first = first_fault(error)
        raise ProblemError(
            400, f"not an event of a function URL or an API gateway: {first.where}: {first.message}"
        ) from error
    except ValueError as error:
        raise ProblemError(400, "the body is said to be in base64 and is not") from error
    if len(stored) > MOST_BODY_BYTES:
        raise ProblemError(413, f"expected a body of at most {MOST_BODY_BYTES} bytes")
    path = read.path_and_query[0]
    if read.pathParameters is not None and read.pathParameters.proxy is not None:  # without a domain's base path
        path = f"/{read.pathParameters.proxy}"
    headers = {name.lower(): value for name, value in (read.headers or {}).items()}
    return HttpRequest(read.method, path, read.path_and_query[1], headers, stored)


def handle(request: HttpRequest) -> Answer:
    """Handle a request.

    Raises:
        ProblemError, SettingError, ValidationError: it is no request that can be answered.
        ModelError: the model beside the code is missing or damaged.
    """
    if request.method == "POST" and request.path == "/v1/images":
        body = ManyPictures.model_validate_json(request.body)
        _check_model(body.model)
        job = job_for_many(engine(), body)
        return many_pictures(engine().draw(job.z, job.labels), body)
    if request.method not in ("GET", "HEAD"):
        raise ProblemError(405, f"{request.method} is not taken here; GET and POST are")
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if found := _IMAGE.fullmatch(request.path):
        asked = PictureFile.model_validate({"seed": found[1], "format": found[2]})
        return _image(request, asked, OnePicture.model_validate(query))
    if request.path == "/v1/walk":
        walk = Walk.model_validate(query)
        _check_model(walk.model)
        job = job_for_walk(engine(), walk)
        return film(engine().draw(job.z, job.labels), walk)
    if request.path == "/v1/models":
        return Answer(json.dumps([model_facts(MODEL, engine())]).encode(), "application/json")
    if request.path == "/healthz":
        return Answer(b'{"status":"ok"}', "application/json")
    return _page(request)


def _check_model(name: str | None) -> None:
    if name not in (None, MODEL):
        raise ProblemError(404, f"there is no model {name!r} here, only {MODEL!r}")


def _image(request: HttpRequest, asked: PictureFile, query: OnePicture) -> Answer:
    if not 0 <= asked.seed <= LARGEST_SEED:
        raise ProblemError(404, f"seeds are from 0 to {LARGEST_SEED}")
    _check_model(query.model)
    job = job_for_one(engine(), asked.seed, query)
    headers = picture_headers(engine(), request.path, request.query)
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Answer(b"", KINDS[asked.format].media_type, headers, 304)
    return one_picture(engine().draw(job.z, job.labels), asked.format, headers)


def _page(request: HttpRequest) -> Answer:
    name = request.path.strip("/") or "index.html"
    if name not in _page_names():
        raise ProblemError(404, "there is nothing here; / is the page, /v1/models the model")
    file = _page_file(name)
    if file.tag in request.headers.get("if-none-match", ""):
        return Answer(b"", file.media_type, file.headers, 304)
    return Answer(file.stored, file.media_type, file.headers)


@cache
def _page_file(name: str) -> PageFile:
    return page_file(name, (ROOT / "page" / name).read_bytes())


@cache
def engine() -> Engine:
    """The model, read at the first request that needs it, on as many threads as cores are paid for."""
    memory_mb = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MB_PER_CORE))
    return Engine(ROOT / "model", threads=max(1, memory_mb // MB_PER_CORE))


@cache
def _page_names() -> frozenset[str]:
    page = ROOT / "page"
    return frozenset(path.relative_to(page).as_posix() for path in page.rglob("*") if path.is_file())


def response(answer: Answer) -> dict[str, Any]:
    """What the platform is given; what would be larger than it takes becomes a problem."""
    body = base64.b64encode(answer.body).decode()
    if len(body) > MOST_RESPONSE_BYTES:
        sizes = f"{counted(len(body), 'byte')} as it is passed on, where at most {MOST_RESPONSE_BYTES:,} can be"
        return response(problem(413, f"the answer would be {sizes}; ask for less"))
    headers = {"Content-Type": answer.media_type, "X-Content-Type-Options": "nosniff", **answer.headers}
    return {"statusCode": answer.status, "headers": headers, "body": body, "isBase64Encoded": True}
