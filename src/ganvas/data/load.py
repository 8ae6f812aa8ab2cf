"""From a source to a set of pictures that the network can be shown: looked over, decoded once, kept."""

import time
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from ganvas.config import PictureSettings
from ganvas.data.cache import Content, open_content, read_index, read_inspections, write_index
from ganvas.data.doctor import Finding, Inspection, examine, read_entry, set_levels
from ganvas.data.findings import DoctorReport, make_report
from ganvas.data.gather import INDEX_VERSION, Progress, Task, decode_all, read_as, same_content, twins_fingerprint
from ganvas.data.listing import Listing, Source, choose, digest, printable
from ganvas.data.shards.reading import ShardSet
from ganvas.data.shards.shown import Endless
from ganvas.data.sources import open_source
from ganvas.errors import DiskError, PicturesError, SettingError
from ganvas.files import cache_folder, writing_to
from ganvas.formats.images import Pictures, save_grid
from ganvas.wording import counted


@dataclass(frozen=True)
class PictureSet:
    """Pictures as the network will see them.

    images: (N, H, W, C) uint8, memory-mapped and read-only. labels: (N,) int64, an index into `classes`; all 0 when
    there are none. classes: sorted names; () if the source has fewer than two. key: differs when the pictures do.
    endless: of a set in shards, of which `images` are a sample; None: they are the whole set.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    key: str
    report: DoctorReport
    endless: Endless | None = None

    @property
    def count(self) -> int:
        """Pictures in the whole set."""
        return len(self.images) if self.endless is None else self.endless.shards.pictures

    def contact_sheet(self, limit: int = 64) -> Image.Image:
        """What the network will see: at most so many pictures, spread over the set, on one sheet."""
        return np.asarray(self.images[contact_indices(self, limit)]).view(Pictures).grid()

    def save_contact_sheet(self, path: Path, limit: int = 64) -> None:
        """The same as a PNG, small pictures enlarged.

        Raises:
            SettingError, DiskError: the file cannot be written.
        """
        with writing_to(path, what="file"):
            save_grid(path, np.asarray(self.images[contact_indices(self, limit)]))


def load_pictures(
    settings: PictureSettings, *, progress: Progress | None = None, cache: Path | None = None
) -> PictureSet:
    """The pictures of a source, decoded in parallel the first time and mapped into memory ever after.

    An unchanged source opens at once. One with the same content elsewhere is read, but not decoded again. Of a set in
    shards only a sample is decoded.
    Memory does not grow with the number or the size of the pictures; nothing of the user's is changed.

    Args:
        progress: called with (pictures done, pictures in all), from this thread.
        cache: the folder to keep them in; by default see `cache_folder`.
    Raises:
        SettingError: there is no such source, it has no classes though `conditional` asks, or a package is missing.
        PicturesError: fewer than FEWEST_PICTURES pictures can be used.
        DiskError, SettingError: the cache cannot be written.
    """
    started = time.perf_counter()
    root = cache or cache_folder()
    source = open_source(settings, root / "downloads")
    if source.shards is not None and (settings.per_class < 1 or settings.drop_near is not None):
        raise SettingError(
            f"{source.name}: per_class and drop_near need the whole set at once; choose the pictures before packing"
        )
    wanted = f"{read_as(settings)} {settings.per_class} {settings.conditional}"
    fingerprint = digest([INDEX_VERSION, wanted, source.fingerprint])
    if kept := _kept(root, fingerprint):
        content, report = kept
    else:
        with source.open() as listing:
            content, report = _look_over(root, source, listing, settings, progress, fingerprint)
    report = replace(report, seconds=time.perf_counter() - started)
    if source.shards is not None:
        return _endless(source.shards, content, report, settings, read_inspections(root, report.key) or [])
    if settings.conditional and not content.classes:
        with source.open() as listing:
            raise _no_classes(source.name, listing)
    return PictureSet(content.images, content.labels, content.classes, report.key, report)


def _endless(
    shards: ShardSet, sample: Content, report: DoctorReport, settings: PictureSettings, inspections: list[Inspection]
) -> PictureSet:
    """The set of which a sample was looked at: its report is of the sample, its counts and classes are of the whole."""
    classes = tuple(map(printable, shards.classes)) if len(shards.classes) > 1 else ()
    if settings.conditional and not classes:
        raise SettingError(
            f"{shards.name}: conditional training needs two classes or more; shards have them in files that end "
            "in .cls, as `ganvas pack` writes them"
        )
    numbers = {name: number for number, name in enumerate(classes)}
    of_sample = np.array([numbers.get(name, 0) for name in sample.classes or classes[:1]] or [0], np.int64)
    labels = of_sample[sample.labels]
    whole = [one for one in inspections if not one.broken]
    levels = {kind: set_levels(whole, settings, whole=kind) for kind in (True, False) if any(one.deep for one in whole)}
    channels = {1: "grey", 3: "rgb", 4: "rgba"}[report.channels]
    key = digest([report.key, shards.fingerprint])
    found = shards.pictures
    told = report.findings
    if report.duplicates:
        twice = counted(len(report.duplicates), "picture")
        told += (Finding("duplicates", f"{twice} of those looked at were there twice, and are shown as often"),)
    report = replace(
        report, found=found, used=found - len(report.broken), key=key, findings=told, duplicates=(), near=(), classes={}
    )
    shown = settings.model_copy(update={"channels": channels})
    endless = Endless(shards, shown, levels, classes, sample.images, labels)
    return PictureSet(sample.images, labels, classes, key, report, endless)


def natural_size(settings: PictureSettings) -> tuple[int, int]:
    """(width, height) of the source's first whole picture, in pixels; only `settings.source` is read.

    Raises:
        SettingError: there is no such source.
        PicturesError: it holds no whole picture.
    """
    with open_source(settings).open() as listing:
        for position in range(len(listing.entries)):
            inspection, _ = examine(read_entry(listing, position), settings)
            if not inspection.broken:
                return inspection.width, inspection.height
    raise PicturesError(f"{settings.source}: holds no picture that can be read")


def contact_indices(pictures: PictureSet, limit: int = 64) -> np.ndarray:
    """(min(limit, N),) int64: pictures spread evenly over the set, for a sheet of what the network will see.

    Raises:
        ValueError: `limit` is less than one.
    """
    if limit < 1:
        raise ValueError(f"a sheet of {counted(limit, 'picture')}")
    count = min(limit, len(pictures.images))
    return (2 * np.arange(count) + 1) * len(pictures.images) // (2 * count)


def _kept(root: Path, fingerprint: str) -> tuple[Content, DoctorReport] | None:
    """What is known of an unchanged source."""
    known = read_index(root, fingerprint)
    content = open_content(root, known["key"]) if known else None
    if known is None or content is None or "report" not in known:
        return None
    try:
        report = DoctorReport.from_dict(known["report"])
    except ValueError:
        return None
    return (content, report) if report.key == known["key"] and _is_of(content, report) else None


def _is_of(content: Content, report: DoctorReport) -> bool:
    """Whether a report is on that set, as far as its sizes tell."""
    counts = np.bincount(content.labels, minlength=len(content.classes)).tolist()
    classes = dict(zip(content.classes, counts, strict=False))  # without classes all labels are 0
    shape = (report.used, report.height, report.width, report.channels)
    return content.images.shape == shape and list(classes.items()) == list(report.classes.items())


def _look_over(
    root: Path, source: Source, listing: Listing, settings: PictureSettings, progress: Progress | None, fingerprint: str
) -> tuple[Content, DoctorReport]:
    """Read every picture of a source that is new or was changed, and keep what came of it.

    A report that rests on files that could not be read is not kept: another day they may be readable.
    """
    if settings.conditional and listing.label_error:
        raise PicturesError(f"{source.name}: {listing.label_error}")
    if settings.conditional and listing.entries and len({entry.label for entry in listing.entries}) == 1:
        raise _no_classes(source.name, listing)
    task = Task(root, source.name, listing, choose(listing.entries, settings.per_class), settings, progress)
    key, found = same_content(task) or decode_all(task)
    content = open_content(root, key)
    if content is None:
        raise DiskError(f"the cache {root} lost what was just written to it; is another program clearing it?")
    channels = content.images.shape[3]
    report = make_report(source.name, listing, found, settings, chosen=len(task.chosen), channels=channels, key=key)
    write_index(root, twins_fingerprint(task), {"key": key})
    if not found.unread:
        write_index(root, fingerprint, {"key": key, "report": report.to_dict(with_files=True)})
    return content, report


def _no_classes(source: str, listing: Listing) -> SettingError:
    needs = f"{source}: conditional training needs two classes or more, and"
    labels = sorted({entry.label for entry in listing.entries} - {""})
    folders = {PurePosixPath(entry.name).parts[:-1] for entry in listing.entries}
    if len(labels) == 1:
        return SettingError(f"{needs} every picture is in the class {printable(labels[0])!r}")
    if labels:
        named = ", ".join(map(printable, labels[:5]))
        return SettingError(f"{needs} every picture that can be used is in one; the classes are {named}")
    if len(folders) == 1 and (only := "/".join(*folders)):
        return SettingError(f"{needs} every picture is in the one folder {only!r}; add a folder for each other class")
    return SettingError(f"{needs} no picture has one; give each class its own sub-folder, or write a labels.csv")
