"""How a run is called, from what is in its folder and whether a process trains there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ganvas.formats.log_events import Diverged, Ended, LoggedEvent, Resumed
from ganvas.studio.runs.notes import Note

RunState = Literal["queued", "starting", "training", "pausing", "paused", "finished", "failed"]
ACTIVE: tuple[RunState, ...] = ("starting", "training", "pausing")

_ENDED_WITHOUT_A_WORD = (
    "its process ended without a word, as one does that the system ended for lack of memory, or with the machine; "
    "going on loses at most what came after the last saved state"
)


@dataclass(frozen=True)
class Evidence:
    """What is known of a run.

    trainer: the process that trains it, and whether it holds the lock; None: none does. has_planned: whether that
    process has written its plan. is_begun: whether there is a run.toml. events: of the log. went_on: whether numbers
    follow on the last event that says how a sitting began or ended. logged: when the log was written last.
    fault: what the process that was started last printed as it failed, and told: when; "" where it printed nothing.
    """

    note: Note | None
    trainer: tuple[int, bool] | None
    has_planned: bool
    is_queued: bool
    is_begun: bool
    events: Sequence[LoggedEvent]
    went_on: bool
    logged: float
    fault: str
    told: float


def state_of(known: Evidence) -> tuple[RunState, str | None]:
    """The state, and what is wrong, in words; None where nothing is."""
    note = known.note or Note()
    how = next((one for one in reversed(known.events) if isinstance(one, Ended | Resumed | Diverged)), None)
    has_ended = isinstance(how, Ended) and not known.went_on and known.logged >= note.began
    if known.trainer is not None:
        process, is_held = known.trainer
        if note.wish is not None and note.wish_of == process:
            return "pausing", None
        # One that has ended gives the lock back a moment before it is gone.
        return ("training" if has_ended or (is_held and known.has_planned) else "starting"), None
    if known.is_queued:
        return "queued", None
    if known.fault and known.told >= known.logged:
        return "failed", known.fault
    if isinstance(how, Diverged):
        return "failed", how.text
    if isinstance(how, Ended) and has_ended:
        if how.reason != "interrupted":
            return "finished", None
        return ("finished" if note.wish == "stop" else "paused"), None
    if note.wish is not None:
        return ("finished" if note.wish == "stop" else "paused"), None
    if note.arguments and not note.process:
        return "paused", None  # it was taken out of the queue, or the queue was lost
    return "failed", _ENDED_WITHOUT_A_WORD if known.is_begun else "nothing was trained here"
