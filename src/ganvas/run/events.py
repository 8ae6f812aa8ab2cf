"""What a run tells whoever started it, as it happens: small values, in order."""

from dataclasses import dataclass
from pathlib import Path

from ganvas.config import RunConfig
from ganvas.data import PictureSet


@dataclass(frozen=True)
class Looked:
    """The pictures were read."""

    pictures: PictureSet


@dataclass(frozen=True)
class Planned:
    """What the run will do."""

    config: RunConfig
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
class Happened:
    """Something worth a line: a save, a drawing, a warning."""

    text: str


@dataclass(frozen=True)
class Finished:
    """The run stopped, and why."""

    root: Path
    report: Path
    images: int
    seconds: float
    interrupted: bool
    verdict: tuple[str, ...]


News = Looked | Planned | Stepped | Happened | Finished
