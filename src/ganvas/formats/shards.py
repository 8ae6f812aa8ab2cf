"""Pictures in tar files as WebDataset lays them out: the files of one picture share a name, and stand side by side.

The same pictures give the same bytes: no times, no owners.
"""

import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from ganvas.files import replacing

BLOCK = tarfile.BLOCKSIZE
TAR_END = bytes(2 * BLOCK)


def write_shard(path: Path, samples: Iterable[tuple[str, bytes, Mapping[str, object]]]) -> None:
    """One tar, replaced atomically.

    Args:
        samples: a name without a dot, a PNG, and what is to be known of it, for a .json beside it.
    Raises:
        OSError: the file cannot be written.
    """
    with replacing(path) as unfinished, unfinished.open("wb") as tar:
        for name, picture, known in samples:
            tar.writelines(member(f"{name}.png", picture))
            tar.writelines(member(f"{name}.json", json.dumps(known, ensure_ascii=False).encode()))
        tar.write(TAR_END)


def member(name: str, stored: bytes) -> list[bytes]:
    """A file in a tar: its header, which tells neither when nor by whom it was written, its bytes, and what fills its
    last block."""
    header = tarfile.TarInfo(name)
    header.size = len(stored)
    return [header.tobuf(tarfile.USTAR_FORMAT), stored, bytes(-len(stored) % BLOCK)]
