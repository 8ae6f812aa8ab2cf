"""Files that are either the old one or the new one, never half of one, whatever moment the process ends."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ganvas.errors import SettingError

if TYPE_CHECKING:
    from torch import Tensor


def cache_folder() -> Path:
    """For what can be made or fetched again: GANVAS_CACHE, else ganvas in XDG_CACHE_HOME, else ~/.cache/ganvas."""
    if own := os.environ.get("GANVAS_CACHE"):
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared).expanduser() if shared else Path.home() / ".cache") / "ganvas"


@contextmanager
def writing_to(path: Path, option: str = "--out", *, what: str = "folder") -> Iterator[None]:
    """A block that writes to a path of the user's choice, and says so in one line where that cannot be done.

    Args:
        path: as the user gave it.
        option: that it was given with.
        what: it is, a folder or a file.
    Raises:
        SettingError: the block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise SettingError(f"{option} {path}: cannot be written ({error.strerror}); choose another {what}") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` at the end, or vanishes if the block raises.

    The ending stays the same, since several libraries choose the format by it. Missing folders are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.unfinished{path.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Replace `path` by a text in UTF-8."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def replace_bytes(path: Path, stored: bytes) -> None:
    """Replace `path` by bytes."""
    with replacing(path) as unfinished:
        unfinished.write_bytes(stored)


def replace_tensors(path: Path, tensors: Mapping[str, "Tensor"]) -> None:
    """Replace `path` by named tensors in safetensors, forced to the disk first and with ordinary permissions."""
    from safetensors.torch import save_file

    with replacing(path) as unfinished:
        unfinished.touch()
        mode = unfinished.stat().st_mode
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, unfinished)
        unfinished.chmod(mode)
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
