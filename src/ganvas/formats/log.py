"""log.jsonl of a run folder: one JSON object a line, either numbers of one moment or an event (formats/events.py).

Logs of before format 3 of run.toml have their events as prose, and pca_distance under the name eigen_distance. They are
brought up to date here and nowhere else.
"""

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import Field, TypeAdapter, ValidationError

from ganvas.formats.events import (
    Assessed,
    Ended,
    LeftOut,
    LoggedEvent,
    Note,
    NotRescued,
    PicturesChanged,
    Rescued,
    Resumed,
    Unmeasured,
)

_EVENT: TypeAdapter[LoggedEvent] = TypeAdapter(Annotated[LoggedEvent, Field(discriminator="event")])


@dataclass(frozen=True)
class Log:
    """What a log holds.

    numbers: by moment, in order; each has `images`, most `seconds`, losses and scores, some measures. events: in order.
    """

    numbers: list[dict[str, Any]] = field(default_factory=list)
    events: list[LoggedEvent] = field(default_factory=list)


def read_log(path: Path) -> Log:
    """The lines of a log; a missing file is an empty log.

    A line that is not a JSON object with a number of images is left out: a crash cuts the last line short, and
    resuming then leaves it in the middle. Where resuming went back in time, the numbers that it overwrote are left out.
    """
    log = Log()
    if not path.exists():
        return log
    furthest: float = -math.inf
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        entry = _object(line)
        if not _is_number(entry.get("images")):
            continue
        if "event" in entry:
            log.events.append(_event(entry))
            continue
        if "eigen_distance" in entry:
            entry["pca_distance"] = entry.pop("eigen_distance")
        if entry["images"] <= furthest:
            log.numbers[:] = [one for one in log.numbers if one["images"] < entry["images"]]
        furthest = entry["images"]
        log.numbers.append(entry)
    return log


def _object(line: str) -> dict[str, Any]:
    """What a line holds; {} where that is no JSON object."""
    try:
        entry: object = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}


def _event(entry: dict[str, Any]) -> LoggedEvent:
    try:
        return _EVENT.validate_python(entry)
    except ValidationError:
        return _from_prose(entry)


def _from_prose(entry: dict[str, Any]) -> LoggedEvent:
    """An event of a log of format 1 or 2, whose `event` is a sentence; what is not known becomes a Note."""
    seconds = entry.get("seconds")
    at: dict[str, Any] = {"images": max(int(entry["images"]), 0), "seconds": seconds if _is_number(seconds) else 0.0}
    words = str(entry["event"])
    try:
        return _known(words, entry, at) or Note(words=words, **at)
    except ValidationError:
        return Note(words=words, **at)


def _known(words: str, entry: dict[str, Any], at: dict[str, Any]) -> LoggedEvent | None:
    if "verdict" in entry:
        evidence, _, advice = words.removeprefix(f"{entry['verdict']}: ").partition(". ")
        return Assessed(kind=entry["verdict"], evidence=evidence, advice=advice, **at)
    if found := re.fullmatch(r"went back to the state after ([\d,]+) images(.*) \((\d+) of (\d+)\)", words):
        good, rescues, most = (int(part.replace(",", "")) for part in found.group(1, 3, 4))
        augmented = "augmentation" in found[2]
        return Rescued(good_images=good, rescues=rescues, most_rescues=most, augmented=augmented, **at)
    if found := re.fullmatch(r"stopped: it went wrong again after (\d+) rescues", words):
        return Ended(reason="rescues", rescues=int(found[1]), **at)
    if found := re.fullmatch(r"(film\.\w+) was left out: (.*)", words):
        return LeftOut(file=found[1], reason=found[2], **at)
    for beginning, make in (
        ("nothing is measured: ", Unmeasured),
        ("cannot go back: ", NotRescued),
    ):
        if words.startswith(beginning):
            return make(reason=words.removeprefix(beginning), **at)
    if words.startswith("resumed at "):
        return Resumed(**at)
    if words.startswith("the pictures have changed"):
        return PicturesChanged(**at)
    ends = {"finished": "finished", "stopped from outside": "interrupted", "stopped at a plateau": "plateau"}
    return Ended(reason=ends[words], **at) if words in ends else None  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
