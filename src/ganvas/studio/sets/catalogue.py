"""The pictures of a source by the names that are shown of them: what lists, thumbnails and edits of a set are made of.

Names come from the listing alone, so that no name that is sent becomes a path.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ganvas.config import PictureSettings
from ganvas.data import SOURCES, Broken, open_source
from ganvas.data.listing import LARGEST_FILE_BYTES, OUTSIDE, Entry, Listing, folder_labels, printable
from ganvas.files import open_regular, read_regular
from ganvas.settings import HUB_PREFIX
from ganvas.studio.problems import Problem, missing


@dataclass(frozen=True)
class Catalogue:
    """What a source holds.

    entries: its pictures by their shown names, in its order. labels_in_file: whether their classes stand in a file of
    labels, and not in their folders. broken: what is there and cannot be read. fingerprint: differs whenever the
    pictures may. read_entry: the bytes of a picture, or its pixels. head_of: so many of its first bytes, or its pixels;
    of an archive all its bytes. stamp_of: of an entry, differs when it changed. close: to be called when it is no
    longer used.
    """

    entries: Mapping[str, Entry]
    labels_in_file: bool
    broken: tuple[Broken, ...]
    fingerprint: str
    read_entry: Callable[[Entry], bytes | np.ndarray]
    head_of: Callable[[Entry, int], bytes | np.ndarray]
    stamp_of: Callable[[Entry], str]
    close: Callable[[], None]

    def entry(self, file: str) -> Entry:
        """Raises Problem where there is no such picture."""
        if file not in self.entries:
            raise missing("picture", file[:200])
        return self.entries[file]

    def read(self, file: str) -> bytes | np.ndarray:
        """A picture's bytes, or its pixels (H, W) or (H, W, C) uint8; raises Problem where that cannot be had."""
        entry = self.entry(file)
        try:
            data = self.read_entry(entry)
        except FileNotFoundError as error:
            raise missing("picture", file[:200]) from error
        except Exception as error:  # archives and data sets each have errors of their own
            said = " ".join(str(error).split())[:160]
            raise Problem(422, f"{file}: cannot be read: {said}") from error
        if isinstance(data, bytes) and len(data) > LARGEST_FILE_BYTES:
            raise Problem(422, f"{file}: larger than {LARGEST_FILE_BYTES >> 20} MB")
        return data

    def head(self, file: str, count: int) -> bytes | np.ndarray:
        """The first bytes of a picture, or its pixels; raises whatever reading does."""
        return self.head_of(self.entry(file), count)

    def check(self, files: Iterable[str], field: str) -> None:
        """Raises Problem unless there are all these pictures, or what is broken of them."""
        broken = {printable(each.file) for each in self.broken}
        if unknown := next((file for file in files if file not in self.entries and file not in broken), None):
            raise Problem(422, f"{field}: there is no picture {unknown[:200]!r} in this set", field)

    def with_more(self, sizes: Mapping[str, int]) -> "Catalogue":
        """The same after files of these bytes were put into its folder."""
        merged = dict(self.entries) | {file: Entry(file, size) for file, size in sizes.items()}
        files = sorted(merged)
        labels = [merged[file].label or OUTSIDE for file in files] if self.labels_in_file else folder_labels(files)
        labelled = {file: replace(merged[file], label=label) for file, label in zip(files, labels, strict=True)}
        return replace(self, entries=labelled)


def open_catalogue(source: str, before: Catalogue | None = None) -> Catalogue:
    """What a source holds now.

    Args:
        before: what it held, which is given back where it still does, or closed.
    Raises:
        SettingError: there is no such source, or a package is missing.
        PicturesError: it cannot be used.
    """
    found, stack = open_source(PictureSettings(source=source)), ExitStack()
    if before is not None:
        if before.fingerprint == found.fingerprint:
            return before
        before.close()
    listing = stack.enter_context(found.open())
    entries: dict[str, Entry] = {}
    for entry in listing.entries:
        entries.setdefault(printable(entry.name), entry)
    labels = [entry.label for entry in listing.entries]
    in_file = any(labels) and labels != folder_labels([entry.name for entry in listing.entries])
    folder = None if source in SOURCES or source.startswith(HUB_PREFIX) else Path(source).expanduser()
    made = Catalogue(
        entries,
        in_file,
        listing.broken,
        found.fingerprint,
        read_entry=(read := _of_listing(listing)),
        head_of=lambda entry, count: read(entry),
        stamp_of=lambda entry: found.fingerprint,
        close=stack.close,
    )
    return made if folder is None or not folder.is_dir() else _of_folder(made, folder)


def _of_folder(made: Catalogue, folder: Path) -> Catalogue:
    """The same, whose pictures are read where they lie; also those that were put there since."""

    def head(entry: Entry, count: int) -> bytes:
        with open_regular(folder / entry.name) as file:
            return file.read(count)

    def stamp(entry: Entry) -> str:
        try:
            status = (folder / entry.name).stat()
        except OSError:
            return "gone"
        return f"{status.st_size}-{status.st_mtime_ns}"

    def read(entry: Entry) -> bytes:
        return read_regular(folder / entry.name, LARGEST_FILE_BYTES)

    return replace(made, read_entry=read, head_of=head, stamp_of=stamp)


def _of_listing(listing: Listing) -> Callable[[Entry], bytes | np.ndarray]:
    lock = threading.Lock()  # archives are read by one at a time
    positions = {entry.name: position for position, entry in enumerate(listing.entries)}

    def read(entry: Entry) -> bytes | np.ndarray:
        with lock:
            return listing.read(positions[entry.name])

    return read
