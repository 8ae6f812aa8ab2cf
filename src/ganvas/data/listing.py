"""What every source of pictures is, wherever it keeps them: a fingerprint, and entries to read in order."""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ganvas.data.shards.reading import ShardSet

PICTURE_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".avif", ".heic", ".heif", ".hif", ".gif", ".bmp"}
    | {".dib", ".tif", ".tiff", ".pgm", ".ppm", ".pnm", ".pbm"}
)
LARGEST_FILE_BYTES = 256 * 1024**2
MOST_ENTRIES = 2_000_000  # of one archive or array: listing as many takes a minute and 2 GB
SMALLEST_SIDE_PX = 4
OUTSIDE = "."
ARCHIVE_ENDINGS = frozenset({".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar"})
# What operating systems and network drives put beside pictures, in small letters: previews, bins, rescued pieces.
SYSTEM_FOLDERS = frozenset(
    {"__macosx", "@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot", "~snapshot", "lost+found"}
    | {"$recycle.bin", "recycler", "system volume information", "found.000", "network trash folder", "temporary items"}
    | {"thevolumesettingsfolder", "@sharebin", "@transcode", "@synologydrive", "_gsdata_", "__pycache__"}
)


@dataclass(frozen=True)
class Entry:
    """One picture of a source: its name there, its size, and its class ("" when it has none)."""

    name: str
    size_bytes: int
    label: str = ""


@dataclass(frozen=True)
class Broken:
    """A file that cannot be used, and why, in words a user understands."""

    file: str
    reason: str


@dataclass(frozen=True)
class Unread(Broken):
    """A file that the disk did not give; another day it may."""


@dataclass(frozen=True)
class Listing:
    """An open source.

    `read(i)` gives entry i as the bytes of a picture file, or as decoded uint8 (H, W) or (H, W, C). It is called from
    one thread, in rising order of i, and may raise anything; the caller turns that into a `Broken`. `label_error` is
    why labels that are there cannot be used, or "". `tells_outside`: a note names the pictures of no label.
    """

    entries: tuple[Entry, ...]
    read: Callable[[int], bytes | np.ndarray]
    broken: tuple[Broken, ...] = ()
    ignored: int = 0
    notes: tuple[str, ...] = ()
    label_error: str = ""
    tells_outside: bool = False


@dataclass(frozen=True)
class Source:
    """A place that holds pictures. `fingerprint` differs whenever the pictures may; `open` lists them.

    shards: those of a set that is too large for that, of which `open` lists a sample; None: it lists them all.
    """

    name: str
    fingerprint: str
    open: Callable[[], AbstractContextManager[Listing]]
    shards: "ShardSet | None" = None


def digest(parts: Iterable[str | bytes | memoryview]) -> str:
    """32 hex digits that differ when any of `parts` does; ("ab", "c") and ("a", "bc") differ as well."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()[:32]


def printable(name: str) -> str:
    """A file's name that can be shown and written as UTF-8, whatever bytes the disk has for it."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def is_picture(name: str) -> bool:
    """Whether the name's ending, in any case, is one of PICTURE_ENDINGS and no part of the name is hidden."""
    path = PurePosixPath(name)
    return path.suffix.lower() in PICTURE_ENDINGS and not any(is_hidden(part) for part in path.parts)


def is_hidden(part: str) -> bool:
    """Whether a file or folder of this name is left alone: dot files, and what systems make for themselves."""
    return part.startswith(".") or part.lower() in SYSTEM_FOLDERS


def folder_labels(names: list[str]) -> list[str]:
    """The label of each name ("cats/1.jpg" -> "cats"): its first folder, below those that every name shares.

    A zip often wraps everything in one folder, which is no class. Names outside every sub-folder get OUTSIDE when
    others have one; if none has, all labels are "".
    """
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    shared = 0
    while folders and len({parts[shared : shared + 1] for parts in folders}) == 1 and len(folders[0]) > shared:
        shared += 1
    labels = [parts[shared] if len(parts) > shared else "" for parts in folders]
    return [label or OUTSIDE for label in labels] if any(labels) else labels


def sorted_classes(labels: Iterable[str]) -> tuple[str, ...]:
    """The distinct labels, numbers by value and words by letter; () when there are fewer than two."""
    names = set(labels) - {""}
    numeric = all(name.isdecimal() for name in names)
    ordered = sorted(names, key=lambda name: (int(name) if numeric else 0, name))
    return tuple(ordered) if len(ordered) > 1 else ()


def choose(entries: tuple[Entry, ...], share: float) -> list[int]:
    """Positions of `share` of every class, spread evenly over it, at least one of each; the same for every seed.

    Args:
        entries: of the whole source; without labels they count as one class.
        share: in (0, 1].
    Returns:
        Positions in rising order.
    """
    by_label: dict[str, list[int]] = {}
    for position, entry in enumerate(entries):
        by_label.setdefault(entry.label, []).append(position)
    chosen = []
    for positions in by_label.values():
        keep = max(1, round(len(positions) * share))
        chosen += [positions[(2 * i + 1) * len(positions) // (2 * keep)] for i in range(keep)]
    return sorted(chosen)
