"""The cache: decoded pictures, written once and for good, found again by their content or by an unchanged source.

    pictures/KEY/images.npy      (N, H, W, C) uint8, memory-mapped
    pictures/KEY/labels.npy      (N,) int64
    pictures/KEY/classes.json    their names
    pictures/KEY/verdicts.json   the doctor's, on every entry
    index/FINGERPRINT.json       an unchanged source, or one with files of the same sizes -> KEY and its report
    downloads/                   what was fetched

Everything is written under another name and renamed, so that what has its name is whole, also when two runs write
the same thing at once. Deleting any of it costs time and nothing else.
"""

import contextlib
import json
import math
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from ganvas.data.arrays import read_header
from ganvas.data.decode import LARGEST_PIXELS
from ganvas.data.doctor import Inspection
from ganvas.data.listing import SMALLEST_SIDE_PX
from ganvas.errors import DiskError, SettingError
from ganvas.files import disk_failure, open_regular, read_json

STALE_SECONDS = 24 * 3600
PARTIAL = ".partial-"
_KEY = re.compile("[0-9a-f]{32}")  # as `digest` gives it; a folder's name is made of it
_INSPECTIONS, _NAMES = TypeAdapter(list[Inspection]), TypeAdapter(tuple[str, ...])
_LIST_BYTES = 4_000_000_000  # of a set of ten million pictures, with the longest names that a system allows


@dataclass(frozen=True)
class Content:
    """What is kept of one set: images (N, H, W, C) uint8 and labels (N,) int64, memory-mapped and read-only."""

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]


def read_index(root: Path, fingerprint: str) -> dict[str, Any] | None:
    """What `write_index` left under this fingerprint, or None."""
    try:
        values = read_json(root / "index" / f"{fingerprint}.json", _LIST_BYTES)
    except (OSError, ValueError):
        return None
    key = values.get("key") if isinstance(values, dict) else None
    return values if isinstance(key, str) and _KEY.fullmatch(key) else None


def write_index(root: Path, fingerprint: str, values: dict[str, Any]) -> None:
    """Keep `values`, which have a "key", under a fingerprint.

    Raises:
        DiskError, SettingError: the cache cannot be written.
    """
    with cache_errors(root):
        folder = root / "index"
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=PARTIAL, dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(values, file)
        os.replace(name, folder / f"{fingerprint}.json")


def open_content(root: Path, key: str) -> Content | None:
    """The set that is kept under `key`, or None if there is none or it is damaged."""
    folder = root / "pictures" / key
    try:
        images = _mapped(folder / "images.npy", np.dtype(np.uint8))
        labels = _mapped(folder / "labels.npy", np.dtype(np.int64))
        classes = _NAMES.validate_python(read_json(folder / "classes.json", _LIST_BYTES))
    except (OSError, ValueError):
        return None
    whole = images.ndim == 4 and images.shape[3] in (1, 3, 4) and labels.shape == images.shape[:1]
    is_of_classes = whole and labels.min() >= 0 and labels.max() < max(1, len(classes))
    return Content(images, labels, classes) if is_of_classes else None


def _mapped(path: Path, dtype: np.dtype) -> np.ndarray:
    """The array that is all of an .npy file, mapped into memory.

    Raises:
        OSError, ValueError: it is not there, or damaged.
    """
    with open_regular(path) as file:
        shape, fortran_order, found, offset = read_header(file)
        size_bytes = math.prod(shape) * dtype.itemsize
        if found != dtype or fortran_order or not size_bytes or offset + size_bytes != os.fstat(file.fileno()).st_size:
            raise ValueError("another array than is kept here")
        return np.memmap(file, dtype, "r", offset, shape)


def read_inspections(root: Path, key: str) -> list[Inspection] | None:
    """The doctor's inspections of the entries of the set that is kept under `key`, in their order, or None."""
    try:
        kept = read_json(root / "pictures" / key / "verdicts.json", _LIST_BYTES)
        inspections = _INSPECTIONS.validate_python([vars(Inspection(*values)) for values in kept])
    except (OSError, ValueError, TypeError):
        return None
    return inspections if all(_can_be(one, place) for place, one in enumerate(inspections)) else None


def _can_be(inspection: Inspection, place: int) -> bool:
    """Whether the doctor could have said that of the entry at this place."""
    width, height, near = inspection.width, inspection.height, inspection.near
    has_size = min(width, height) >= SMALLEST_SIDE_PX and width * height <= LARGEST_PIXELS
    return (has_size or inspection.broken != "") and (near is None or 0 <= near < place)


@contextlib.contextmanager
def partial_folder(root: Path) -> Iterator[Path]:
    """A new folder to write a set into; what is still there at the end is removed, as is what killed runs left.

    Raises:
        DiskError, SettingError: the cache cannot be written.
    """
    with cache_errors(root):
        pictures = root / "pictures"
        pictures.mkdir(parents=True, exist_ok=True)
        for old in pictures.glob(f"{PARTIAL}*"):
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > STALE_SECONDS:
                    shutil.rmtree(old)
        folder = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=pictures))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(
    root: Path, folder: Path, key: str, labels: np.ndarray, classes: Sequence[str], inspections: Sequence[Inspection]
) -> None:
    """Put beside images.npy what else is kept, then give the folder its name; if another run was first, its set stays
    unless it has been damaged since.

    Raises:
        DiskError, SettingError: the cache cannot be written.
    """
    with cache_errors(root):
        np.save(folder / "labels.npy", labels)
        (folder / "classes.json").write_text(json.dumps(classes), encoding="utf-8")
        (folder / "verdicts.json").write_text(
            json.dumps([list(vars(inspection).values()) for inspection in inspections]), encoding="utf-8"
        )
        final = root / "pictures" / key
        made = open_content(root, folder.name)
        if final.exists() and not (made and _is_kept(root, key, made, inspections)):
            shutil.rmtree(final)
        try:
            folder.rename(final)
        except OSError:
            if open_content(root, key) is None:
                raise


def _is_kept(root: Path, key: str, made: Content, inspections: Sequence[Inspection]) -> bool:
    """Whether this is what is kept under `key`, as far as anything but the pixels tells."""
    there = open_content(root, key)
    return (
        there is not None
        and (there.images.shape, there.classes) == (made.images.shape, made.classes)
        and np.array_equal(there.labels, made.labels)
        and read_inspections(root, key) == list(inspections)
    )


@contextlib.contextmanager
def cache_errors(root: Path) -> Iterator[None]:
    """Turn a full or read-only disk into advice."""
    try:
        yield
    except OSError as error:
        kind = DiskError if disk_failure(error) else SettingError
        raise kind(
            f"the cache {root} cannot be written ({error.strerror or error}): free some space, or set GANVAS_CACHE "
            "to a folder on another disk"
        ) from error
