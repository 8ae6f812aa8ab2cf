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
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganvas.data.doctor import Inspection
from ganvas.errors import DiskError, SettingError
from ganvas.files import disk_failure, read_json

STALE_SECONDS = 24 * 3600
PARTIAL = ".partial-"
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
    return values if isinstance(values, dict) and isinstance(values.get("key"), str) else None


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
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        labels = np.load(folder / "labels.npy", mmap_mode="r", allow_pickle=False)
        classes = tuple(read_json(folder / "classes.json", _LIST_BYTES))
    except (OSError, ValueError, TypeError, EOFError):
        return None
    whole = images.ndim == 4 and images.dtype == np.uint8 and labels.shape == images.shape[:1]
    return Content(images, labels, classes) if whole else None


def read_inspections(root: Path, key: str) -> list[Inspection] | None:
    """The doctor's inspections of the entries of the set that is kept under `key`, in their order, or None."""
    try:
        kept = read_json(root / "pictures" / key / "verdicts.json", _LIST_BYTES)
        return [Inspection(*values) for values in kept]
    except (OSError, ValueError, TypeError):
        return None


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
    """Put beside images.npy what else is kept, then give the folder its name; if another run was first, its set stays.

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
        if final.exists() and open_content(root, key) is None:
            shutil.rmtree(final)
        try:
            folder.rename(final)
        except OSError:
            if open_content(root, key) is None:
                raise


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
