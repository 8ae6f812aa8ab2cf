"""log.jsonl of a run folder: one JSON object a line, either numbers of one moment or an event (formats/log_events.py).

Logs of before format 3 of run.toml have their events as prose, and pca_distance under the name eigen_distance. They are
brought up to date here and nowhere else.
"""

import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeAlias, TypeGuard, cast

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from ganvas.errors import SettingError
from ganvas.files import read_small, replace_bytes
from ganvas.formats.log_events import LoggedEvent

_EVENT: TypeAdapter[LoggedEvent] = TypeAdapter(Annotated[LoggedEvent, Field(discriminator="event")])
_RENAMED = {"eigen_distance": "pca_distance"}
# The sentences of formats 1 and 2 -> the kind of event; what is named in a pattern is a field.
_PROSE: dict[str, dict[str, object]] = {
    r"resumed at \d+ images": {"event": "resumed"},
    r"the pictures have changed .*": {"event": "pictures changed"},
    r"nothing is measured: (?P<reason>.*)": {"event": "unmeasured"},
    r"went back to the state after (?P<good_images>[\d,]+) images.* \((?P<rescues>\d+) of (?P<most_rescues>\d+)\)": {
        "event": "rescued"
    },
    r"cannot go back: (?P<reason>.*)": {"event": "not rescued"},
    r"(?P<file>film\.\w+) was left out: (?P<reason>.*)": {"event": "left out"},
    r"(?P<what>.+) is not a finite number after \d+ images; nothing was saved yet.*": {
        "event": "diverged",
        "has_saved": False,
    },
    r"(?P<what>.+) is not a finite number after \d+ images; the last saved.*": {"event": "diverged", "has_saved": True},
    r"finished": {"event": "ended", "reason": "finished"},
    r"stopped from outside": {"event": "ended", "reason": "interrupted"},
    r"stopped at a plateau": {"event": "ended", "reason": "plateau"},
    r"stopped: it went wrong again after (?P<rescues>\d+) rescues": {"event": "ended", "reason": "rescues"},
}

_MOST_BYTES = 1_000_000_000  # a line a second, 500 bytes long, for three weeks

Numbers: TypeAlias = dict[str, float]


@dataclass(frozen=True)
class Log:
    """What a log holds.

    numbers: by moment, in order; each has `images`, most `seconds`, losses and scores, some measures. What is no finite
    number is left out. events: in order.
    """

    numbers: list[Numbers] = field(default_factory=list)
    events: list[LoggedEvent] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Of training, at the last moment that says."""
        return float(next((one["seconds"] for one in reversed(self.numbers) if "seconds" in one), 0.0))


def read_log(path: Path) -> Log:
    """The lines of a log; a missing file is an empty log.

    A line that is not a JSON object with a number of images is left out, as one that a crash cut short. Where resuming
    went back in time, the numbers that it overwrote are left out.

    Raises:
        SettingError: it is no regular file, is larger than a log can be, or cannot be read.
    """
    log = Log()
    furthest: float = -math.inf
    for line in _lines(path):
        found = read_line(line)
        if isinstance(found, dict):
            images = found["images"]
            if images <= furthest:
                log.numbers[:] = [one for one in log.numbers if one["images"] < images]
            furthest = images
            log.numbers.append(found)
        elif found is not None:
            log.events.append(found)
    return log


def read_line(line: bytes) -> Numbers | LoggedEvent | None:
    """The numbers or the event of a line; None where it is none that counts, as `read_log` says."""
    entry = _object(line)
    images = entry.get("images")
    if not _is_number(images):
        return None
    if "event" in entry:
        return _event(entry, int(images))
    return {_RENAMED.get(name, name): value for name, value in entry.items() if _is_number(value)}


def forget_after(path: Path, images: int) -> int:
    """Drop the lines of moments later than `images`, and those that cannot be read.

    Returns:
        How many could not be read. The end of the file after the last line break, which a crash cut short, is no line.
    Raises:
        SettingError: as `read_log`. OSError: the log cannot be written.
    """
    lines = list(_lines(path))
    if not lines:
        return 0
    moments = [_object(line).get("images") for line in lines]
    kept = [line for line, at in zip(lines, moments, strict=True) if _is_number(at) and at <= images]
    replace_bytes(path, b"".join(line + b"\n" for line in kept))
    return sum(not _is_number(at) for line, at in zip(lines[:-1], moments[:-1], strict=True) if line.strip())


def _lines(path: Path) -> Iterator[bytes]:
    """What stands between the line breaks; the last piece too, which is empty unless a crash cut it short."""
    try:
        yield from read_small(path, _MOST_BYTES).split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise SettingError(f"{path}: cannot be read: {error.strerror}") from error


def _object(line: bytes) -> dict[str, object]:
    """What a line holds; {} where that is no JSON object."""
    try:
        entry: object = from_json(line)
    except ValueError:
        return {}
    return cast("dict[str, object]", entry) if isinstance(entry, dict) else {}


def _event(entry: dict[str, object], images: int) -> LoggedEvent | None:
    try:
        return _EVENT.validate_python(entry)
    except ValidationError:
        return _from_prose(entry, images)


def _from_prose(entry: dict[str, object], images: int) -> LoggedEvent | None:
    """An event of a log of format 1 or 2, whose `event` is a sentence; what is not known becomes a Note.

    None where it can be none, as with more images than can be shown.
    """
    seconds, words = entry.get("seconds"), str(entry["event"])
    at = {"images": max(images, 0), "seconds": seconds if _is_number(seconds) else 0.0}
    verdict = str(entry["verdict"]) if "verdict" in entry else None
    for fields in (_fields(words, verdict), _note(words)):
        try:
            return _EVENT.validate_python({**at, **(fields or _note(words))})
        except ValidationError:
            continue
    return None


def _note(words: str) -> dict[str, object]:
    return {"event": "note", "words": words}


def _fields(words: str, verdict: str | None) -> dict[str, object] | None:
    """The kind and the fields of a sentence; None if it is none of those that were written."""
    if verdict is not None:
        evidence, _, advice = words.removeprefix(f"{verdict}: ").partition(". ")
        return {"event": "verdict", "kind": verdict, "evidence": evidence, "advice": advice}
    for pattern, kind in _PROSE.items():
        if found := re.fullmatch(pattern, words):
            fields: dict[str, object] = {**kind, **found.groupdict()}
            if "good_images" in fields:
                fields["good_images"] = found["good_images"].replace(",", "")
                fields["augmented"] = "augmentation" in words
            return fields
    return None


def _is_number(value: object) -> TypeGuard[float]:
    """Whether it is a finite number, of a size that floats have too."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
