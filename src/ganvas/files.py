"""Files that are either the old one or the new one, never half of one, whatever moment the process ends.

And small files read as a stranger's are: regular ones, up to a size, of values that every other part can handle.
"""

import errno
import os
import re
import shutil
import stat
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ganvas.errors import DiskError, SettingError

if TYPE_CHECKING:
    from torch import Tensor

SMALL_BYTES = 4_000_000  # a model.json of 64 directions of 1024 numbers has one
# Full, over quota, over the largest size of a file, failing: whoever repeats the command elsewhere or later is helped.
_DISK_FAILURES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
_UNFINISHED = re.compile(r"\..+\.(\d{1,9})\.unfinished(\..*)?")  # as `replacing` names it; with the process
# A pipe that is opened for reading waits for a writer, unless this is set; Windows has no pipes in its folders.
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def cache_folder() -> Path:
    """For what can be made or fetched again: GANVAS_CACHE, else ganvas in XDG_CACHE_HOME, else ~/.cache/ganvas."""
    if own := os.environ.get("GANVAS_CACHE"):
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared).expanduser() if shared else Path.home() / ".cache") / "ganvas"


class NotRegularError(OSError):
    """A pipe, a device, a socket or a folder where a file was expected."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "not a regular file")

    def __str__(self) -> str:
        return str(self.strerror)


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """`path` open for reading. It is checked before it is opened, since opening alone may act on a device, and again
    by its descriptor, since the name may have been given to something else meanwhile.

    Raises:
        NotRegularError: it is no regular file.
        OSError: it cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise NotRegularError
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NEVER_WAIT)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotRegularError
        yield file


def read_regular(path: Path, largest_bytes: int) -> bytes:
    """The bytes of a regular file, at most as many as it had when it was opened: none of the endless files of /proc,
    whose size is 0. Of a file that is larger than allowed, one byte too many.

    Raises:
        NotRegularError: it is no regular file.
        OSError: it cannot be read.
    """
    with open_regular(path) as file:
        return file.read(min(os.fstat(file.fileno()).st_size, largest_bytes + 1))


def read_small(path: Path, most_bytes: int = SMALL_BYTES) -> bytes:
    """The bytes of a regular file. A device or a named pipe in its place, or what links there, is never read.

    Raises:
        OSError: it is missing, no regular file, larger than `most_bytes`, or cannot be read.
    """
    stored = read_regular(path, most_bytes)
    if len(stored) > most_bytes:
        raise OSError(errno.EFBIG, f"larger than {most_bytes} bytes", str(path))
    return stored


def read_json(path: Path, most_bytes: int = SMALL_BYTES, *, only_finite: bool = True) -> Any:
    """The value in a JSON file: text that UTF-8 can hold, no deeper than pydantic's limit of 200.

    Args:
        only_finite: False: NaN and Infinity are read too, as Python's json writes them.
    Raises:
        OSError: as `read_small`.
        ValueError: it is no such JSON.
    """
    from pydantic_core import from_json

    return from_json(read_small(path, most_bytes), allow_inf_nan=not only_finite)


def read_toml(path: Path, most_bytes: int = SMALL_BYTES) -> dict[str, Any]:
    """The table in a TOML file.

    Raises:
        OSError: as `read_small`.
        ValueError: it is no TOML, or is nested too deeply.
    """
    try:
        return tomllib.loads(read_small(path, most_bytes).decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def disk_failure(error: OSError) -> str:
    """What is wrong with the disk, for a person; "" where the error is of another kind."""
    if error.errno not in _DISK_FAILURES:
        return ""
    what = "the disk fails" if error.errno == errno.EIO else "the disk is full"
    return f"{what} ({error.strerror or os.strerror(error.errno)})"


@contextmanager
def writing_to(path: Path, option: str = "--out", *, what: str = "folder") -> Iterator[None]:
    """A block that writes to a path of the user's choice, and says so in one line where that cannot be done.

    What killed processes left unfinished there goes first.

    Args:
        path: as the user gave it.
        option: that it was given with.
        what: it is, a folder or a file.
    Raises:
        DiskError: the block raised an OSError, since the disk is full or fails.
        SettingError: it raised another OSError, or the path cannot be one.
    """
    sweep(path if what == "folder" else path.parent)
    try:
        yield
    except OSError as error:
        if failure := disk_failure(error):
            raise DiskError(
                f"{option} {path}: {failure}; what was complete before is still whole. Make room there and repeat the "
                f"command, or choose another {what}"
            ) from error
        reason = error.strerror or str(error)
        raise SettingError(f"{option} {path}: cannot be written ({reason}); choose another {what}") from error
    except ValueError as error:
        if "null byte" not in str(error) and "null character" not in str(error):
            raise
        raise SettingError(f"{option} {str(path)!r}: cannot be the name of a {what}") from error


def sweep(folder: Path, *, inside: bool = False) -> None:
    """Remove the files that `replacing` of processes which are no more left unfinished in a folder.

    Args:
        inside: also in the folders that are in it.
    """
    with suppress(OSError, ValueError):
        for path in folder.rglob(".*.unfinished*") if inside else folder.glob(".*.unfinished*"):
            found = _UNFINISHED.fullmatch(path.name)
            if found and not is_running(int(found[1])):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def is_unfinished(path: Path) -> bool:
    """Whether a file is one that `replacing` of some process writes, or wrote until it was killed."""
    return _UNFINISHED.fullmatch(path.name) is not None


def is_running(process: int) -> bool:
    """Whether there is a process of that number; on Windows only this one is known of."""
    if sys.platform == "win32":  # where os.kill ends the process; what is locked there cannot be removed anyway
        return process == os.getpid()
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's
        return True
    return True


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` at the end, or vanishes if the block raises.

    The ending stays the same, since several libraries choose the format by it. Missing folders are made.
    """
    if not path.name:  # as "." and "/" have none
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.unfinished{path.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def filling(path: Path) -> Iterator[Path]:
    """A folder beside `path` to fill; it becomes `path` at the end, or vanishes if the block raises.

    Raises:
        OSError: something is there already, other than an empty folder.
    """
    if not path.name:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    if os.path.lexists(path):
        path.rmdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    unfinished.mkdir()
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def replacing_all(*paths: Path) -> Iterator[list[Path]]:
    """As `replacing`, for files that belong together: none is replaced before the block ends; the last comes last."""
    with ExitStack() as stack:
        yield [stack.enter_context(replacing(path)) for path in reversed(paths)][::-1]


def replace_text(path: Path, text: str) -> None:
    """Replace `path` by a text in UTF-8."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def replace_bytes(path: Path, stored: bytes) -> None:
    """Replace `path` by bytes."""
    with replacing(path) as unfinished:
        unfinished.write_bytes(stored)


def replace_tensors(path: Path, tensors: Mapping[str, "Tensor"]) -> None:
    """Replace `path` by named tensors in safetensors, forced to the disk first and with ordinary permissions.

    Raises:
        OSError: the disk is full or not writable.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    # In a folder of its own, which `sweep` knows: safetensors writes to another name first, which a kill leaves behind.
    with replacing(path) as unfinished, _folder_for(unfinished) as folder:
        unfinished.touch()
        mode = unfinished.stat().st_mode
        saved = folder / unfinished.name
        try:
            save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, saved)
        except SafetensorError as error:  # which keeps the number of the system's error in its text alone
            found = re.search(r"\(os error (\d+)\)", str(error))
            raise (OSError(int(found[1]), os.strerror(int(found[1])), str(path)) if found else error) from error
        saved.chmod(mode)
        with saved.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(saved, unfinished)


@contextmanager
def _folder_for(unfinished: Path) -> Iterator[Path]:
    """A folder beside an unfinished file, with a name like its; it vanishes at the end."""
    folder = unfinished.with_name(f"{unfinished.name}.folder")
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
