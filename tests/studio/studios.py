"""A studio in a folder of its own, runs as `ganvas train` leaves them, and processes that hold their locks."""

import contextlib
import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from fastapi.testclient import TestClient

from ganvas.config import LimitSettings, Plan, to_toml, with_values
from ganvas.formats.images import save_png
from ganvas.recipes import RECIPES
from ganvas.studio.access import Access
from ganvas.studio.home import Home
from ganvas.studio.runs import processes
from ganvas.studio.server import Studio, assemble

TOKEN = "a-token-of-forty-three-letters-0123456789-ab"
ADDRESS = "http://127.0.0.1:7870"
PATIENCE_SECONDS = 120  # for what other processes do, where the machine is busy
PX = 16

# Holds a run's lock as a training does, lets it go at SIGTERM, and prints a line as soon as it has it.
HOLDER = """
import os, signal, sys, time
from pathlib import Path
from filelock import FileLock
run = Path(sys.argv[-1])
over = []
signal.signal(signal.SIGTERM, lambda *_: over.append(1))
with FileLock(run / "training.lock", blocking=False):
    (run / "training.pid").write_text(f"{os.getpid()}\\n")
    print("holds", flush=True)
    while not over:
        time.sleep(0.01)
    (run / "training.pid").unlink()
"""


@dataclass
class Opened:
    """A studio and a page that is let in."""

    home: Home
    studio: Studio
    page: TestClient

    def run(self, name: str) -> dict[str, Any]:
        """The summary of a run."""
        return next(one for one in self.page.get("/api/runs").json() if one["name"] == name)

    def wait(self, name: str, *states: str) -> dict[str, Any]:
        """The summary of a run once it is in one of these states."""
        until(lambda: self.run(name)["state"] in states, lambda: self.run(name))
        return self.run(name)


@contextmanager
def opened(folder: Path, access: Access | None = None, *, start: Any = processes.start, **options: Any):
    """The studio of a folder, with its threads."""
    home = Home(folder)
    studio = assemble(home, access or Access(TOKEN, 7870), start=start)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(studio.app, ADDRESS, headers=headers, **options) as page:
        yield Opened(home, studio, page)
        studio.close()


def until(is_so, told=lambda: ""):
    """Wait for a condition."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < limit, told()
        time.sleep(0.02)


def make_run(
    home: Home, name: str, *, images: int = 64, ended: str | None = "finished", measured: bool = False, **settings
):
    """A run folder with a log, as if it had been trained; settings: 'section__field' -> value."""
    run = home.runs / name
    (run / "samples").mkdir(parents=True)
    values = {path.replace("__", "."): value for path, value in settings.items()}
    config = with_values(RECIPES["quick"].config, {"pictures.width": PX, "pictures.height": PX, **values})
    config = config.model_copy(update={"limits": LimitSettings(images=images)})
    plan = Plan(images=images, images_per_second=10.0, final=ended == "finished")
    (run / "run.toml").write_text(to_toml(config, plan), encoding="utf-8")
    lines = [line(at) for at in range(16, images + 1, 16)]
    if measured:
        lines[-1] |= {"kernel_distance": 0.02, "kernel_distance_error": 0.001, "pca_distance": 0.05}
    at = {"images": images, "seconds": images / 10}
    if measured:
        lines.append(at | {"event": "verdict", "kind": "plateau", "evidence": "no gain", "advice": "Stop."})
    if ended is not None:
        lines.append(at | {"event": "ended", "reason": ended, "rescues": 0})
    append(run, *lines)
    for moment in (0, images):
        draw_moment(run, moment)
    found = {"used": 12, "width": PX, "height": PX, "channels": 3, "classes": {}, "key": "k"}
    (run / "data.json").write_text(json.dumps(found), encoding="utf-8")
    if measured:
        (run / "model").mkdir()
        (run / "model" / "model.json").write_text(json.dumps({"images": images}), encoding="utf-8")
    return run


def line(images: int) -> dict[str, float]:
    """The numbers of a moment."""
    return {"images": images, "seconds": images / 10, "discriminator_loss": 0.5, "images_per_second": 10.0}


def append(run: Path, *lines: dict[str, Any]) -> None:
    """Add lines to a log."""
    with (run / "log.jsonl").open("a", encoding="utf-8") as log:
        log.writelines(f"{json.dumps(one)}\n" for one in lines)


def draw_moment(run: Path, images: int) -> None:
    """A sheet of pictures."""
    save_png(run / "samples" / f"{images:09d}.png", np.full((8, 8, 3), images % 256, np.uint8), scale=1)


@contextmanager
def held(run: Path, *words: str):
    """A process that holds a run's lock; words: of its command line, before the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, *words, str(run)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        if (run / "run.toml").exists():
            (run / "run.toml").touch()  # as a training does that has planned
        yield process
    finally:
        process.kill()
        process.communicate()


class Pretending:
    """Starts processes that hold a run's lock in place of trainings, and ends with all of them.

    log: (name of the run, arguments) of each. leaves: what a process is to leave in the run's log when it ends.
    """

    def __init__(self) -> None:
        self.log: list[tuple[str, list[str]]] = []
        self._stack = contextlib.ExitStack()

    def __call__(self, home: Path, run: Path, arguments) -> int:
        """As processes.start."""
        self.log.append((run.name, list(arguments)))
        if not (run / "run.toml").exists():
            config = RECIPES["quick"].config
            (run / "run.toml").write_text(to_toml(config, Plan(images=640, images_per_second=10.0)), encoding="utf-8")
        return self._stack.enter_context(held(run, "ganvas", *arguments)).pid

    def __enter__(self) -> "Pretending":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


class Listening:
    """What a page hears of a stream of events: (kind, data, id), collected in a thread."""

    def __init__(self, client: httpx.Client, path: str, headers: dict[str, str]) -> None:
        self.events: list[tuple[str, Any, str]] = []
        self._changed = threading.Condition()
        self._stream = client.stream("GET", path, headers=headers)  # which would be closed if nobody had it
        self.answer = self._stream.__enter__()
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        with contextlib.suppress(httpx.HTTPError, RuntimeError):  # it ended with its server
            self._take_all()

    def _take_all(self) -> None:
        kind, place = "", ""
        for said in self.answer.iter_lines():
            name, _, value = said.partition(": ")
            if name == "event":
                kind = value
            elif name == "id":
                place = value
            elif name == "data":
                with self._changed:
                    self.events.append((kind, json.loads(value), place))
                    self._changed.notify_all()
                place = ""

    def wait(self, kind: str, wanted=lambda value: True):
        """The data of the first such event."""

        def found():
            return next((value for one, value, _ in self.events if one == kind and wanted(value)), None)

        with self._changed:
            assert self._changed.wait_for(lambda: found() is not None, PATIENCE_SECONDS), (kind, self.events)
            return found()
