"""The doctor's look at a set, as `ganvas look` has it: each finding with its files, and with what would mend it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import BeforeValidator, Field

from ganvas.config import PictureSettings, checked
from ganvas.data import DoctorReport, PictureSet, load_pictures
from ganvas.data.gather import FEWEST_PICTURES
from ganvas.data.near import SHOWN_SIMILARITY
from ganvas.errors import PicturesError
from ganvas.settings import Settings
from ganvas.studio.answers import KEPT, file_answer
from ganvas.studio.home import Home, inside
from ganvas.studio.jobs.jobs import Jobs
from ganvas.studio.sets.edits import Side
from ganvas.studio.sets.preparing import prepared
from ganvas.studio.sets.sets import Sets
from ganvas.wording import are, counted
from ganvas.workflows.parse import parse_size

FOLDER = "looks"
MOST_SHEETS = 20  # of a set that are kept
LEAVE_OUT = "leave out"
Told = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Mend:
    """What would mend a finding. values: the changes of the set's edits, as PATCH takes them; of LEAVE_OUT none: its
    files are left out. label_key: what the button says, in the page's words."""

    action: Literal["leave out", "pad", "crop", "stretch", "alpha", "flatten", "size", "drop near"]
    values: Mapping[str, object] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """As pages have it."""
        return asdict(self) | {"label_key": f"mend.{self.action.replace(' ', '_')}"}


_LEAVE_OUT = Mend(LEAVE_OUT)
_PAD, _STRETCH, _CROP = (Mend(fit, {"fit": fit}) for fit in ("pad", "stretch", "crop"))
MENDS: dict[str, tuple[Mend, ...]] = {
    "broken": (_LEAVE_OUT,),
    "duplicate": (_LEAVE_OUT,),
    "near": (Mend("drop near", {"drop_near": SHOWN_SIMILARITY}), _LEAVE_OUT),
    "small": (_LEAVE_OUT,),
    "slim": (_PAD, _STRETCH, _LEAVE_OUT),
    "stretched": (_PAD, _CROP, _LEAVE_OUT),
    "transparent": (Mend("alpha", {"alpha": True}), _LEAVE_OUT),
    "opaque": (Mend("flatten", {"alpha": False}),),
}
"""Kind of finding -> what would mend it; of others, their files can be left out."""


def look_over(request: Mapping[str, Any], told: Told) -> dict[str, Any]:
    """Look a set over.

    Args:
        request: home, set; and size, fit, channels, conditional, drop_near where they take the place of its edits'.
    Returns:
        Counts, size, classes, key, findings; the sheet lies in the set's folder.
    Raises:
        GanvasError, Problem: it cannot be used.
    """
    home = Home(Path(request["home"]))
    sets, name = Sets(home), str(request["set"])
    size = None if request["size"] is None else (int(request["size"][0]), int(request["size"][1]))
    ready = prepared(sets, name, size, told, **{key: request[key] for key in ("fit", "channels", "drop_near")})
    sets.close()
    values = {**ready.pictures, "source": ready.source, "conditional": request["conditional"]}
    try:
        pictures = load_pictures(
            checked(PictureSettings, values), progress=lambda done, total: told("looking at the pictures", done, total)
        )
    except PicturesError as error:
        if not ready.names:
            raise
        raise PicturesError(str(error).replace(ready.source, name)) from error  # not of the folder that was made of it
    report = pictures.report
    _save_sheet(home.set(name) / FOLDER, pictures)
    return {
        "used": report.used,
        "found": report.found,
        "width": report.width,
        "height": report.height,
        "channels": report.channels,
        "classes": report.classes,
        "findings": findings(report, ready.names),
        "sheet": f"api/sets/{quote(name)}/looks/{report.key}.png",
        "key": report.key,
    }


def findings(report: DoctorReport, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """All that was found, as pages have it.

    Args:
        names: from those of the report to those of the set, where they differ.
    """

    def of_set(files: Iterable[str]) -> list[str]:
        return [names.get(file, file) for file in files]

    found = []
    if report.broken:
        said = f"{counted(len(report.broken), 'picture')} cannot be used and {are(len(report.broken))} left out"
        reasons = {names.get(each.file, each.file): each.reason for each in report.broken}
        found.append(_shown("broken", said, list(reasons)) | {"reasons": reasons})
    for kind, what, pairs in (
        ("duplicate", "found twice and left out once", report.duplicates),
        ("near", "left out" if report.near_left_out else "left in", report.near),
    ):
        if pairs:
            noun = "nearly the same as another, and" if kind == "near" else ""
            said = " ".join(filter(None, [counted(len(pairs), "picture"), are(len(pairs)), noun, what]))
            files = of_set(pair.file for pair in pairs)
            others = of_set(pair.same_as for pair in pairs)
            mends = () if kind == "near" and report.near_left_out else MENDS[kind]
            shown = _shown(kind, said, files, mends)
            found.append(shown | {"pairs": [list(pair) for pair in zip(files, others, strict=True)]})
    for each in report.findings:
        mends = MENDS.get(each.kind, (_LEAVE_OUT,) if each.files else ())
        if report.used - len(each.files) < FEWEST_PICTURES:
            mends = tuple(mend for mend in mends if mend != _LEAVE_OUT)  # nothing could be trained on what stays
        if each.size is not None:
            mends = (Mend("size", {"size": list(each.size)}), *mends)
        text = each.text
        for file in each.files:
            text = text.replace(file, names.get(file, file))
        found.append(_shown(each.kind, text, of_set(each.files), mends))
    if report.ignored:
        said = f"{counted(report.ignored, 'other file')} left alone: no pictures"
        found.append(_shown("source", said, [], ()))
    return found


def _shown(kind: str, text: str, files: list[str], mends: Iterable[Mend] | None = None) -> dict[str, Any]:
    chosen = MENDS[kind] if mends is None else mends
    return {"kind": kind, "text": text, "files": files, "pairs": [], "mends": [mend.shown() for mend in chosen]}


def _save_sheet(folder: Path, pictures: PictureSet) -> None:
    path = folder / f"{pictures.report.key}.png"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pictures.save_contact_sheet(path)
    path.touch()
    sheets = sorted(folder.glob("*.png"), key=lambda sheet: sheet.stat().st_mtime)
    for old in sheets[:-MOST_SHEETS]:
        old.unlink(missing_ok=True)


def _sides(value: object) -> object:
    return parse_size(value) if isinstance(value, int | str) else value


class Look(Settings):
    """size: a side, "96x64" or [width, height]. What is not given is as the set's edits say."""

    size: Annotated[tuple[Side, Side] | None, BeforeValidator(_sides)] = None
    fit: Literal["crop", "pad", "stretch"] | None = None
    alpha: bool | None = None
    conditional: bool = False
    drop_near: float | None = Field(default=None, gt=0, le=1)


def routes(sets: Sets, jobs: Jobs) -> APIRouter:
    """Of looks."""
    router = APIRouter()

    @router.post("/api/sets/{name}/look")
    def look(name: str, body: Look | None = None) -> dict[str, Any]:
        sets.home.set(name)
        asked = body or Look()
        request = {
            "home": str(sets.home.root),
            "set": name,
            "size": None if asked.size is None else list(asked.size),
            "fit": asked.fit,
            "channels": None if asked.alpha is None else "rgba" if asked.alpha else "auto",
            "conditional": asked.conditional,
            "drop_near": asked.drop_near,
        }
        return jobs.begin("look", name, request)

    @router.get("/api/sets/{name}/looks/{sheet}")
    def looked(name: str, sheet: str) -> FileResponse:
        return file_answer(inside(sets.home.set(name), f"{FOLDER}/{sheet}"), "image/png", KEPT)

    return router
