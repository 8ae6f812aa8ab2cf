"""What the doctor found in a whole source and what was done about it: `data.json`, and lines for the terminal."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

from ganvas.config import PictureSettings
from ganvas.data.doctor import Finding, Inspection, findings_on
from ganvas.data.listing import Broken, Listing, Unread, printable, sorted_classes
from ganvas.data.near import SHOWN_SIMILARITY
from ganvas.wording import are, counted

NAMED_IN_SUMMARY = 5


@dataclass(frozen=True)
class Duplicate:
    """A file with the content or the pixels of another one, which is used instead."""

    file: str
    same_as: str


@dataclass(frozen=True)
class DoctorReport:
    """`found` counts the picture files of the source, `used` those the network will see; sizes are in pixels.

    `findings` are what else the user may not expect; `notes` are their sentences.
    """

    source: str
    found: int
    used: int
    width: int
    height: int
    channels: int
    fit: str
    classes: dict[str, int]
    broken: tuple[Broken, ...]
    duplicates: tuple[Duplicate, ...]
    ignored: int
    findings: tuple[Finding, ...]
    key: str
    seconds: float
    near: tuple[Duplicate, ...] = ()
    near_left_out: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each finding."""
        return tuple(finding.text for finding in self.findings)

    def to_dict(self, *, with_files: bool = False) -> dict[str, Any]:
        """As `data.json` holds it: plain dicts, lists, strings and numbers.

        Args:
            with_files: also the findings with all the files that they are about, which may be as many as there are.
        """
        values = asdict(self)
        if not with_files:
            values = {"notes" if name == "findings" else name: value for name, value in values.items()}
            values["notes"] = self.notes
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "DoctorReport":
        """The report that `to_dict` gave with its files.

        Raises:
            ValueError: it is none.
        """
        return _REPORT.validate_python(values)

    def summary(self) -> str:
        """A few lines: what is used and as what, the classes, each kind of trouble, the notes."""
        colours = {1: "grey", 3: "colour", 4: "colour with transparency"}[self.channels]
        lines = [
            f"{self.used:,} of {counted(self.found, 'picture')} {are(self.used)} used, "
            f"{self.fit} to {self.width}x{self.height}, {colours}"
        ]
        if self.classes:
            sizes = [f"{name} ({count:,})" for name, count in self.classes.items()]
            lines.append(f"{len(sizes):,} classes: {_shortened(sizes)}")
        if self.broken:
            lines.append(f"{len(self.broken):,} broken, left out: {_shortened(_with_reasons(self.broken))}")
        if self.duplicates:
            pairs = [f"{item.file} (same as {item.same_as})" for item in self.duplicates]
            lines.append(f"{counted(len(pairs), 'duplicate')}, left out: {_shortened(pairs)}")
        if self.near:
            pairs = [f"{item.file} (like {item.same_as})" for item in self.near]
            done = "left out" if self.near_left_out else f"left in; --drop-near {SHOWN_SIMILARITY} leaves them out"
            lines.append(f"{counted(len(pairs), 'near-duplicate')}, {done}: {_shortened(pairs)}")
        if self.ignored:
            lines.append(f"other files, which are no pictures and are left alone: {self.ignored:,}")
        return "\n".join([*lines, *self.notes])


_REPORT = TypeAdapter(DoctorReport)


@dataclass(frozen=True)
class Sorted:
    """A source after every chosen entry was looked at.

    used: positions in the listing. inspections: of these, in the same order. all_inspections: of all that were looked
    at. classes: theirs. broken, duplicates: what is left out. same_pixels: which of those that were looked at are other
    files of the same pixels. near: nearly the same as another one. unread: whether the disk did not give some file,
    which another day it may.
    """

    used: tuple[int, ...]
    inspections: tuple[Inspection, ...]
    all_inspections: tuple[Inspection, ...]
    classes: tuple[str, ...]
    broken: tuple[Broken, ...]
    duplicates: tuple[Duplicate, ...]
    same_pixels: tuple[int, ...]
    near: tuple[Duplicate, ...]
    unread: bool


class Sorting:
    """Which entries are used: those that are not broken, and are the first file of their content and of their pixels.

    Args:
        settings: whether what is nearly the same is left out.
    """

    def __init__(self, listing: Listing, settings: PictureSettings):
        self._listing, self._drops_near = listing, settings.drop_near is not None
        self._first: dict[str, str] = {}
        self._used: dict[int, Inspection] = {}
        self._seen: list[tuple[str, Inspection]] = []
        self._broken = list(listing.broken)
        self._duplicates: list[Duplicate] = []
        self._same_pixels: list[int] = []
        self._near: list[Duplicate] = []

    def takes(self, position: int, inspection: Inspection) -> bool:
        """Whether the entry at this position is used; to be called once for each, in order."""
        file = self._listing.entries[position].name
        self._seen.append((file, inspection))
        if inspection.broken:
            self._broken.append(Broken(file, inspection.broken))
            return False
        if inspection.is_file:
            if inspection.digest in self._first:
                self._duplicates.append(_pair(file, self._first[inspection.digest]))
                return False
            if inspection.pixels in self._first:
                self._duplicates.append(_pair(file, self._first[inspection.pixels]))
                self._same_pixels.append(len(self._seen) - 1)
                return False
            self._first.update({inspection.digest: file} | ({inspection.pixels: file} if inspection.pixels else {}))
        if inspection.near is not None:
            self._near.append(_pair(file, self._seen[inspection.near][0]))
            if self._drops_near:
                return False
        self._used[position] = inspection
        return True

    def result(self) -> Sorted:
        """What came of all the entries so far."""
        broken = sorted((Broken(printable(one.file), one.reason) for one in self._broken), key=lambda one: one.file)
        inspections = tuple(inspection for _, inspection in self._seen)
        return Sorted(
            used=tuple(self._used),
            inspections=tuple(self._used.values()),
            all_inspections=inspections,
            classes=sorted_classes(self._listing.entries[position].label for position in self._used),
            broken=tuple(broken),
            duplicates=tuple(self._duplicates),
            same_pixels=tuple(self._same_pixels),
            near=tuple(self._near),
            unread=any(one.unread for one in inspections) or any(isinstance(one, Unread) for one in self._broken),
        )


def _pair(file: str, same_as: str) -> Duplicate:
    return Duplicate(printable(file), printable(same_as))


def make_report(
    source: str,
    listing: Listing,
    result: Sorted,
    settings: PictureSettings,
    *,
    chosen: int,
    channels: int,
    key: str,
) -> DoctorReport:
    """The report on a whole source.

    Args:
        result: what was found.
        chosen: how many of its entries were looked at.
    Returns:
        Its `seconds` are the caller's to set.
    """
    entries = [listing.entries[position] for position in result.used]
    counts = Counter(entry.label for entry in entries)
    findings = [Finding("source", note) for note in listing.notes]
    if chosen < len(listing.entries):
        share = f"{100 * settings.per_class:g}% of every class" if result.classes else f"{100 * settings.per_class:g}%"
        said = f"{share} was taken: {chosen:,} of {counted(len(listing.entries), 'picture')}"
        findings.append(Finding("share", said))
    return DoctorReport(
        source=source,
        found=len(listing.entries) + len(listing.broken),
        used=len(result.used),
        width=settings.width,
        height=settings.height,
        channels=channels,
        fit=settings.fit,
        classes={printable(name): counts[name] for name in result.classes},
        broken=result.broken,
        duplicates=result.duplicates,
        ignored=listing.ignored,
        findings=(
            *findings,
            *findings_on(entries, result.inspections, settings, tells_outside=listing.tells_outside),
        ),
        key=key,
        seconds=0.0,
        near=result.near,
        near_left_out=settings.drop_near is not None,
    )


def broken_line(broken: Sequence[Broken]) -> str:
    """The first broken files with their reasons, as part of a sentence."""
    return _shortened(_with_reasons(broken))


def _with_reasons(broken: Sequence[Broken]) -> list[str]:
    return [f"{item.file} ({item.reason})" for item in broken]


def _shortened(items: list[str]) -> str:
    more = len(items) - NAMED_IN_SUMMARY
    return ", ".join(items[:NAMED_IN_SUMMARY]) + (f" and {more:,} more" if more > 0 else "")
