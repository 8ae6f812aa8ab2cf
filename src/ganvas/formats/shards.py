"""Pictures in tar files as WebDataset lays them out: the files of one picture share a name, and stand side by side.

The same pictures give the same bytes: no times, no owners.
"""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from ganvas.files import replacing


def write_shard(path: Path, samples: Iterable[tuple[str, bytes, Mapping[str, object]]]) -> None:
    """One tar, replaced atomically.

    Args:
        samples: a name without a dot, a PNG, and what is to be known of it, for a .json beside it.
    Raises:
        OSError: the file cannot be written.
    """
    with replacing(path) as unfinished, tarfile.open(unfinished, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, picture, known in samples:
            _add(tar, f"{name}.png", picture)
            _add(tar, f"{name}.json", json.dumps(known, ensure_ascii=False).encode())


def member(name: str, size_bytes: int) -> tarfile.TarInfo:
    """A file in a tar, of which the header tells neither when nor by whom it was written."""
    found = tarfile.TarInfo(name)
    found.size = size_bytes
    return found


def _add(tar: tarfile.TarFile, name: str, stored: bytes) -> None:
    tar.addfile(member(name, len(stored)), io.BytesIO(stored))
