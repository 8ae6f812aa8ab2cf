"""The rooms of a studio that need no training: put together, with a page that asks."""

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import APIRouter
from PIL import Image
from starlette.testclient import TestClient

from ganvas.studio.access import Access
from ganvas.studio.app import create_app
from ganvas.studio.home import Home
from ganvas.studio.jobs import jobs
from ganvas.studio.jobs.jobs import Jobs
from ganvas.studio.jobs.working import Cancelled
from ganvas.studio.problems import Problem
from ganvas.studio.sets import looking, sets, thumbnails, uploads
from ganvas.studio.sets.sets import Sets
from ganvas.studio.watching import Hub
from ganvas.studio.worker import outcome

TOKEN = "t" * 43
PATIENCE_SECONDS = 300  # for work in a process of its own, where the machine is busy


class InTheSameProcess:
    """Work as working.Work does it, without a process of its own, which would import PyTorch for each."""

    def __init__(self, kind: str, request: Any, log: Path) -> None:
        self._kind, self._request, self._is_cancelled = kind, json.loads(json.dumps(request)), False

    def result(self, told: Any) -> dict[str, Any]:
        found = json.loads(json.dumps(outcome(self._kind, self._request, told)))
        if self._is_cancelled:
            raise Cancelled
        if "problem" in found:
            raise Problem(422, found["problem"])
        return found["result"]

    def cancel(self) -> None:
        self._is_cancelled = True


@dataclass
class Rooms:
    """What a test asks of. told: all that pages were told, as (kind, value)."""

    home: Home
    sets: Sets
    jobs: Jobs
    page: TestClient
    told: list[tuple[str, Any]] = field(default_factory=list)

    def done(self, answer: Any) -> dict[str, Any]:
        """The job that an answer began, once it has ended."""
        assert answer.status_code == 200, answer.text
        begun, until = answer.json(), time.monotonic() + PATIENCE_SECONDS
        while (job := self.page.get(f"/api/jobs/{begun['id']}").json())["state"] in ("waiting", "working"):
            assert time.monotonic() < until, job
            time.sleep(0.02)
        return job

    def result(self, answer: Any) -> dict[str, Any]:
        """What came of a job."""
        job = self.done(answer)
        assert job["state"] == "done", job["problem"]
        return job["result"]

    def drop(self, name: str, path: str, data: bytes, **query: Any) -> dict[str, Any]:
        """Drop one file into a set; what was answered."""
        answer = self.page.post(f"/api/sets/{name}/files", params={"path": path, **query}, content=data)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def opened(folder: Path, *more: Any, begin_work: Any = InTheSameProcess, **of_sets: Any) -> Iterator[Rooms]:
    """The rooms of a home folder. more: from the rooms to a router each. begin_work: as Jobs takes it."""
    home, told = Home(folder), list[tuple[str, Any]]()

    def tell(kind: str, value: object) -> None:
        told.append((kind, value))

    found, work = (
        Sets(home, tell, **{"growing_seconds": 0.0} | of_sets),
        Jobs(home.studio / "jobs", tell, begin_work),
    )  # type: ignore[arg-type]
    rooms = Rooms(home, found, work, None, told)  # type: ignore[arg-type]
    routers: list[APIRouter] = [
        sets.routes(found),
        uploads.routes(found),
        thumbnails.routes(found),
        looking.routes(found, work),
        jobs.routes(work),
        *(make(rooms) for make in more),
    ]
    app = create_app(Access(TOKEN, 7870), Hub(), routers, [work])
    with TestClient(app, "http://127.0.0.1:7870", headers={"Authorization": f"Bearer {TOKEN}"}) as page:
        rooms.page = page
        yield rooms
    found.close()


def drawn(seed: int, width: int = 48, height: int = 40, mode: str = "RGB") -> Image.Image:
    """A smooth picture, another one for every seed."""
    corners = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    return Image.fromarray(corners).resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def stored(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """A picture as a file."""
    encoded = io.BytesIO()
    image.save(encoded, form, **options)
    return encoded.getvalue()


def picture(seed: int, form: str = "PNG", **size: Any) -> bytes:
    """A picture file, another one for every seed."""
    return stored(drawn(seed, **size), form)


def fill(folder: Path, count: int = 10) -> Path:
    """A folder of so many pictures, 00.png and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        (folder / f"{seed:02d}.png").write_bytes(picture(seed))
    return folder
