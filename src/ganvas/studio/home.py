"""The folder that the studio works in: where each thing is, and the one place where names become paths."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ganvas.errors import SettingError
from ganvas.studio.problems import Problem, missing

MOST_LETTERS = 80  # of a name
_NEW_NAME = re.compile(rf"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{{0,{MOST_LETTERS - 2}}}[A-Za-z0-9_-])?")
_NOT_IN_A_NAME = re.compile(r'[\x00-\x1f/\\:*?"<>|\ud800-\udfff]')  # means something to some system, or is no text
_OF_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
_MOST_LETTERS_OF_A_FILE = 1024  # of a path inside a set


class Home:
    """Paths of the studio's home folder. None of them need exist but the folder itself.

    Args:
        root: the folder; made if it is not there.
    Raises:
        SettingError: it is no folder and cannot be made into one.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(f"{root}: {error.strerror}; the studio works in a folder") from error
        self.runs = self.root / "runs"
        self.sets = self.root / "sets"
        self.published = self.root / "published"
        self.studio = self.root / "studio"  # the queue, scratch of jobs, pages kept for exploring

    def run(self, name: str) -> Path:
        """A run's folder, which is there. Raises Problem where it is not, or the name is none."""
        return _existing(self.runs, "run", name)

    def set(self, name: str) -> Path:
        """A set's folder, which is there; raises as `run`."""
        return _existing(self.sets, "set", name)

    def publication(self, name: str) -> Path:
        """The folder of something published, which is there; raises as `run`."""
        return _existing(self.published, "publication", name)


def checked_name(name: str, field: str = "name") -> str:
    """A name that something new may have.

    Raises:
        Problem: it has other letters than A-Z a-z 0-9 space . _ -, begins or ends with a sign, is too long, or means
            a device on Windows.
    """
    if not _NEW_NAME.fullmatch(name) or _OF_WINDOWS.fullmatch(name):
        raise Problem(
            422,
            f"the name {name[:MOST_LETTERS]!r}: expected at most {MOST_LETTERS} letters A to Z, digits, spaces and "
            "._-, with a letter or a digit at its beginning",
            field,
        )
    return name


def is_entry(name: str) -> bool:
    """Whether a name can only be that of a thing in a folder: no path, nothing hidden, nothing special to a system, and
    text, which a name on Linux need not be."""
    return bool(name) and len(name) <= 255 and not name.startswith(".") and not _NOT_IN_A_NAME.search(name)


def named(text: str, otherwise: str) -> str:
    """The name nearest to a text that was no name, as "Bärchen/2" -> "B rchen 2"; `otherwise` where nothing is left."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", " ", text).strip(" ._-")[:MOST_LETTERS].strip(" .")
    return plain if _NEW_NAME.fullmatch(plain) and not _OF_WINDOWS.fullmatch(plain) else otherwise


def free_name(folder: Path, wished: str) -> str:
    """`wished`, or `wished 2` and so on, so that nothing in the folder has that name; of any letter case."""
    taken = {name.lower() for name in entries(folder)}
    for number in range(1, len(taken) + 2):
        ending = "" if number == 1 else f" {number}"
        name = f"{wished[: MOST_LETTERS - len(ending)].rstrip(' .')}{ending}"
        if name.lower() not in taken:
            return name
    raise AssertionError("there are more names than things")


def entries(folder: Path) -> list[str]:
    """The names of the folders in a folder, in order; [] where there is none."""
    try:
        with os.scandir(folder) as found:
            return sorted(entry.name for entry in found if is_entry(entry.name) and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


@contextmanager
def removed_if_failing(folder: Path) -> Iterator[None]:
    """Remove a new folder again where what belongs there cannot be written: it would take a name and be nothing."""
    try:
        yield
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def inside(folder: Path, relative: str) -> Path:
    """The path of a file of a set or a publication: below `folder`, whatever was sent.

    Raises:
        Problem: it would lie elsewhere, or has parts that are no names.
    """
    parts = relative.split("/")
    if len(relative) > _MOST_LETTERS_OF_A_FILE or not all(map(is_entry, parts)):
        raise Problem(422, f"the path {relative[:MOST_LETTERS]!r}: expected names with / between them, as cats/1.jpg")
    path = folder.joinpath(*parts)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Problem(404, f"there is no {relative[:MOST_LETTERS]!r} here")
    return path


def one_of(what: str, name: str, names: Iterable[str]) -> str:
    """`name`, which must be among `names`; raises Problem where it is not."""
    if name not in names:
        raise missing(what, name)
    return name


def _existing(folder: Path, what: str, name: str) -> Path:
    if not is_entry(name) or not (folder / name).is_dir():
        raise missing(what, name[:MOST_LETTERS])
    return folder / name
