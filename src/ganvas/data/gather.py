"""Bring the pictures of an open source into the cache: find the same content there, or decode it in parallel."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ganvas.config import PictureSettings
from ganvas.data.cache import (
    cache_errors,
    open_content,
    partial_folder,
    publish,
    read_index,
    read_inspections,
)
from ganvas.data.decode import has_heif, quiet_decoders
from ganvas.data.deep import Levels, levels_for
from ganvas.data.doctor import Inspection, content_digest, examine, read_entry, set_levels
from ganvas.data.findings import Sorted, Sorting, broken_line
from ganvas.data.fit import CHANNELS
from ganvas.data.imagefile import ImageFile, keep_rows, make_grey
from ganvas.data.listing import PICTURE_ENDINGS, Broken, Listing, digest, printable
from ganvas.data.near import MOST_COMPARED, SHOWN_SIMILARITY, near_duplicates
from ganvas.data.parallel import in_order
from ganvas.errors import PicturesError
from ganvas.wording import are, counted

FEWEST_PICTURES = 8
CACHE_VERSION = "1"
INDEX_VERSION = "twins 2"  # of what is kept about a set besides its pictures
CHUNK_BYTES, CHUNK_ENTRIES = 1 << 20, 64

Progress = Callable[[int, int], None]
Data = bytes | np.ndarray | Broken


@dataclass(frozen=True)
class Task:
    """Which entries of which listing (`chosen`: positions in it) are wanted, how, and in which cache."""

    root: Path
    source: str
    listing: Listing
    chosen: Sequence[int]
    settings: PictureSettings
    progress: Progress | None = None

    @property
    def labels(self) -> list[str]:
        """The label of each chosen entry."""
        return [self.listing.entries[position].label for position in self.chosen]

    def tell(self, done: int) -> None:
        """Report progress to whoever wants it."""
        if self.progress:
            self.progress(done, len(self.chosen))


def read_as(settings: PictureSettings) -> str:
    """All that a decoded picture depends on, besides its file."""
    levels = "" if settings.levels == "auto" else f" levels={settings.levels}"
    near = "" if settings.drop_near is None else f" near={settings.drop_near}"
    size = f"{settings.width}x{settings.height}"
    return f"{CACHE_VERSION} {size} {settings.fit} {settings.channels} heif={has_heif()}{levels}{near}"


def twins_fingerprint(task: Task) -> str:
    """The same for sources that may well have the same content: files of these sizes and labels, in this order."""
    entries = [task.listing.entries[position] for position in task.chosen]
    return digest([INDEX_VERSION, read_as(task.settings), *(f"{entry.size_bytes} {entry.label}" for entry in entries)])


def content_key(task: Task, result: Sorted) -> str:
    """The key of the decoded set: differs when a picture, a label, their order or what is asked does.

    Sets without pictures of more than 8 bits or of the same pixels keep the keys that they always had, by which the
    runs that were begun with them know them.
    """
    inspections, labels = result.all_inspections, task.labels
    pairs = (f"{one.digest} {label}" for one, label in zip(inspections, labels, strict=True))
    scaled = ["one scale"] if any(one.deep for one in inspections) else []
    left_out = [f"not {file}" for file in result.same_pixels]
    return digest([read_as(task.settings), *pairs, *scaled, *left_out])


def same_content(task: Task) -> tuple[str, Sorted] | None:
    """A kept set of exactly these pictures, as `decode_all` gives it: sizes hint at one, reading all confirms it."""
    known = read_index(task.root, twins_fingerprint(task))
    inspections = read_inspections(task.root, known["key"]) if known else None
    content = open_content(task.root, known["key"]) if known else None
    if known is None or inspections is None or content is None:
        return None
    digests: list[str] = []
    for chunk in in_order(lambda chunk: [content_digest(data) for data in chunk], _chunks(task, task.chosen)):
        digests += chunk
        task.tell(len(digests))
    if digests != [inspection.digest for inspection in inspections]:
        return None
    result = _sorted(task, inspections)
    labels, classes = _labels_and_classes(task, result)
    size = content.images.shape[1:3] == (task.settings.height, task.settings.width)
    is_whole = size and content.classes == classes and np.array_equal(content.labels, labels)
    return (known["key"], result) if is_whole and content_key(task, result) == known["key"] else None


def _sorted(task: Task, inspections: Sequence[Inspection]) -> Sorted:
    sorting = Sorting(task.listing, task.settings)
    for position, inspection in zip(task.chosen, inspections, strict=True):
        sorting.takes(position, inspection)
    return sorting.result()


def decode_all(task: Task) -> tuple[str, Sorted]:
    """Decode every chosen entry into the cache, in order, with a bounded number of them in memory.

    Returns:
        The key of the set, and what was found in the source.
    Raises:
        PicturesError: fewer than FEWEST_PICTURES can be used.
        GanvasError: the cache cannot be written.
    """
    inspections: list[Inspection] = []
    sorting = Sorting(task.listing, task.settings)
    written: list[int] = []  # for each row of images.npy, which of the chosen entries it is
    shape = (task.settings.height, task.settings.width, CHANNELS[task.settings.channels])
    with partial_folder(task.root) as folder, quiet_decoders():
        with cache_errors(task.root):
            images = ImageFile(folder / "images.npy", shape)
        try:
            for inspection, row in _examined(task, task.chosen):
                position = task.chosen[len(inspections)]
                if sorting.takes(position, inspection) and row is not None:
                    with cache_errors(task.root):
                        images.append(row)
                    written.append(len(inspections))
                inspections.append(inspection)
                task.tell(len(inspections))
        finally:
            with cache_errors(task.root):
                images.close()
        if len(written) < FEWEST_PICTURES:
            raise _too_few(task, sorting.result())
        with cache_errors(task.root):
            _scale_alike(task, images.path, written, inspections)
            _find_near(task, images.path, written, inspections)
        result = _sorted(task, inspections)
        return _keep(task, folder, inspections, result), result


def _examined(
    task: Task, positions: Sequence[int], levels: Mapping[bool, Levels] | None = None
) -> Iterator[tuple[Inspection, np.ndarray | None]]:
    """What `examine` gives for these entries, in order; `levels` as it takes them."""

    def examine_all(chunk: list[Data]) -> list[tuple[Inspection, np.ndarray | None]]:
        return [examine(data, task.settings, levels) for data in chunk]

    for chunk in in_order(examine_all, _chunks(task, positions)):
        yield from chunk


def _scale_alike(task: Task, path: Path, written: Sequence[int], inspections: list[Inspection]) -> None:
    """Decode those pictures of more than 8 bits again that have been scaled by their own span, not by the set's."""
    if task.settings.black_and_white:
        return
    used = [inspections[number] for number in written]
    levels = {whole: set_levels(used, task.settings, whole=whole) for whole in (True, False)}
    others = [
        (row, number)
        for row, number in enumerate(written)
        if (span := inspections[number].span) and levels_for(span) != levels[span.whole]
    ]
    if not others:
        return
    images = np.load(path, mmap_mode="r+", allow_pickle=False)
    again = _examined(task, [task.chosen[number] for _, number in others], levels)
    for (at, number), (inspection, row) in zip(others, again, strict=True):
        if row is not None:  # a file that can no longer be read stays as it was read
            images[at], inspections[number] = row, inspection
    images.flush()


def _find_near(task: Task, path: Path, written: Sequence[int], inspections: list[Inspection]) -> None:
    """Note which files are nearly the same as another one; leave them out where that is asked for."""
    drop, count = task.settings.drop_near, len(written)
    files = all(inspections[number].is_file for number in written)
    if not files or (drop is None and count > MOST_COMPARED):
        return
    images = np.load(path, mmap_mode="r", allow_pickle=False)
    near = near_duplicates(images, drop or SHOWN_SIMILARITY)
    for row, other in near.items():
        inspections[written[row]] = replace(inspections[written[row]], near=written[other])
    del images
    if drop is not None and near:
        keep_rows(path, [row for row in range(count) if row not in near])


def _keep(task: Task, folder: Path, inspections: list[Inspection], result: Sorted) -> str:
    """Finish the set whose images lie in `folder`, and give it its place in the cache."""
    if len(result.used) < FEWEST_PICTURES:
        raise _too_few(task, result)
    if task.settings.channels == "auto" and all(inspection.grey for inspection in result.inspections):
        with cache_errors(task.root):
            make_grey(folder / "images.npy")
    key = content_key(task, result)
    publish(task.root, folder, key, *_labels_and_classes(task, result), inspections)
    return key


def _labels_and_classes(task: Task, result: Sorted) -> tuple[np.ndarray, tuple[str, ...]]:
    """(N,) int64 labels of the pictures that are used, 0 without classes, and the classes as they are shown."""
    numbers = {name: number for number, name in enumerate(result.classes)}
    labels = np.array([numbers.get(task.listing.entries[position].label, 0) for position in result.used], np.int64)
    return labels, tuple(printable(name) for name in result.classes)


def _too_few(task: Task, result: Sorted) -> PicturesError:
    if not task.listing.entries and not result.broken:
        looked_for = ", ".join(sorted(PICTURE_ENDINGS))
        others = counted(task.listing.ignored, "other file") if task.listing.ignored else "nothing"
        found = "; ".join([f"found {others}", *task.listing.notes])
        return PicturesError(f"{task.source}: no pictures, {found}; pictures end in {looked_for}")
    reasons = []
    if result.broken:
        reasons.append(f"{len(result.broken):,} {are(len(result.broken))} broken: {broken_line(result.broken)}")
    if result.duplicates:
        what = "a duplicate" if len(result.duplicates) == 1 else "duplicates"
        reasons.append(f"{len(result.duplicates):,} {are(len(result.duplicates))} {what}")
    if result.near and task.settings.drop_near is not None:
        reasons.append(f"{len(result.near):,} {are(len(result.near))} left out by --drop-near")
    found = f"{counted(len(result.used), 'picture')} can be used, at least {FEWEST_PICTURES} are needed"
    return PicturesError("; ".join([f"{task.source}: {found}", *reasons]))


def _chunks(task: Task, positions: Sequence[int]) -> Iterator[tuple[list[Data], int]]:
    """These entries in order, some small ones together so that handing them to a thread is worth it; and the
    bytes of each such chunk."""
    chunk: list[Data] = []
    size_bytes = 0
    for position in positions:
        data = read_entry(task.listing, position)
        chunk.append(data)
        size_bytes += 0 if isinstance(data, Broken) else data.nbytes if isinstance(data, np.ndarray) else len(data)
        if size_bytes >= CHUNK_BYTES or len(chunk) >= CHUNK_ENTRIES:
            yield chunk, size_bytes
            chunk, size_bytes = [], 0
    if chunk:
        yield chunk, size_bytes
