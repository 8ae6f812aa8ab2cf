"""What every request passes before it is handled: host, key, rate, size and time; and what is counted of it."""

import asyncio
import collections
import contextlib
import math
import time
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganvas.serving.auth import Network, Rate, client_address, client_of, given_key, host_of, is_known
from ganvas.serving.batching import CLIENT_SHARE
from ganvas.serving.responses import Answer, problem

OPEN_PATHS = ("/healthz", "/readyz")
RATED_PREFIX = "/v1/"
CLIENT = "ganvas.client"
"""Who is counted as one client, in the scope of a request that was let in."""

_PIECE_BYTES = 65_536
_LEFT = 499  # the client went away; there is no standard number for it


@dataclass(frozen=True)
class Limits:
    """What one client, and all of them together, may ask for.

    keys: what auth.read_keys gave; () lets everyone in. hosts: names that the server may be asked by; (): any.
    proxies: what auth.read_networks gave; whose X-Forwarded-For is believed.
    requests_per_second: of one client, for the API; None: as many as come. burst: requests that a client may be ahead.
    requests: in progress at once; half of them of one client. pictures: in progress, of a model; half of them single
    ones, the other half of films and sheets, and half of either for one client. body_bytes: of one request. seconds:
    until an answer begins, of work in progress, which is shared out like pictures, and for each piece of an answer to
    be taken.
    """

    keys: tuple[bytes, ...] = ()
    hosts: tuple[str, ...] = ()
    proxies: tuple[Network, ...] = ()
    requests_per_second: float | None = None
    burst: int = 40
    requests: int = 512
    pictures: int = 1024
    body_bytes: int = 262_144
    seconds: float = 30.0


def as_response(answer: Answer) -> Response:
    """What Starlette sends."""
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


class Gate:
    """ASGI middleware. root_path: what a proxy puts before every path, whether or not it takes that away again."""

    def __init__(self, app: ASGIApp, limits: Limits, registry: CollectorRegistry, root_path: str = ""):
        self._app, self._limits, self._root_path = app, limits, root_path
        self._rate = None if limits.requests_per_second is None else Rate(limits.requests_per_second, limits.burst)
        self._too_large = f"expected a body of at most {limits.body_bytes} bytes"
        self._in_progress = 0
        self._of_client: collections.Counter[str] = collections.Counter()
        self._requests = Counter("ganvas_requests", "Requests", ["route", "status"], registry=registry)
        self._seconds = Histogram("ganvas_request_seconds", "Time to answer", ["route"], registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Whoever asks for the head alone gets that of the whole answer; the server leaves the body out.
        scope = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        scope = {**scope, "root_path": self._root_path}
        started, status, deadline = time.perf_counter(), 0, asyncio.timeout(None)

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if deadline.when() is not None and not deadline.expired():
                    deadline.reschedule(None)  # from here on each piece has a time of its own
            await self._send_in_pieces(message, send)

        self._in_progress += 1
        client = None
        try:
            if (refusal := self._refusal(scope)) is not None:
                await as_response(refusal)(scope, receive, noting)
                return
            if (client := scope.get(CLIENT)) is not None:
                self._of_client[client] += 1
            async with deadline:
                deadline.reschedule(asyncio.get_running_loop().time() + self._limits.seconds)
                await self._app(scope, self._measured(receive), noting)
            status = status or _LEFT
        except TimeoutError:
            if status:
                return  # it does not take what it asked for; the server closes what is left unfinished
            if not deadline.expired():
                raise
            late = problem(503, f"this took longer than {self._limits.seconds:g} s", {"Retry-After": "1"})
            with contextlib.suppress(TimeoutError):
                await as_response(late)(scope, receive, noting)
        except Exception:
            status = status or 500  # what answers it stands outside
            raise
        finally:
            self._in_progress -= 1
            if client is not None:
                self._leave(client)
            route = getattr(scope.get("route"), "path", "none")
            self._requests.labels(route, status).inc()
            self._seconds.labels(route).observe(time.perf_counter() - started)

    async def _send_in_pieces(self, message: Message, send: Send) -> None:
        """So that no more of an answer lies in the connection's buffer than the client takes.

        Raises:
            TimeoutError: it takes nothing for as long as an answer may take.
        """
        body = message.get("body", b"")
        for at in range(0, max(len(body), 1), _PIECE_BYTES):
            piece = dict(message)
            if message["type"] == "http.response.body":
                is_last = at + _PIECE_BYTES >= len(body)
                piece |= {
                    "body": body[at : at + _PIECE_BYTES],
                    "more_body": not is_last or message.get("more_body", False),
                }
            async with asyncio.timeout(self._limits.seconds):
                await send(piece)

    def _refusal(self, scope: Scope) -> Answer | None:
        """What is answered in place of what was asked for; for those that are let in, None, and CLIENT in the scope."""
        limits = self._limits
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if "transfer-encoding" in headers and "content-length" in headers:
            # What is in between may believe the other one, and take a part of the body for the next request.
            told = "Content-Length and Transfer-Encoding do not go together"
            return problem(400, told, {"Connection": "close"})
        if limits.hosts and host_of(headers.get("host", "")) not in limits.hosts:
            return problem(421, f"this server goes by {', '.join(limits.hosts)}; --public lets it go by any name")
        path = scope["path"].removeprefix(self._root_path)
        if path in OPEN_PATHS:
            return None
        if self._in_progress > limits.requests:
            return problem(503, "too many requests at once; try again", {"Retry-After": "1"})
        peer, forwarded = (scope["client"] or ("",))[0], _joined(scope, b"x-forwarded-for")
        client, key = client_of(client_address(peer, forwarded, limits.proxies)), given_key(headers)
        is_let_in = not limits.keys or is_known(limits.keys, key)
        rate = self._rate if path.startswith(RATED_PREFIX) or not is_let_in else None
        # A key has a rate of its own; who guesses keys has that of the address.
        scope[CLIENT] = whose = key if limits.keys and is_let_in and key else client
        if self._of_client[whose] >= max(CLIENT_SHARE * limits.requests, 1):
            return problem(503, "too many requests of this client at once; try again", {"Retry-After": "1"})
        if rate is not None and (wait := rate.seconds_to_wait(whose)):
            later = {"Retry-After": str(math.ceil(wait))}
            return problem(429, f"more requests than {limits.requests_per_second:g} a second", later)
        if not is_let_in:
            challenge = {"WWW-Authenticate": 'Basic realm="ganvas", charset="UTF-8"'}
            return problem(401, "a key is needed: X-API-Key, a bearer token, or the password of basic", challenge)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > limits.body_bytes:
            return problem(413, self._too_large)
        return None

    def _leave(self, client: str) -> None:
        self._of_client[client] -= 1
        if not self._of_client[client]:
            del self._of_client[client]

    def _measured(self, receive: Receive) -> Receive:
        """A body without a length is counted as it comes."""
        seen = 0

        async def counting() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limits.body_bytes:
                raise HTTPException(413, self._too_large)
            return message

        return counting


def _joined(scope: Scope, name: bytes) -> str:
    """What a header says that may come several times."""
    return ",".join(value.decode("latin-1") for each, value in scope["headers"] if each.lower() == name)
