"""What `ganvas serve` runs: the models, their pages, and uvicorn around the application."""

import asyncio
import gc
import importlib.util
import ipaddress
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from ganvas.errors import SettingError, missing_package
from ganvas.formats.manifest import exported_folder, model_folder
from ganvas.serving.api import create_app
from ganvas.serving.control import Control, osc_socket
from ganvas.serving.engine import Engine
from ganvas.serving.middleware import Limits, as_response
from ganvas.serving.pages import Page
from ganvas.serving.responses import problem
from ganvas.serving.workers import MOST as MOST_WORKERS
from ganvas.serving.workers import serve_by
from ganvas.settings import HUB_PREFIX

LOOPBACK = "localhost", "127.0.0.1", "[::1]"
GRACE_SECONDS, CONNECTIONS = 35, 2000
SECONDS_OF_SILENCE = 10
OF_EVERY_MODEL = "exported", "model"  # folders that say nothing about which model is in them
ROOT_PATH = r"(/[\w.~-]+)*"
MOST_HEARD_BYTES = 1024  # of what a page says over a WebSocket, where it has nothing to say


class Connection(H11Protocol):
    """One that is closed if it asks for nothing: the server's own patience begins only behind a first answer.

    What the server itself refuses, before the application hears of it, is answered with problem details too.
    """

    def __init__(self, *args: Any, **named: Any):
        super().__init__(*args, **named)
        self._application, self.app = self.app, self._within_limits

    async def _within_limits(self, scope: Any, receive: Any, send: Any) -> None:
        """The application, or 503 where there are too many connections."""
        if max(len(self.connections), len(self.tasks)) > CONNECTIONS:
            busy = problem(503, "too many connections at once; try again", {"Retry-After": "1", "Connection": "close"})
            await as_response(busy)(scope, receive, send)
            return
        await self._application(scope, receive, send)

    def send_400_response(self, msg: str) -> None:
        """What could not be read as HTTP; nothing more can be said where an answer has begun."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        refused = problem(400, "this is no request of HTTP as it must be")
        headers = [("Content-Type", refused.media_type), ("Content-Length", str(len(refused.body)))]
        response = h11.Response(status_code=400, headers=[*headers, ("Connection", "close")], reason=b"Bad Request")
        for event in (response, h11.Data(data=refused.body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Watch from the beginning."""
        super().connection_made(transport)
        self._watch(None)

    def _watch(self, seen: object) -> None:
        if self.transport.get_protocol() is not self:
            return  # it is a WebSocket now, which may be silent
        cycle = self.cycle
        is_silent = cycle is None or cycle.response_complete
        if is_silent and cycle is seen and self._watched:
            self.transport.close()
        elif not self.transport.is_closing():
            self._watched = True
            self.loop.call_later(SECONDS_OF_SILENCE, self._watch, cycle)

    _watched = False


def serve(
    models: Mapping[str, Path],
    *,
    host: str,
    port: int,
    limits: Limits,
    public: bool,
    threads: int | None,
    make_page: Callable[[Path], Page],
    root_path: str = "",
    control: bool = False,
    osc_port: int = 0,
    workers: int = 1,
    told: Callable[[str, int | None], None] = lambda address, osc_port: None,
) -> None:
    """Serve exported models until SIGTERM or Ctrl-C; what was begun is finished.

    Args:
        models: exported models by the names they go by; the first is the default.
        public: listen elsewhere than on this machine without keys.
        threads: that one drawing may use; None: all cores.
        make_page: the page of an exported model's folder, where none was published beside it.
        root_path: what a proxy puts before every path, as "/pictures".
        control: the page that is opened by the address that is told is played by OSC, over UDP on this machine.
        osc_port: for it; 0: any.
        workers: processes behind the one port; each has the limits for itself.
        told: is told the page's address and the port for OSC, None without, as soon as both are listened to.
    Raises:
        ModelError: a model cannot be read.
        SettingError: a host that others reach without keys, a port that is taken, a root path that is none, or control
            by others than this machine.
    """
    if not re.fullmatch(ROOT_PATH, root_path):
        raise SettingError(f"--root-path {root_path!r}: expected a path as /pictures, without a / at its end")
    if not (limits.keys or public or is_loopback(host)):
        raise SettingError(
            f"--host {host} can be reached by others: give --keys FILE with one key a line, or --public to let all in"
        )
    if is_loopback(host) and not (limits.keys or public):
        limits = replace(limits, hosts=LOOPBACK)  # or any page could ask here, by a name that it points to this machine
    if control:
        _check_control(host, is_shared=bool(public or root_path or limits.proxies or workers > 1))
    if not 1 <= workers <= MOST_WORKERS:
        raise SettingError(f"--workers {workers}: expected 1 to {MOST_WORKERS}")
    if workers > 1 and threads is None:
        threads = max((os.cpu_count() or 1) // workers, 1)
    served = _Served(dict(models), limits, threads, make_page, root_path)
    engines = served.engines()
    with listening(host, port) as bound:
        controlled = Control(osc_socket(osc_port), LOOPBACK) if control else None
        told(_address(host, bound.getsockname()[1], controlled), controlled and controlled.port)
        if workers == 1:
            served.serve(bound, engines, controlled)
        else:
            del engines  # they could be read, which was to be seen; each worker has its own
            serve_by(workers, served, bound, grace_seconds=GRACE_SECONDS)


@dataclass(frozen=True)
class _Served:
    """What a process serves, and how."""

    models: Mapping[str, Path]
    limits: Limits
    threads: int | None
    make_page: Callable[[Path], Page]
    root_path: str

    def __call__(self, bound: socket.socket) -> None:
        """As one of several workers."""
        self.serve(bound, self.engines())

    def engines(self) -> dict[str, Engine]:
        """Raises ModelError: a model cannot be read."""
        return {name: Engine(path, threads=self.threads) for name, path in self.models.items()}

    def serve(self, bound: socket.socket, engines: Mapping[str, Engine], control: Control | None = None) -> None:
        """Until SIGTERM or Ctrl-C."""
        pages = {
            name: partial(_page, model_folder(exported_folder(path)), self.make_page)
            for name, path in self.models.items()
        }
        app = create_app(engines, self.limits, pages, root_path=self.root_path, control=control)
        gc.freeze()  # what is loaded by now stays; looking through it again and again would hold up requests
        uvicorn.Server(configured(app, with_control=control is not None)).run([bound])


def _check_control(host: str, *, is_shared: bool) -> None:
    if is_shared or not is_loopback(host):
        raise SettingError(
            "--control is for this machine and one process alone: leave out --host, --public, --proxy, --root-path and "
            "--workers"
        )
    if importlib.util.find_spec("wsproto") is None:
        raise missing_package("wsproto", "serve", "WebSockets")


def _address(host: str, port: int, control: Control | None) -> str:
    """Of the page; the token is where no request and no log shows it."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/{f'#control={control.token}' if control else ''}"


def configured(app: FastAPI, *, with_control: bool = False) -> uvicorn.Config:
    """How uvicorn runs an application. It believes no proxy; the application does, where it was told whom.

    with_control: it takes WebSockets.
    """
    return uvicorn.Config(
        app,
        http=Connection,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        proxy_headers=False,
        ws="wsproto" if with_control else "none",
        ws_max_size=MOST_HEARD_BYTES,
        ws_per_message_deflate=False,
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def names_of(models: Sequence[str | os.PathLike[str]]) -> dict[str, str]:
    """What models go by: their folders' names, or the name on the Hub.

    A folder called exported or model goes by the name of the one above it, which is that of its run.

    Raises:
        SettingError: two go by the same name.
    """
    named: dict[str, str] = {}
    for path in [os.fspath(model) for model in models]:
        plain = Path(path.partition("@")[0]) if path.startswith(HUB_PREFIX) else Path(path).resolve()
        above = (folder.name for folder in (plain, *plain.parents) if folder.name not in (*OF_EVERY_MODEL, ""))
        name = next(above, plain.name)
        if name in named:
            raise SettingError(f"two models are called {name!r}: {named[name]} and {path}; rename a folder")
        named[name] = path
    return named


def _page(folder: Path, make_page: Callable[[Path], Page]) -> Page:
    """The page's files by their names: those beside the model if it was published with them, else made now."""
    ready = folder / "page"
    if not ready.is_dir() or ready.is_symlink():
        return make_page(folder)
    found = (path for path in ready.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(ready).as_posix(): path.read_bytes() for path in found}


def listening(host: str, port: int) -> socket.socket:
    """The socket to listen on, bound before anything else is done, so that a taken port is one line and not a log.

    Raises:
        SettingError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named by its protocol, or asyncio would let small packets wait for each other, 40 ms an answer.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise SettingError(f"--host {host} --port {port}: {error.strerror}; choose another") from error
    return bound
