"""Pictures in a folder and its sub-folders. Only ever read."""

import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from itertools import islice
from pathlib import Path

from ganvas.data.labels import LARGEST_LABELS_BYTES, Others
from ganvas.data.listing import (
    LARGEST_FILE_BYTES,
    MOST_ENTRIES,
    Broken,
    Listing,
    Source,
    digest,
    is_hidden,
    is_picture,
)
from ganvas.errors import PicturesError
from ganvas.files import read_regular

_OF_THE_SYSTEM = ("/proc", "/sys", "/dev")  # what lies there is made up as it is read, or no file


def folder_source(folder: Path) -> Source:
    """Every picture below `folder`, in order of name; sub-folders are labels.

    Links are followed, since people collect pictures by them; but not to a folder that holds this one, nor to the
    devices and processes of the system. Each folder is read once, so a link that leads back does no harm.

    Raises:
        PicturesError: there are more than MOST_ENTRIES files and folders in it, or linked from it.
    """
    files, broken, others = _walk(folder)
    names = sorted(files)
    pictures = [(name, files[name].st_size) for name in names]
    broken.sort(key=lambda item: item.file)

    def open_folder() -> AbstractContextManager[Listing]:
        return nullcontext(
            others.listing(pictures, lambda i: read_regular(folder / names[i], LARGEST_FILE_BYTES), broken)
        )

    stamps = [f"{name}\0{_stamp(files[name])}" for name in names]
    stamps += [f"{name}\0{_stamp((folder / name).stat())}" for name in sorted(others.labels)]
    troubles = [f"{item.file}\0{item.reason}" for item in broken]
    fingerprint = digest(
        ["folder", str(folder.resolve()), *stamps, *troubles, *others.archives, *others.unfollowed, str(others.ignored)]
    )
    return Source(str(folder), fingerprint, open_folder)


def names_in(folder: Path) -> list[str]:
    """What lies directly in a folder, MOST_ENTRIES at most, in order of name; nothing where it cannot be read."""
    try:
        with os.scandir(folder) as scan:
            return sorted(item.name for item in islice(scan, MOST_ENTRIES))
    except OSError:
        return []


def holds_only(folder: Path, wanted: Callable[[str], bool]) -> list[str]:
    """Names of the files directly in a folder that are wanted; none where pictures or folders lie beside them."""
    names = names_in(folder)
    found = [name for name in names if wanted(name)]
    others = [name for name in names if not is_hidden(name) and not wanted(name)] if found else []
    is_mixed = any(map(is_picture, others)) or any((folder / name).is_dir() for name in others)
    return [] if is_mixed else [name for name in found if (folder / name).is_file()]


def file_fingerprint(kind: str, path: Path) -> str:
    """Differs when the file at `path` was replaced or changed."""
    return digest([kind, str(path.resolve()), _stamp(path.stat())])


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _walk(folder: Path) -> tuple[dict[str, os.stat_result], list[Broken], Others]:
    files: dict[str, os.stat_result] = {}
    broken: list[Broken] = []
    others = Others()
    seen: set[tuple[int, int]] = set()
    above = {_identity(parent.stat()) for parent in folder.resolve().parents}
    entries_left = MOST_ENTRIES
    waiting = [(folder, "")]
    while waiting:
        here, prefix = waiting.pop()
        try:
            status = here.stat()
            if _identity(status) in seen:
                continue
            seen.add(_identity(status))
            if _identity(status) in above or status.st_dev in _devices_of_the_system():
                others.unfollowed.append(prefix.rstrip("/") or ".")
                continue
            with os.scandir(here) as scan:
                items = sorted(islice(scan, entries_left + 1), key=lambda item: item.name)
        except OSError as error:
            broken.append(Broken(prefix or ".", f"folder cannot be read: {error.strerror or error}"))
            continue
        entries_left -= len(items)
        if entries_left < 0:
            raise PicturesError(
                f"{folder}: holds or links to more than {MOST_ENTRIES:,} files; give the folder with the pictures alone"
            )
        for item in items:
            name = prefix + item.name
            found = _look(item, name)
            if isinstance(found, Broken):
                broken.append(found)
            elif found is None:
                others.add(name, partial(read_regular, here / item.name, LARGEST_LABELS_BYTES))
            elif stat.S_ISREG(found.st_mode):
                files[name] = found
            else:
                waiting.append((here / item.name, name + "/"))
    return files, broken, others


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


@cache
def _devices_of_the_system() -> frozenset[int]:
    return frozenset(os.stat(path).st_dev for path in _OF_THE_SYSTEM if os.path.ismount(path))


def _look(item: os.DirEntry[str], name: str) -> os.stat_result | Broken | None:
    """The status of a picture or of a folder to enter, a trouble to report, or None for what is not a picture."""
    picture = is_picture(item.name)
    try:
        status = item.stat()
    except OSError as error:
        reason = "a link to nothing" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        return Broken(name, reason) if picture else None
    if stat.S_ISDIR(status.st_mode):
        return None if is_hidden(item.name) else status
    if picture and not stat.S_ISREG(status.st_mode):
        return Broken(name, "not a regular file")
    return status if picture else None
