"""What a person sees in the terminal while a run goes on: one live line, or plain lines where there is no terminal."""

import signal
import time
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ganvas.formats.events import Event
from ganvas.run.events import Drawn, Finished, Looked, Planned, RunEvent, Stepped

_SECONDS_BETWEEN_PLAIN_LINES = 10.0
_EVENTS_SHOWN = 3

_console = Console(stderr=True, highlight=False)
_results = Console(highlight=False)


class Interruption:
    """Ctrl-C and SIGTERM, taken as a wish that is granted after the step in hand."""

    def __init__(self) -> None:
        self._happened = False

    def happened(self) -> bool:
        """Whether the run was asked to stop."""
        return self._happened

    def listen(self) -> None:
        """From now on, note the signals instead of acting on them; a second one acts."""
        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.getsignal(number)

            def note(number: int, frame: object, before: object = before) -> None:
                if self._happened and callable(before):
                    before(number, frame)
                self._happened = True

            signal.signal(number, note)


def show_looking(done: int, total: int) -> None:
    """How many files were read, of how many."""
    if _console.is_terminal:
        _console.print(f"looking at the pictures: {done} of {total}", end="\n" if done == total else "\r")
    elif done == total:
        _console.print(f"looked at {total} files")


def show_training(run: Iterator[RunEvent], interruption: Interruption) -> bool:
    """Show the events of a run until it ends; True if it was interrupted."""
    events: list[str] = []
    plain_at = -_SECONDS_BETWEEN_PLAIN_LINES
    with Live(console=_console, auto_refresh=False, transient=True) as live:
        for item in run:
            match item:
                case Looked(pictures):
                    _console.print(pictures.report.summary(), markup=False, soft_wrap=True)
                case Planned():
                    interruption.listen()
                    _console.print(plan_text(item), markup=False, soft_wrap=True)
                case Drawn() | Event():
                    events = [*events, item.text][-_EVENTS_SHOWN:]
                case Stepped():
                    line = progress_text(item)
                    if _console.is_terminal:
                        live.update(Text("\n".join([line, *(f"  {event}" for event in events)])), refresh=True)
                    elif time.monotonic() - plain_at >= _SECONDS_BETWEEN_PLAIN_LINES:
                        _console.print("  ".join([line, *events[-1:]]), markup=False, soft_wrap=True)
                        plain_at = time.monotonic()
                case Finished():
                    live.update(Text(""), refresh=_console.is_terminal)
                    to = _console if item.interrupted else _results
                    to.print(finished_text(item), markup=False, soft_wrap=True)
                    return item.interrupted
    return False


def plan_text(plan: Planned) -> str:
    """The plan in two lines: images, minutes, memory, networks."""
    made = plan.plan
    begun = f", {plan.resumed_at} of them already shown" if plan.resumed_at else ""
    minutes = (made.images - plan.resumed_at) / made.images_per_second / 60
    memory = "" if plan.memory_bytes is None else f", {plan.memory_bytes / 1e9:.1f} GB of memory"
    networks = ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in plan.parameters.items())
    return (
        f"plan: recipe {plan.config.recipe}, {made.images} images{begun}, about {max(minutes, 0):.1f} minutes "
        f"at {made.images_per_second:.0f} images/s{memory}\n"
        f"parameters at width {made.width:g}: {networks}"
    )


def progress_text(step: Stepped) -> str:
    """Where a run is, in one line."""
    numbers = step.numbers
    losses = f"loss D {numbers['discriminator_loss']:.3f} G {numbers['generator_loss']:.3f}"
    return (
        f"{step.images:>7}/{step.until_images} images  {numbers['images_per_second']:.0f}/s  "
        f"{_clock(step.seconds_left)} left  {losses}  "
        f"score real {numbers['real_score']:+.2f} fake {numbers['fake_score']:+.2f}"
    )


def finished_text(end: Finished) -> str:
    """The last words of a run."""
    if end.interrupted:
        return f"stopped after {end.images} images; the state is saved: the same command again goes on from there"
    judged = "".join(f"{line}\n" for line in end.verdict)
    return f"{judged}{end.images} images in {_clock(end.seconds)}; open {end.report.resolve()}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes}:{seconds:02d}"
