"""Work in the background that a page waits for: what waits, what is done, how far it is, and what came of it."""

import itertools
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from fastapi import APIRouter

from ganvas.studio.jobs.working import Cancelled, Work
from ganvas.studio.problems import Problem, missing

AT_ONCE = 2  # pieces of work; the rest wait
MOST_WAITING, MOST_KEPT = 50, 100
TOLD_SECONDS = 0.25  # between two words to pages on the same job, at least
State = Literal["waiting", "working", "done", "failed", "cancelled"]
Told = Callable[[str, object], None]


@dataclass
class Job:
    """A piece of work. then: what is made of its result, when it is done."""

    id: str
    kind: str
    subject: str
    request: Mapping[str, Any]
    then: Callable[[dict[str, Any]], dict[str, Any]]
    state: State = "waiting"
    done: int = 0
    total: int | None = None
    text: str = ""
    result: dict[str, Any] | None = None
    problem: str | None = None
    work: Work | None = None

    def shown(self) -> dict[str, Any]:
        """As pages have it."""
        names = ("id", "kind", "subject", "state", "done", "total", "text", "result", "problem")
        return {name: getattr(self, name) for name in names}


class Jobs:
    """The jobs of a studio; as a block, they end with it.

    Args:
        folder: for what they print.
        told: is told of a job that changed, as `told("job", {...})`.
        begin_work: starts a piece of work; its arguments are those of Work.
    """

    def __init__(
        self,
        folder: Path,
        told: Told = lambda kind, value: None,
        begin_work: Callable[[str, Mapping[str, Any], Path], Work] = Work,
    ) -> None:
        self._folder, self._told, self._begin_work = folder, told, begin_work
        self._changed = threading.Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._changed:
            self._is_closed = True
            unfinished = [job.id for job in self._jobs.values() if job.state in ("waiting", "working")]
        for each in unfinished:
            self.cancel(each)

    def begin(
        self,
        kind: str,
        subject: str,
        request: Mapping[str, Any],
        then: Callable[[dict[str, Any]], dict[str, Any]] = lambda result: result,
    ) -> dict[str, Any]:
        """Begin a job, or take note of it until its turn comes; the job. One like it that waits or works is given back.

        Args:
            subject: the set or the run that it is about.
            then: from what came of it to what the page is told.
        Raises:
            Problem: too many wait.
        """
        with self._changed:
            going = [job for job in self._jobs.values() if job.state in ("waiting", "working")]
            for job in going:
                if (job.kind, job.subject, job.request) == (kind, subject, request):
                    return job.shown()
            if len(going) >= MOST_WAITING or self._is_closed:
                raise Problem(409, "too much waits to be done; cancel some of it")
            job = Job(secrets.token_hex(8), kind, subject, request, then)
            self._jobs[job.id] = job
            self._forget()
        self._told("job", job.shown())
        threading.Thread(target=self._do, args=(job,), daemon=True, name=f"job {job.id}").start()
        return job.shown()

    def all(self) -> list[dict[str, Any]]:
        """Those that wait, work or ended, in the order that they were asked for."""
        with self._changed:
            return [job.shown() for job in self._jobs.values()]

    def get(self, id: str) -> dict[str, Any]:
        """Raises Problem where there is none."""
        with self._changed:
            if id not in self._jobs:
                raise missing("job", id[:40])
            return self._jobs[id].shown()

    def cancel(self, id: str) -> dict[str, Any]:
        """End a job; one that has ended is forgotten. Raises Problem where there is none."""
        with self._changed:
            self.get(id)
            job = self._jobs[id]
            if job.state in ("waiting", "working"):
                job.state = "cancelled"
                if job.work is not None:
                    job.work.cancel()
            else:
                del self._jobs[id]
            self._changed.notify_all()
        self._told("job", job.shown())
        return job.shown()

    def _do(self, job: Job) -> None:
        with self._changed:
            self._changed.wait_for(lambda: job.state != "waiting" or self._is_its_turn(job))
            if job.state != "waiting":
                return
            job.state = "working"
        self._told("job", job.shown())
        try:
            self._work(job)
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            self._end(job, "failed", problem=str(error))

    def _work(self, job: Job) -> None:
        work = self._begin_work(job.kind, job.request, self._folder / f"{job.id}.log")
        with self._changed:
            job.work = work
            if job.state == "cancelled":
                work.cancel()
        last = 0.0

        def told(text: str, done: int, total: int | None) -> None:
            nonlocal last
            job.text, job.done, job.total = text, done, total
            if time.monotonic() - last >= TOLD_SECONDS:
                last = time.monotonic()
                self._told("job", job.shown())

        try:
            self._end(job, "done", result=job.then(work.result(told)))
        except Cancelled:
            self._end(job, "cancelled")

    def _end(self, job: Job, state: State, *, result: dict[str, Any] | None = None, problem: str | None = None) -> None:
        with self._changed:
            if job.state != "cancelled":
                job.state, job.result, job.problem = state, result, problem
            job.work = None
            self._changed.notify_all()
        self._told("job", job.shown())

    def _is_its_turn(self, job: Job) -> bool:
        """Whether so few work that those that wait before it begin too."""
        going = [each for each in self._jobs.values() if each.state == "working" or each.work is not None]
        waiting = [each for each in self._jobs.values() if each.state == "waiting"]
        return job in waiting[: max(AT_ONCE - len(going), 0)]

    def _forget(self) -> None:
        ended = (job.id for job in self._jobs.values() if job.state not in ("waiting", "working"))
        for id in list(itertools.islice(ended, max(len(self._jobs) - MOST_KEPT, 0))):
            del self._jobs[id]


def routes(jobs: Jobs) -> APIRouter:
    """Of jobs; other rooms begin them."""
    router = APIRouter()

    @router.get("/api/jobs")
    def all_jobs() -> list[dict[str, Any]]:
        return jobs.all()

    @router.get("/api/jobs/{id}")
    def one_job(id: str) -> dict[str, Any]:
        return jobs.get(id)

    @router.delete("/api/jobs/{id}")
    def cancelled(id: str) -> dict[str, Any]:
        return jobs.cancel(id)

    return router
