"""What happens to a run, with fields: the events of log.jsonl, which a run also tells whoever started it.

A line of the log holds one event: `images` and `seconds` say when, `event` says what, and the rest are its own fields.
`text` is the sentence for a person; nothing is ever read back out of it.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ganvas.settings import Settings
from ganvas.wording import counted, in_time

VerdictKind = Literal["too early", "improving", "plateau", "collapse", "divergence", "copying"]
Seconds = Annotated[float, AfterValidator(lambda seconds: round(seconds, 3))]


class Event(Settings):
    """Base of all events.

    images: images shown by then. seconds: of training by then, over all sittings.
    """

    images: int = Field(ge=0)
    seconds: Seconds = 0.0

    @property
    def text(self) -> str:
        """One sentence for a person."""
        raise NotImplementedError


class Resumed(Event):
    """The run goes on from a saved state."""

    event: Literal["resumed"] = "resumed"

    @property
    def text(self) -> str:
        return f"resumed at {counted(self.images, 'image')}"


class PicturesChanged(Event):
    """The pictures are no longer those that the run was begun with."""

    event: Literal["pictures changed"] = "pictures changed"

    @property
    def text(self) -> str:
        return "the pictures have changed since: this run can no longer be repeated exactly"


class PicturesLost(Event):
    """Pictures in shards could not be read when they were due, and others were shown in their place.

    pictures: how many since the last such event. where, reason: the first shard or picture, and why it was not read.
    """

    event: Literal["pictures lost"] = "pictures lost"
    pictures: int = Field(ge=1)
    where: str
    reason: str

    @property
    def text(self) -> str:
        said = f"{counted(self.pictures, 'picture')} could not be read, and others were shown in their place"
        return f"{said}; the first: {self.where} ({self.reason})"


class Slept(Event):
    """The machine slept while the run went on.

    slept: for how many seconds.
    """

    event: Literal["slept"] = "slept"
    slept: float = Field(ge=0)

    @property
    def text(self) -> str:
        return f"the machine slept for {in_time(self.slept)}, in which nothing was trained"


class LogMended(Event):
    """Lines of the log could not be read when the run went on, and were dropped.

    lines: how many.
    """

    event: Literal["log mended"] = "log mended"
    lines: int = Field(ge=1)

    @property
    def text(self) -> str:
        return f"{self.lines} line{'s' if self.lines > 1 else ''} of log.jsonl could not be read and were left out"


class NotCompiled(Event):
    """The networks were to be compiled and are not, and why."""

    event: Literal["not compiled"] = "not compiled"
    reason: str

    @property
    def text(self) -> str:
        return f"the networks are not compiled: {self.reason}"


class Narrowed(Event):
    """Networks as wide as the time allows do not fit into the memory of the device.

    width: of the networks that are trained. planned: that the time allows.
    """

    event: Literal["narrowed"] = "narrowed"
    width: float
    planned: float

    @property
    def text(self) -> str:
        return (
            f"there is time for networks of width {self.planned:g}, but no room in the memory of the device: they are "
            f"of width {self.width:g}"
        )


class Unmeasured(Event):
    """The run is not measured, and why."""

    event: Literal["unmeasured"] = "unmeasured"
    reason: str

    @property
    def text(self) -> str:
        return f"nothing is measured: {self.reason}"


class Assessed(Event):
    """The verdict on the run changed, or the run ended with it."""

    event: Literal["verdict"] = "verdict"
    kind: VerdictKind
    evidence: str
    advice: str

    @property
    def text(self) -> str:
        return f"{self.kind}: {self.evidence}. {self.advice}"


class Rescued(Event):
    """The run went back to its last good state.

    good_images: images shown by that state. rescues, most_rescues: how often it went back, and may. rate_factor: what
    the learning rates were multiplied with. augmented: whether pictures are augmented from here on.
    """

    event: Literal["rescued"] = "rescued"
    good_images: int
    rescues: int
    most_rescues: int
    rate_factor: float = 0.5
    augmented: bool = False

    @property
    def text(self) -> str:
        rates = "half the learning rates" if self.rate_factor == 0.5 else f"{self.rate_factor:g} of the learning rates"
        more = " and full augmentation" if self.augmented else ""
        return (
            f"went back to the state after {counted(self.good_images, 'image')}, with {rates}{more} "
            f"({self.rescues} of {self.most_rescues})"
        )


class NotRescued(Event):
    """The run could not go back to a good state, and why."""

    event: Literal["not rescued"] = "not rescued"
    reason: str

    @property
    def text(self) -> str:
        return f"cannot go back: {self.reason}"


class Diverged(Event):
    """A number stopped being finite, which ends the run.

    what: which one. has_saved: whether this sitting had saved a state before.
    """

    event: Literal["diverged"] = "diverged"
    what: str
    has_saved: bool

    @property
    def text(self) -> str:
        kept = "the last saved state and model are kept" if self.has_saved else "nothing was saved yet"
        advice = "lower optimizer.generator_rate and optimizer.discriminator_rate"
        return f"{self.what} is not a finite number after {counted(self.images, 'image')}; {kept}. Try: {advice}"


class LeftOut(Event):
    """A file that a run usually leaves was not made, and why."""

    event: Literal["left out"] = "left out"
    file: str
    reason: str

    @property
    def text(self) -> str:
        return f"{self.file} was left out: {self.reason}"


class Ended(Event):
    """The sitting ended, and why: it reached its limit, was interrupted, reached a plateau, or had no rescue left."""

    event: Literal["ended"] = "ended"
    reason: Literal["finished", "interrupted", "plateau", "rescues"]
    rescues: int = 0

    @property
    def text(self) -> str:
        return {
            "finished": "finished",
            "interrupted": "stopped from outside",
            "plateau": "stopped at a plateau",
            "rescues": f"stopped: it went wrong again after {counted(self.rescues, 'rescue')}",
        }[self.reason]


class Note(Event):
    """Words without fields: an event of a log from before events had them, of a kind that is no longer known."""

    event: Literal["note"] = "note"
    words: str

    @property
    def text(self) -> str:
        return self.words


LoggedEvent = (
    Resumed
    | PicturesChanged
    | PicturesLost
    | Slept
    | LogMended
    | NotCompiled
    | Narrowed
    | Unmeasured
    | Assessed
    | Rescued
    | NotRescued
    | Diverged
    | LeftOut
    | Ended
    | Note
)
