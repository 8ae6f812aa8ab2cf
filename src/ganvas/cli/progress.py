"""What a person sees in the terminal while a run goes on: one live line, or plain lines where there is no terminal."""

import signal
import time
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ganvas.cli.text import finished_text, plan_text, progress_text
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
