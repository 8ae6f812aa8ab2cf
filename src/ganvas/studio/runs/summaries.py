"""What is told of one run: its summary, made again only of the files that changed, and its detail."""

import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from ganvas.config import LimitSettings, PictureSettings, Plan, TrainingSettings, image_limit
from ganvas.config.run import FORMAT
from ganvas.files import read_json, read_toml
from ganvas.formats.log_events import Assessed
from ganvas.settings import first_fault, shortened
from ganvas.studio.runs.logs import Columns, Digest, Tail, as_dict
from ganvas.studio.runs.notes import NOTE_FILE, OUTPUT_FILE, Note, read_note
from ganvas.studio.runs.offers import offer_for
from ganvas.studio.runs.processes import last_fault
from ganvas.studio.runs.states import ACTIVE, Evidence, state_of

T = TypeVar("T")
_MOMENT = re.compile(r"([0-9]{1,18})\.(png|safetensors)")
_MOST_CLASSES = 1000


@dataclass(frozen=True)
class Asked:
    """What a summary takes of run.toml, of any format."""

    recipe: str = ""
    pictures: PictureSettings = field(default_factory=PictureSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    step_images: int = 1
    plan: Plan | None = None
    start: dict[str, Any] | None = None


class Kept(Generic[T]):
    """What was made of a file, made again only where the file is another one.

    Args:
        read: makes it of a path; may raise. otherwise: where the file is missing.
    """

    def __init__(self, path: Path, read: Callable[[Path], T], otherwise: T) -> None:
        self._path, self._read, self._otherwise = path, read, otherwise
        self._stat: tuple[int, int, int] | None = None
        self.value, self.problem, self.changed = otherwise, "", 0.0

    def refresh(self) -> T:
        """What is made of it now; `problem` says in words why it is not what the file holds."""
        try:
            found = self._path.stat()
            now = found.st_mtime_ns, found.st_size, found.st_ino
            if now != self._stat:
                self._stat, self.changed, self.problem = now, found.st_mtime, ""
                self.value = self._read(self._path)
        except FileNotFoundError:
            self._stat, self.value, self.problem, self.changed = None, self._otherwise, "", 0.0
        except ValidationError as error:
            first = first_fault(error)
            self._fail(f"{first.where} = {shortened(first.found)}: {first.message}")
        except (OSError, ValueError, TypeError) as error:
            self._fail(str(error))
        return self.value

    def _fail(self, why: str) -> None:
        self.value, self.problem = self._otherwise, f"{self._path.name} cannot be read: {why}"


class Reader:
    """Reads one run's folder for its summary."""

    def __init__(self, run: Path) -> None:
        self.note: Note | None = None
        self._note = Kept[Note | None](run / NOTE_FILE, lambda path: read_note(path.parent), None)
        self._asked = Kept(run / "run.toml", _asked, Asked())
        self._found = Kept[dict[str, Any]](run / "data.json", _table, {})
        self._shipped = Kept[dict[str, Any]](run / "model" / "model.json", _table, {})
        self._score = Kept[dict[str, Any]](run / "score.json", _table, {})
        self._fault = Kept(run / OUTPUT_FILE, lambda path: last_fault(path.parent), "")
        self._preview = Kept(run / "model" / "preview.png", lambda path: path.stat().st_mtime_ns, 0)
        self._samples = Kept[list[int]](run / "samples", moments_in, [])
        self._first = Kept(run / "samples" / "originals.png", lambda path: path.stat().st_mtime, 0.0)
        self._digest = Digest(Tail(run / "log.jsonl"))

    def refresh_note(self, run: Path) -> None:
        """Read studio.json anew, if it is another."""
        self.note = self._note.refresh()

    def summary(
        self, run: Path, trains: tuple[int, bool] | None, is_queued: bool, made: Sequence[str]
    ) -> dict[str, Any]:
        """RunSummary. Args: as `states.Evidence`; made: publications of it."""
        asked, found, shipped = self._asked.refresh(), self._found.refresh(), self._shipped.refresh()
        fault, drawn, preview = self._fault.refresh(), self._samples.refresh(), self._preview.refresh()
        begun, score, note, digest = self._first.refresh(), self._score.refresh(), self.note, self._digest
        unreadable = self._asked.problem or self._found.problem or self._shipped.problem
        try:
            digest.read()
        except OSError as error:
            unreadable = unreadable or f"log.jsonl cannot be read: {error.strerror or error}"
        logged = _changed(run / "log.jsonl")
        state, problem = state_of(
            Evidence(
                note,
                trains,
                has_planned=self._asked.changed >= _changed(run / "training.pid"),
                is_queued=is_queued,
                is_begun=self._asked.changed > 0,
                events=digest.events,
                went_on=digest.went_on,
                logged=logged,
                fault=fault,
                told=self._fault.changed,
            )
        )
        last, plan = digest.last, asked.plan
        images, seconds = int(last.get("images", 0)), float(last.get("seconds", 0.0))
        verdict = next((one for one in reversed(digest.events) if isinstance(one, Assessed)), None)
        best = next((one for one in digest.measures if one["images"] == shipped.get("images")), {})
        best_images = int(best["images"]) if best else None
        until = _until(asked, plan, found, images)
        is_active = state in ACTIVE
        classes = found.get("classes") if asked.pictures.conditional else None
        return {
            "name": run.name,
            "state": state,
            "source": asked.pictures.source if self._asked.changed else _source_of(note),
            "set": None if note is None else note.set,
            "recipe": asked.recipe or _recipe_of(note),
            "width": _whole(found.get("width")) or _size_of(note, 0) or asked.pictures.width,
            "height": _whole(found.get("height")) or _size_of(note, 1) or asked.pictures.height,
            "channels": _whole(found.get("channels")) or 3,
            "classes": list(classes)[:_MOST_CLASSES] if isinstance(classes, dict) else [],
            "images": images,
            "until_images": until,
            "seconds": seconds,
            "seconds_left": _left(asked, last, until) if is_active else None,
            "images_per_second": last.get("images_per_second"),
            "verdict": None if verdict is None else _verdict(verdict),
            "offer": offer_for(
                None if verdict is None else verdict.kind,
                state,
                name=run.name,
                best_images=best_images,
                seconds=seconds,
                made=bool(made),
            ),
            "kd": best.get("kernel_distance"),
            "kd_error": best.get("kernel_distance_error"),
            "floor_kd": _floor(score),
            "pca_kd": best.get("pca_distance"),
            "best_images": best_images,
            "preview": _preview(run.name, preview if not is_active else 0, drawn),
            "drawn": list(drawn),
            "begun": (note.asked if note is not None and note.asked else 0.0) or begun or self._asked.changed or logged,
            "changed": max(logged, self._asked.changed, self._note.changed, self._fault.changed),
            "by": "terminal" if note is None or not note.arguments else "studio",
            "problem": unreadable or _of_the_set(problem, note, run.parents[1]),
            "made": list(made),
            "start": _start(asked.start),
        }


def detail_of(run: Path, summary: dict[str, Any], columns: Columns, note: Note | None) -> dict[str, Any]:
    """RunDetail, of the summary and what else is in the folder now."""
    problem = summary["problem"]
    try:
        columns.read()
    except OSError as error:
        problem = problem or f"log.jsonl cannot be read: {error.strerror or error}"
    drawn, kept = set(moments_in(run / "samples")), set(moments_in(run / "moments"))
    return {
        **summary,
        "problem": problem,
        "moments": [
            {"images": images, "drawn": images in drawn, "kept": images in kept} for images in sorted(drawn | kept)
        ],
        "columns": columns.columns,
        "events": [as_dict(event) for event in columns.events],
        "settings": _settings(run),
        "data": Kept[dict[str, Any] | None](run / "data.json", _table, None).refresh(),
        "bytes": _bytes(run),
        "command": command_of(run.name, note),
        "film": next((url for name in ("film.mp4", "film.gif") if (url := file_url(run, name))), None),
        "directions": file_url(run, "directions.png"),
        "report": file_url(run, "index.html") or f"api/runs/{quote(run.name)}/files/index.html",
    }


def command_of(name: str, note: Note | None) -> str:
    """What does the same in a terminal, in the home folder: as another run where this one can be begun again."""
    if note is not None and note.arguments:
        return f"ganvas {shlex.join(note.arguments_into(f'runs/{name}-again'))}"
    return f"ganvas train --out {shlex.quote(f'runs/{name}')} --resume"


def file_url(run: Path, relative: str) -> str | None:
    """The address of a file of a run, another one where the file is; None where there is none."""
    try:
        changed = (run / relative).stat().st_mtime_ns
    except OSError:
        return None
    return f"api/runs/{quote(run.name)}/files/{quote(relative)}?v={changed}"


def moments_in(folder: Path) -> list[int]:
    """Images shown of the moments whose sheet or weights are in a folder, in order; [] where there is none."""
    return sorted(moment_files(folder))


def moment_files(folder: Path) -> dict[int, str]:
    """Images shown -> the name of the moment's sheet or weights, in no order; {} where there is no such folder."""
    try:
        with os.scandir(folder) as found:
            return {int(name[1]): name[0] for entry in found if (name := _MOMENT.fullmatch(entry.name))}
    except OSError:
        return {}


def _asked(path: Path) -> Asked:
    values = read_toml(path)
    written = values.get("format", 1)
    if not isinstance(written, int) or written > FORMAT:
        raise ValueError(f"format {shortened(written)}, expected at most {FORMAT}; a newer Ganvas made it")
    plan, start = values.get("plan"), values.get("start")
    return Asked(
        str(values.get("recipe", "")),
        PictureSettings.model_validate(values.get("pictures", {})),
        LimitSettings.model_validate(values.get("limits", {})),
        TrainingSettings.model_validate(values.get("training", {})).step_images,
        None if plan is None else Plan.model_validate(plan),
        start if isinstance(start, dict) else None,
    )


def _table(path: Path) -> dict[str, Any]:
    values = read_json(path, only_finite=False)
    if not isinstance(values, dict):
        raise ValueError("expected an object")
    return values


def _until(asked: Asked, plan: Plan | None, found: dict[str, Any], images: int) -> int | None:
    """Images shown at the end, as far as it is known."""
    if plan is None:
        return asked.limits.images
    if plan.final:
        return plan.images
    used = _whole(found.get("used"))
    limit = image_limit(asked.limits, picture_count=used, step_images=asked.step_images) if used else None
    return max(limit or plan.images, images)


def _left(asked: Asked, last: dict[str, float], until: int | None) -> float | None:
    """Seconds, by whichever limit comes first, at the speed of the last line."""
    by = []
    if asked.limits.seconds is not None:
        by.append(asked.limits.seconds - last.get("seconds", 0.0))
    if (asked.limits.seconds is None or (asked.plan and asked.plan.final)) and until is not None:
        speed = last.get("images_per_second") or (asked.plan.images_per_second if asked.plan else 0.0)
        by += [(until - last.get("images", 0.0)) / speed] if speed else []
    elif asked.limits.images is not None and until is not None and last.get("images_per_second"):
        by.append((until - last.get("images", 0.0)) / last["images_per_second"])
    return max(min(by), 0.0) if by else None


def _verdict(event: Assessed) -> dict[str, object]:
    return {"kind": event.kind, "evidence": event.evidence, "advice": event.advice, "images": event.images}


def _floor(score: dict[str, Any]) -> float | None:
    try:
        return float(score["floor"]["kernel_distance"]["value"])
    except (KeyError, TypeError, ValueError):
        return None


def _preview(name: str, shipped: int, drawn: Sequence[int]) -> str | None:
    if shipped:
        return f"api/runs/{quote(name)}/files/model/preview.png?v={shipped}"
    return f"api/runs/{quote(name)}/moments/{drawn[-1]}.png" if drawn else None


def _start(start: dict[str, Any] | None) -> dict[str, object] | None:
    if start is None:
        return None
    return {"run": Path(str(start.get("model", ""))).name, "images": start.get("at")}


def _settings(run: Path) -> dict[str, Any]:
    from ganvas.report.reading import flat

    try:
        values = read_toml(run / "run.toml")
    except (OSError, ValueError):
        return {}
    return flat({name: value for name, value in values.items() if name not in ("versions", "plan", "format")})


def _bytes(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:
                continue
    return total


def _of_the_set(problem: str | None, note: Note | None, home: Path) -> str | None:
    """What is wrong, with a set called by its name and not by the folder that the studio made of it."""
    if problem is None or note is None or note.set is None or len(note.arguments) < 2:
        return problem
    source = note.arguments[1]
    return problem.replace(source, note.set) if Path(source).is_relative_to(home / "studio") else problem


def _source_of(note: Note | None) -> str:
    return str((note.request or {}).get("source") or "") if note is not None else ""


def _recipe_of(note: Note | None) -> str:
    return str((note.request or {}).get("recipe") or "") if note is not None else ""


def _size_of(note: Note | None, side: int) -> int:
    size = (note.request or {}).get("size") if note is not None else None
    return _whole(size[side] if isinstance(size, list) and len(size) == 2 else size)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
