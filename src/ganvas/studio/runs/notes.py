"""studio.json of a run folder: what the studio knows of a run that is not in the folder otherwise."""

from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from ganvas.files import read_json, replace_text
from ganvas.settings import Settings

NOTE_FILE, OUTPUT_FILE = "studio.json", "studio.log"


class Note(Settings):
    """What the studio keeps of a run.

    set: the picture set that it was begun with. request: the TrainRequest. arguments: of the command that begins it;
    () for a run that a terminal began. next: of the command that goes on with it, once its turn comes.
    asked: when it was asked for, seconds since 1970. process: the one that was started last, started: its arguments,
    and began: when. wish: what a person wished of process wish_of, which is how the run is called once that has ended.
    """

    model_config = ConfigDict(extra="ignore")

    set: str | None = None
    request: dict[str, Any] | None = None
    arguments: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    asked: float = 0.0
    process: int | None = Field(default=None, gt=0)
    started: tuple[str, ...] = ()
    began: float = 0.0
    wish: Literal["pause", "stop"] | None = None
    wish_of: int | None = None

    def changed(self, **values: Any) -> "Note":
        """With other values."""
        return self.model_copy(update=values)

    def arguments_into(self, out: str) -> tuple[str, ...]:
        """The command that begins the run, in another run folder."""
        words = list(self.arguments)
        if "--out" in words:
            words[words.index("--out") + 1] = out
        return tuple(words)


def read_note(run: Path) -> Note | None:
    """What the studio knows; None where it knows nothing, or the file is damaged: the run is then as a terminal's."""
    try:
        return Note.model_validate(read_json(run / NOTE_FILE))
    except (OSError, ValueError, ValidationError):
        return None


def write_note(run: Path, note: Note) -> None:
    """Raises OSError where it cannot be written."""
    replace_text(run / NOTE_FILE, note.model_dump_json(indent=1, exclude_none=True) + "\n")
