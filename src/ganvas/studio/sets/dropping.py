"""Dropped files on their way into a set: pictures, archives of them, videos, files of labels.

A picture is checked by its header and written, not decoded. Nothing is overwritten. What cannot be used is left out,
with the reason.
"""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import Any, BinaryIO

from ganvas.data.archive import is_tar, is_zip, tar_source, zip_source
from ganvas.data.doctor import read_entry
from ganvas.data.labels import LABEL_FILES, LARGEST_LABELS_BYTES
from ganvas.data.limits import BrokenPicture
from ganvas.data.listing import (
    ARCHIVE_ENDINGS,
    LARGEST_FILE_BYTES,
    PICTURE_ENDINGS,
    Broken,
    Listing,
    folder_labels,
    printable,
)
from ganvas.data.video import VIDEO_ENDINGS
from ganvas.errors import PicturesError
from ganvas.files import replace_bytes, sweep
from ganvas.settings import USUAL_EVERY_SECONDS
from ganvas.studio.jobs.working import Work
from ganvas.studio.limits import UPLOAD_FILES
from ganvas.studio.problems import Problem
from ganvas.studio.sets.cleaning import LeftOut, clean_path
from ganvas.studio.sets.edits import read_set
from ganvas.studio.sets.sets import FILES, Sets
from ganvas.studio.sets.thumbnails import header
from ganvas.wording import counted

COPIED_BYTES = 1 << 20  # at once
MOST_TOLD = 200  # files that an answer names
NOTED_SECONDS = 1.0  # after which a set is let know of what was kept, while an archive is taken apart
_IN_MEMORY = threading.BoundedSemaphore(4)  # files at once, however many are sent


@dataclass
class Taken:
    """What came of an upload: how many pictures were added, and what was left out, each with the reason."""

    added: int = 0
    left_out: list[Broken] = field(default_factory=list)
    left_out_count: int = 0

    def leave_out(self, file: str, reason: str) -> None:
        """Count it; name it unless there are too many."""
        self.left_out_count += 1
        if len(self.left_out) < MOST_TOLD:
            self.left_out.append(Broken(printable(file), reason))


class Dropping:
    """One request's files, on their way into a set.

    Raises:
        Problem: there is no such set, or it is none to drop pictures into.
    """

    def __init__(self, sets: Sets, name: str, every: float = USUAL_EVERY_SECONDS) -> None:
        if read_set(sets.home.set(name)).kind != "dropped":
            raise Problem(409, f"{name} is not made of dropped pictures; make a set of its own for these", "name")
        self.sets, self.name, self.every, self.taken = sets, name, every, Taken()
        self._folder = sets.home.set(name) / FILES
        self._sizes: dict[str, int] = {}
        self._labels: dict[str, str] = {}
        self._noted = time.monotonic()

    def take(self, path: str, file: BinaryIO) -> None:
        """Keep what was sent under that path, or leave it out: a picture, an archive of them, a video, or labels."""
        file.seek(0)
        try:
            ending = PurePosixPath(path).suffix.lower()
            if ending in VIDEO_ENDINGS:
                self._take_frames(clean_path(path), file)
            elif ending in ARCHIVE_ENDINGS:
                self._take_archive(clean_path(path), file)
            else:
                with _IN_MEMORY:
                    self._take_file(path, file.read(LARGEST_FILE_BYTES + 1))
        except LeftOut as error:
            self.taken.leave_out(path, str(error))

    def answer(self) -> dict[str, Any]:
        """What came of it, for the page."""
        shown, taken = self.note(), self.taken
        return {
            "added": taken.added,
            "left_out": [{"file": each.file, "reason": each.reason} for each in taken.left_out],
            "left_out_count": taken.left_out_count,
            "set": shown,
        }

    def note(self) -> dict[str, Any]:
        """Let the set know of what was kept so far; the set as pages have it."""
        shown = self.sets.added(self.name, self._sizes, self._labels)
        self._sizes, self._labels, self._noted = {}, {}, time.monotonic()
        return shown

    def _take_file(self, path: str, data: bytes, label: str = "") -> None:
        """Raises LeftOut where it is no picture, nor a file of labels."""
        file = clean_path(path)
        if PurePosixPath(file).name in LABEL_FILES:
            self._take_labels(file, data)
            return
        kept = self._keep(_checked(file, data), data)
        self._sizes[kept] = len(data)
        if label:
            self._labels[kept] = label
        self.taken.added += 1
        if time.monotonic() - self._noted > NOTED_SECONDS:
            self.note()

    def _take_labels(self, file: str, data: bytes) -> None:
        if len(data) > LARGEST_LABELS_BYTES:
            raise LeftOut(f"larger than {LARGEST_LABELS_BYTES >> 20} MB")
        replace_bytes(self._folder / file, data)
        self.sets.reread(self.name)

    def _keep(self, file: str, data: bytes) -> str:
        """Write it under a name that no other file has, of any letter case; the name.

        Raises:
            LeftOut: it is there already, or there are as many as there can be.
        """
        with self.sets.lock:
            names = self.sets.names(self.name)
            if len(names) >= UPLOAD_FILES:
                raise LeftOut(f"a set holds at most {UPLOAD_FILES:,} dropped pictures; name their folder instead")
            given, number, wished = PurePosixPath(file), 1, file
            while (there := names.get(wished.lower())) is not None:
                if _is_same(self._folder / there, data):
                    raise LeftOut("is there already")
                number += 1
                wished = str(given.with_name(f"{given.stem} ({number}){given.suffix}"))
            replace_bytes(self._folder / wished, data)
            names[wished.lower()] = wished
            return wished

    def _take_archive(self, name: str, file: BinaryIO) -> None:
        with self._unfinished() as folder:
            path = folder / PurePosixPath(name).name
            _copy(file, path)
            if not (is_zip(path) or is_tar(path)):
                raise LeftOut("no zip and no tar, or damaged")
            source = zip_source(path) if is_zip(path) else tar_source(path)
            try:
                with source.open() as listing:
                    self._take_listing(str(PurePosixPath(name).with_suffix("")), listing)
            except PicturesError as error:
                raise LeftOut(str(error).replace(f"{path}: ", "", 1)) from error

    def _take_listing(self, prefix: str, listing: Listing) -> None:
        if not (listing.entries or listing.broken or listing.notes):
            raise LeftOut("holds nothing")
        labels = [entry.label for entry in listing.entries]
        in_file = labels != folder_labels([entry.name for entry in listing.entries])
        for position, entry in enumerate(listing.entries):
            data, path = read_entry(listing, position), f"{prefix}/{entry.name}"
            if isinstance(data, Broken):
                self.taken.leave_out(path, data.reason)
                continue
            try:
                self._take_file(path, bytes(data), entry.label if in_file else "")
            except LeftOut as error:
                self.taken.leave_out(path, str(error))
        for broken in listing.broken:
            self.taken.leave_out(f"{prefix}/{broken.file}", broken.reason)
        for note in listing.notes:
            self.taken.leave_out(prefix, note)
        if listing.ignored:
            self.taken.leave_out(prefix, f"{counted(listing.ignored, 'other file')} in it, no pictures")

    def _take_frames(self, name: str, file: BinaryIO) -> None:
        with self._unfinished() as folder:
            path = folder / f"video{PurePosixPath(name).suffix}"
            _copy(file, path)
            out = folder / "frames"
            out.mkdir()
            request = {"video": str(path), "out": str(out), "every": self.every}
            try:
                found = Work("frames", request, folder / "log").result(lambda text, done, total: None)
            except Problem as error:
                raise LeftOut(error.detail) from error
            for each in found["files"]:
                self._take_file(f"{PurePosixPath(name).with_suffix('')}/{each}", (out / each).read_bytes())
            if found["near"]:
                frames = counted(found["near"], "frame")
                self.taken.leave_out(name, f"{frames} nearly the same as others")

    @contextmanager
    def _unfinished(self) -> Iterator[Path]:
        """A folder that vanishes at the end; what a killed studio left of others goes first."""
        above = self.sets.home.studio / "dropping"
        above.mkdir(parents=True, exist_ok=True)
        sweep(above)
        folder = above / f".{token_hex(8)}.{os.getpid()}.unfinished"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _checked(file: str, data: bytes) -> str:
    """The name under which a picture is kept: with an ending of pictures.

    Raises:
        LeftOut: it is no picture, or of a size that is refused.
    """
    if len(data) > LARGEST_FILE_BYTES:
        raise LeftOut(f"larger than {LARGEST_FILE_BYTES >> 20} MB")
    try:
        _, _, form = header(data)
    except BrokenPicture as error:
        raise LeftOut(str(error)) from error
    except Exception as error:  # on damaged files the decoders raise nearly everything
        raise LeftOut(f"damaged: {' '.join(str(error).split())[:160]}") from error
    return file if PurePosixPath(file).suffix.lower() in PICTURE_ENDINGS else f"{file}.{form.lower()}"


def _is_same(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _copy(file: BinaryIO, path: Path) -> None:
    with path.open("wb") as out:
        shutil.copyfileobj(file, out, COPIED_BYTES)
