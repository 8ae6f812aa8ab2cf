"""What a run tells whoever started it, as it happens: small values, in order. Those that are logged: log_events."""

from dataclasses import dataclass
from pathlib import Path

from ganvas.config import Plan, RunConfig
from ganvas.data import PictureSet
from ganvas.formats.log_events import LoggedEvent
from ganvas.wording import counted


@dataclass(frozen=True)
class Looked:
    """The pictures were read."""

    pictures: PictureSet


@dataclass(frozen=True)
class Planned:
    """What the run will do.

    parameters: of each network. resumed_at: images shown by earlier sittings. memory_bytes: used so far at most; None
    where the system does not tell.
    """

    config: RunConfig
    plan: Plan
    parameters: dict[str, int]
    resumed_at: int
    memory_bytes: int | None


@dataclass(frozen=True)
class Stepped:
    """Where the run is; the numbers are means since the last one."""

    images: int
    until_images: int
    seconds: float
    seconds_left: float
    numbers: dict[str, float]


@dataclass(frozen=True)
class Drawn:
    """The same latents were drawn once more, as a sheet at `path`."""

    images: int
    seconds: float
    path: Path

    @property
    def text(self) -> str:
        return f"drawn at {counted(self.images, 'image')}"


@dataclass(frozen=True)
class Finished:
    """The run stopped.

    root: the run folder. report: its page. interrupted: from outside, with the state saved. verdict: how it went and
    how good it got, in sentences; () if nothing is known.
    """

    root: Path
    report: Path
    images: int
    seconds: float
    interrupted: bool
    verdict: tuple[str, ...]


RunEvent = Looked | Planned | Stepped | Drawn | LoggedEvent | Finished
