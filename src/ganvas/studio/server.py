"""The studio as a server: its rooms put together, and uvicorn around them."""

import os
import re
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI

from ganvas.errors import SettingError
from ganvas.serving.server import ROOT_PATH, configured, is_loopback, listening
from ganvas.studio import machine, settings_of
from ganvas.studio.access import Access, checked_host_name, kept_token, read_password
from ganvas.studio.app import create_app
from ganvas.studio.home import Home
from ganvas.studio.jobs import jobs
from ganvas.studio.results import compare, exploring, publishing, scoring, walks
from ganvas.studio.runs import drawing, forecasts, processes
from ganvas.studio.runs import files as run_files
from ganvas.studio.runs import routes as run_routes
from ganvas.studio.runs.requests import Prepared, TrainRequest
from ganvas.studio.runs.trainings import Start, Trainings
from ganvas.studio.runs.watcher import Watcher
from ganvas.studio.sets import known, looking, preparing, sets, thumbnails, uploads
from ganvas.studio.watching import Hub

PORT, PORTS = 7870, 20  # the first one, and how many are tried before any
BACKLOG = 100  # connections that wait until they are taken
_EVERY_ADDRESS = ("0.0.0.0", "::", "")


@dataclass(frozen=True)
class Studio:
    """What the rooms share, and the application of all of them.

    close: ends the streams of events, so that the server can end.
    """

    app: FastAPI
    hub: Hub
    trainings: Trainings
    watcher: Watcher

    def close(self) -> None:
        """End all streams of events."""
        self.hub.close()
        self.watcher.close()


def assemble(home: Home, access: Access, *, start: Start = processes.start) -> Studio:
    """The studio of a home folder. start: as processes.start."""
    hub = Hub()
    kept_sets = sets.Sets(home, hub.tell, names_folders=not access.public)
    work = jobs.Jobs(home.studio / "jobs", hub.tell)

    def prepare(name: str, request: TrainRequest) -> Prepared:
        fit, channels, near = (request.settings.get(f"pictures.{field}") for field in ("fit", "channels", "drop_near"))
        made = preparing.prepared(kept_sets, name, request.sides, fit=fit, channels=channels, drop_near=near)
        return Prepared(
            source=made.source, settings={f"pictures.{name}": value for name, value in made.pictures.items()}
        )

    trainings = Trainings(
        home,
        prepare,
        lambda name: watcher.look(name),
        lambda names: hub.tell("queue", names),
        names_folders=not access.public,
        start=start,
    )
    runs = trainings.runs
    watcher = Watcher(hub, runs)
    artist, this_machine = drawing.Artist(), machine.Machine(home, hub, known.known_sets)
    for name, what in (
        ("runs", runs.summaries),
        ("queue", trainings.queue.names),
        ("jobs", work.all),
        ("sets", kept_sets.all),
        ("home", this_machine.told),
    ):
        hub.begin_with(name, what)
    routers: list[APIRouter] = [
        run_routes.routes(home, trainings, watcher, hub),
        run_files.routes(home),
        drawing.routes(home, artist),
        settings_of.routes(),
        machine.routes(this_machine),
        sets.routes(kept_sets),
        uploads.routes(kept_sets),
        thumbnails.routes(kept_sets),
        looking.routes(kept_sets, work),
        jobs.routes(work),
        scoring.routes(home, kept_sets, work),
        walks.routes(home, work),
        exploring.routes(home, work),
        publishing.routes(home, work, watcher.look, pushes=not access.public),
        compare.routes(home, runs.detail),
        forecasts.routes(home, runs.summaries),
    ]
    running: list[AbstractContextManager[Any]] = [watcher, trainings.queue, artist, this_machine, work]
    return Studio(create_app(access, hub, routers, running), hub, trainings, watcher)


def serve(
    folder: Path,
    *,
    host: str,
    port: int | None,
    host_names: Sequence[str],
    password_file: Path | None,
    public: bool,
    root_path: str,
    browser: bool,
    told: Callable[[str], None],
) -> None:
    """Serve the studio until SIGTERM or Ctrl-C. Arguments and errors as `ganvas.open_studio`."""
    if not re.fullmatch(ROOT_PATH, root_path):
        raise SettingError(f"--root-path {root_path!r}: expected a path as /studio, without a / at its end")
    if not (is_loopback(host) or password_file is not None or public):
        raise SettingError(
            f"--host {host} can be reached by others, who could train and read here: give --password-file FILE, or "
            "--public to let all in"
        )
    password = None if password_file is None else read_password(password_file)
    names = tuple(checked_host_name(name) for name in host_names)
    home = Home(folder)
    token = kept_token(home.studio / "token")
    with bound_socket(host, port) as bound:
        number = bound.getsockname()[1]
        is_any = host in _EVERY_ADDRESS
        own = () if is_any else (f"[{host}]" if ":" in host else host.lower(),)
        access = Access(token, number, (*own, *names), is_any, password, public, root_path)
        studio = assemble(home, access)
        bound.listen(BACKLOG)  # whoever is told the address may ask at once, and is answered a moment later
        address = address_of(host, number, root_path, "" if password or public else token)
        told(address)
        if browser:
            threading.Thread(target=_open, args=(address,), daemon=True).start()
        _Server(studio).run([bound])


def address_of(host: str, port: int, root_path: str, token: str) -> str:
    """Where the page is, for a browser on this machine."""
    name = "127.0.0.1" if host in _EVERY_ADDRESS else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}{root_path}/{f'?token={token}' if token else ''}"


class _Server(uvicorn.Server):
    """Ends the streams of events as soon as it is to end, which it would wait for otherwise."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(configured(studio.app))
        self._studio = studio

    async def on_tick(self, counter: int) -> bool:
        """Whether to end."""
        is_over = await super().on_tick(counter)
        if is_over:
            self._studio.close()
        return is_over


def bound_socket(host: str, port: int | None) -> socket.socket:
    """The socket of a port; of the first free one where none was asked for."""
    if port is not None:
        return listening(host, port)
    for one in range(PORT, PORT + PORTS):
        try:
            return listening(host, one)
        except SettingError:
            continue
    return listening(host, 0)


def _open(address: str) -> None:
    """In a browser with windows; one that draws into the terminal would take it away from what is told there."""
    has_windows = sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if has_windows:
        webbrowser.open(address)
