"""From a source to a set of pictures that the network can be shown: looked over, decoded once, kept."""

import time
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from ganvas.config import PictureSettings
from ganvas.data.cache import Content, open_content, read_index, write_index
from ganvas.data.doctor import examine, read_entry
from ganvas.data.findings import DoctorReport, make_report
from ganvas.data.gather import INDEX_VERSION, Progress, Task, decode_all, read_as, same_content, twins_fingerprint
from ganvas.data.listing import Listing, Source, choose, digest, printable
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
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    key: str
    report: DoctorReport

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

    An unchanged source opens at once. One with the same content elsewhere is read, but not decoded again.
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
    wanted = f"{read_as(settings)} {settings.per_class} {settings.conditional}"
    fingerprint = digest([INDEX_VERSION, wanted, source.fingerprint])
    if kept := _kept(root, fingerprint):
        content, report = kept
    else:
        with source.open() as listing:
            content, report = _look_over(root, source, listing, settings, progress, fingerprint)
    report = replace(report, seconds=time.perf_counter() - started)
    if settings.conditional and not content.classes:
        with source.open() as listing:
            raise _no_classes(source.name, listing)
    return PictureSet(content.images, content.labels, content.classes, report.key, report)


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
