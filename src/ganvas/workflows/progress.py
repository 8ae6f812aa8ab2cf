"""What a person sees while a run goes on: one live line in a terminal or a notebook, plain lines elsewhere."""

import math
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import Progress
from rich.text import Text

from ganvas.formats.log_events import (
    Event,
    LogMended,
    Narrowed,
    NotCompiled,
    PicturesChanged,
    PicturesLost,
    Slept,
)
from ganvas.run.events import Drawn, Finished, Looked, Planned, RunEvent, Stepped
from ganvas.wording import counted

_SECONDS_BETWEEN_PLAIN_LINES = 10.0
_EVENTS_SHOWN = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
FEW_IMAGES = 6_000  # faces begin to be people about there (docs/journal.md, 2026-11-29, a judge that sees shapes)
SMALL_PX = 64  # of the longer side; at most so large pictures cost no more than smaller ones

_console = Console(stderr=True, highlight=False)


class Interruption:
    """Ctrl-C and SIGTERM, taken as a wish that is granted after the step in hand; a second one acts at once.

    Args:
        patient: a second one is the same wish. Who is one of several processes is told it by a terminal and by whoever
            started it.
    """

    def __init__(self, *, patient: bool = False) -> None:
        self._happened = False
        self._patient = patient
        self._before: dict[signal.Signals, Any] = {}

    def happened(self) -> bool:
        """Whether the run was asked to stop."""
        return self._happened

    def listen(self) -> None:
        """From now on, note the signals instead of acting on them. Outside the main thread there are none to note."""
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}

    def stop_listening(self) -> None:
        """Let the signals act again as they did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        before = self._before.get(signal.Signals(number))
        if self._happened and callable(before) and not self._patient:
            before(number, frame)
        self._happened = True


def show_looking(done: int, total: int) -> None:
    """How many files were read, of how many."""
    if _console.is_terminal:
        _console.print(f"looking at the pictures: {done} of {total}", end="\n" if done == total else "\r")
    elif done == total:
        _console.print(f"looked at {counted(total, 'file')}")


@contextmanager
def counting(doing: str, shown: bool) -> Generator[Callable[[int, int], None]]:
    """What is called with how much is done, and of how much; a bar on stderr where a person sees it."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show_line(text: str) -> None:
    """A line on stderr."""
    _console.print(text, markup=False, soft_wrap=True)


def show_training(run: Iterator[RunEvent], interruption: Interruption, *, quiet: bool = False) -> Finished:
    """Follow a run until it ends, and show its events on stderr unless it is to be quiet; how it ended."""
    events: list[str] = []
    plain_at = -_SECONDS_BETWEEN_PLAIN_LINES
    console = Console(stderr=True, highlight=False, quiet=quiet)
    is_live = console.is_terminal or console.is_jupyter
    try:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            for item in run:
                match item:
                    case Looked(pictures):
                        console.print(pictures.report.summary(), markup=False, soft_wrap=True)
                    case Planned():
                        interruption.listen()
                        console.print(plan_text(item), markup=False, soft_wrap=True)
                    case PicturesChanged() | PicturesLost() | Slept() | LogMended() | NotCompiled() | Narrowed():
                        console.print(item.text, markup=False, soft_wrap=True)
                    case Drawn() | Event():
                        events = [*events, item.text][-_EVENTS_SHOWN:]
                    case Stepped():
                        line = progress_text(item)
                        if is_live:
                            live.update(Text("\n".join([line, *(f"  {event}" for event in events)])), refresh=True)
                        elif time.monotonic() - plain_at >= _SECONDS_BETWEEN_PLAIN_LINES:
                            console.print("  ".join([line, *events[-1:]]), markup=False, soft_wrap=True)
                            plain_at = time.monotonic()
                    case Finished():
                        live.update(Text(""), refresh=console.is_terminal)
                        return item
    finally:
        interruption.stop_listening()
    raise RuntimeError("a run ended without a word")


def plan_text(plan: Planned) -> str:
    """The plan in two lines: images, minutes, memory, networks. A third where the time is short for the size."""
    made = plan.plan
    begun = f", {plan.resumed_at:,} of them already shown" if plan.resumed_at else _start_text(plan)
    minutes = (made.images - plan.resumed_at) / made.images_per_second / 60
    memory = "" if plan.memory_bytes is None else f", {plan.memory_bytes / 1e9:.1f} GB of memory"
    networks = ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in plan.parameters.items())
    return (
        f"plan: recipe {plan.config.recipe}, {counted(made.images, 'image')}{begun}, about "
        f"{max(minutes, 0):.1f} minutes at {made.images_per_second:.0f} images/s{memory}\n"
        f"parameters at width {made.width:g}: {networks}{_forecast(plan)}"
    )


def _start_text(plan: Planned) -> str:
    start = plan.config.start
    if start is None:
        return ""
    moment = "" if start.at is None else f" at {counted(start.at, 'image')}"
    return f", beginning with {start.model}{moment}"


def _forecast(plan: Planned) -> str:
    """What to expect of a run that its time makes short."""
    made, pictures = plan.plan, plan.config.pictures
    if made.images >= FEW_IMAGES or plan.config.limits.images is not None:
        return ""
    minutes = math.ceil(FEW_IMAGES / made.images_per_second / 60)
    smaller = " or a smaller --size" if max(pictures.width, pictures.height) > SMALL_PX else ""
    return (
        f"\nthat is short: few sets show much before {FEW_IMAGES:,} images, which take {counted(minutes, 'minute')} at "
        f"this speed; give it more --time{smaller}"
    )


def progress_text(step: Stepped) -> str:
    """Where a run is, in one line."""
    numbers = step.numbers
    losses = f"loss D {numbers['discriminator_loss']:.3f} G {numbers['generator_loss']:.3f}"
    return (
        f"{step.images:>7,}/{counted(step.until_images, 'image')}  {numbers['images_per_second']:.0f}/s  "
        f"{_clock(step.seconds_left)} left  {losses}  "
        f"score real {numbers['real_score']:+.2f} fake {numbers['fake_score']:+.2f}"
    )


def finished_text(end: Finished) -> str:
    """The last words of a run."""
    if end.interrupted:
        stopped = f"stopped after {counted(end.images, 'image')}"
        return f"{stopped}; the state is saved: the same command again goes on from there"
    verdict = "".join(f"{line}\n" for line in end.verdict)
    return f"{verdict}{counted(end.images, 'image')} in {_clock(end.seconds)}; open {end.report.resolve()}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes}:{seconds:02d}"
