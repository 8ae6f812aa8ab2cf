"""What a person can do with a training: begin, pause, stop, go on, rename, remove."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from ganvas.studio.home import Home, checked_name, free_name, named, removed_if_failing
from ganvas.studio.problems import Problem
from ganvas.studio.runs import processes
from ganvas.studio.runs.notes import OUTPUT_FILE, Note, read_note, write_note
from ganvas.studio.runs.queue import Queue
from ganvas.studio.runs.requests import Limits, Prepare, TrainRequest, arguments_for
from ganvas.studio.runs.runs import Runs
from ganvas.studio.runs.states import ACTIVE
from ganvas.wording import counted

MOST_QUEUED = 200
Wish = Literal["pause", "stop"]
Start = Callable[[Path, Path, Sequence[str]], int]


class Trainings:
    """Trainings of a home folder; safe to ask from any thread.

    Args:
        prepare: makes a picture set ready.
        names_folders: whether a page may name folders and files of this machine.
        start: as processes.start.
        told: is told the name of a run that changed.
        queue_told: is told the names that wait, whenever they change.
    """

    def __init__(
        self,
        home: Home,
        prepare: Prepare,
        told: Callable[[str], None] = lambda name: None,
        queue_told: Callable[[list[str]], None] = lambda names: None,
        *,
        names_folders: bool = True,
        start: Start = processes.start,
    ) -> None:
        self._home, self._prepare, self._told, self._lock = home, prepare, told, threading.RLock()
        self._names_folders, self._start_process = names_folders, start
        self.queue = Queue(home.studio, lambda: self.runs.active(), self._start, queue_told)
        self.runs = Runs(home, self.queue.names)

    def begin(self, request: TrainRequest) -> dict[str, Any]:
        """A new run, at the end of the queue. RunSummary.

        Raises:
            Problem, GanvasError: what is asked for cannot be done.
        """
        if len(self.queue.names()) >= MOST_QUEUED:
            raise Problem(409, f"{MOST_QUEUED} trainings wait already; let some of them begin")
        out = f"runs/{self._new_name(request)}"
        # Without the lock: a large set is prepared for minutes, in which other runs may be paused.
        arguments = arguments_for(request, self._home, out, self._prepare, names_folders=self._names_folders)
        note = Note(set=request.set, request=request.model_dump(mode="json"), arguments=tuple(arguments))
        with self._lock:
            name = self._new_name(request)
            run = self._home.runs / name
            run.mkdir(parents=True)
            with removed_if_failing(run):
                write_note(run, note.changed(arguments=note.arguments_into(f"runs/{name}"), asked=time.time()))
        with removed_if_failing(run):
            self.queue.add(name)
        self.queue.step()
        return self._summary(name)

    def pause(self, name: str) -> dict[str, Any]:
        """Let it save its state and end, to go on later; out of the queue where it waits. RunSummary."""
        return self._end(name, "pause")

    def stop(self, name: str) -> dict[str, Any]:
        """The same, for good; it may still be extended. RunSummary."""
        return self._end(name, "stop")

    def resume(self, name: str, limits: Limits) -> dict[str, Any]:
        """Go on with it, to its own limits or to new ones, once its turn comes. RunSummary.

        Raises:
            Problem: it trains or waits already, or has reached the limit.
        """
        with self._lock:
            run, summary = self._home.run(name), self.runs.summary(name)
            if summary["state"] in (*ACTIVE, "queued"):
                raise Problem(409, f"{name} is {summary['state']} already")
            _check_further(summary, limits)
            note = read_note(run) or Note()
            if (run / "run.toml").exists():
                next_one = ("train", "--out", f"runs/{name}", "--resume", *limits.options)
            elif note.arguments:
                next_one = _with_limits(note.arguments, limits)
            else:
                raise Problem(409, f"{name}: there is nothing to go on with; {summary['problem'] or 'it holds no run'}")
            write_note(run, note.changed(next=next_one, wish=None, wish_of=None))
        self.queue.add(name)
        self.queue.step()
        return self._summary(name)

    def first(self, name: str) -> dict[str, Any]:
        """To the head of the queue. RunSummary. Raises Problem unless it waits."""
        self._home.run(name)
        if name not in self.queue.names():
            raise Problem(409, f"{name} does not wait")
        self.queue.add(name, first=True)
        return self._summary(name)

    def unqueue(self, name: str) -> None:
        """Out of the queue; a run that never began is gone. Raises Problem unless it waits."""
        run = self._home.run(name)
        if not self.queue.remove(name):
            raise Problem(409, f"{name} does not wait; it may have begun")
        if not (run / OUTPUT_FILE).exists() and not (run / "run.toml").exists():
            _remove(run)
        self._told(name)

    def rename(self, name: str, now: str) -> dict[str, Any]:
        """Give it another name. RunSummary. Raises Problem while it trains, or where that name is taken."""
        with self._lock:
            run = self._at_rest(name, "renamed")
            if now == name:
                return self._summary(name)
            checked_name(now)
            if free_name(self._home.runs, now) != now and now.lower() != name.lower():
                raise Problem(409, f"there is a run {now!r} already", "name")
            if (note := read_note(run)) is not None:
                write_note(run, note.changed(arguments=note.arguments_into(f"runs/{now}")))
            os.rename(run, run.with_name(now))
            self._told(name)
        return self._summary(now)

    def remove(self, name: str) -> None:
        """Remove a run with all that is in it. Raises Problem while it trains."""
        with self._lock:
            self.queue.remove(name)
            _remove(self._at_rest(name, "removed"))
        self._told(name)

    def _new_name(self, request: TrainRequest) -> str:
        if request.name is not None:
            name = checked_name(request.name)
            if free_name(self._home.runs, name) != name:
                raise Problem(409, f"there is a run {name!r} already", "name")
            return name
        pictures = request.set or Path(str(request.source)).stem or "pictures"
        return free_name(self._home.runs, named(f"{pictures}-{request.recipe or 'swift'}", "run"))

    def _end(self, name: str, wish: Wish) -> dict[str, Any]:
        with self._lock:
            run = self._home.run(name)
            self.queue.remove(name)
            state = self.runs.summary(name)["state"]
            note = read_note(run) or Note()
            if state in ACTIVE:
                process = processes.interrupt(run) if state != "pausing" else note.wish_of
                write_note(run, note.changed(wish=wish, wish_of=process))
            elif state in ("paused", "queued") or (state == "finished" and wish == "stop"):
                write_note(run, note.changed(wish=wish, wish_of=None))
            else:
                raise Problem(409, f"{name} is not training")
        return self._summary(name)

    def _start(self, name: str) -> None:
        """Start the process of a run whose turn has come; what is wrong is told in its log."""
        run = self._home.runs / name
        note = read_note(run)
        if note is None or not (note.next or note.arguments):
            return  # it was removed while it waited
        arguments = note.next or note.arguments
        began = time.time()
        try:
            process = self._start_process(self._home.root, run, arguments)
        except OSError as error:
            with (run / OUTPUT_FILE).open("a", encoding="utf-8") as output:
                output.write(f"{processes.FAULT}it could not be started: {error.strerror or error}\n")
            return
        changed = note.changed(process=process, started=arguments, began=began, next=(), wish=None, wish_of=None)
        write_note(run, changed)
        self._told(name)

    def _at_rest(self, name: str, what: str) -> Path:
        run = self._home.run(name)
        state = self.runs.summary(name)["state"]
        if state in (*ACTIVE, "queued"):
            raise Problem(409, f"{name} is {state}; it can be {what} once it is paused or stopped")
        return run

    def _summary(self, name: str) -> dict[str, Any]:
        self._told(name)
        return self.runs.summary(name)


def _check_further(summary: dict[str, Any], limits: Limits) -> None:
    """Raises Problem where there is nothing left to be trained."""
    if limits.seconds is not None and limits.seconds <= summary["seconds"]:
        shown = f"{summary['seconds']:.0f}"
        raise Problem(422, f"it has trained for {shown} s already; give more than that in all", "seconds")
    if limits.images is not None and limits.images <= summary["images"]:
        raise Problem(
            422, f"it has shown {counted(summary['images'], 'image')} already; give more than that in all", "images"
        )
    if summary["state"] == "finished" and not limits.options and summary["images"] >= (summary["until_images"] or 0):
        raise Problem(409, "it has reached its limit; give it more seconds or images", "seconds")


def _with_limits(arguments: tuple[str, ...], limits: Limits) -> tuple[str, ...]:
    """The command that begins a run, with other limits where there are some."""
    if not limits.options:
        return arguments
    words = list(arguments)
    for option in ("--time", "--images"):
        if option in words:
            at = words.index(option)
            del words[at : at + 2]
    return (*words, *limits.options)


def _remove(run: Path) -> None:
    """At once, whatever a large folder takes; a link alone, not what it leads to."""
    if run.is_symlink():
        run.unlink()
        return
    going = run.with_name(f".{run.name}.{os.getpid()}.unfinished")  # which files.sweep knows
    os.rename(run, going)
    shutil.rmtree(going, ignore_errors=True)
