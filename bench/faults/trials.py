"""Commands under faults, and what must hold after each: one line, an exit status that says why, nothing half written,
and the same result as ever once the command is repeated.
"""

import json
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.faults.forks import Ended, Fault, Forks
from ganvas.download import sha256
from ganvas.errors import GanvasError
from ganvas.files import is_unfinished
from ganvas.formats.manifest import read_description

SMALL = ["--recipe", "dcgan28", "--size", "16", "--width", "0.1", "--set", "training.batch=4"]
SMALL += ["--set", "recording.save_seconds=0", "--set", "recording.log_seconds=0", "--set", "measuring.share=0"]
TRAIN = ["train", "pictures", *SMALL, "--out", "run", "--images"]
TRAINED = ["train", "pictures", *SMALL, "--set", "recording.report=false", "--images", "4", "--out", "trained"]
WORDS = ["--no-score", "--licence", "CC0-1.0", "--title"]
DATED = {"training.json", "README.md"}  # two runs within a second write the same

# Exit statuses besides 0, which is right where the result is whole all the same.
EXPECTED = {
    Fault.NOSPACE: {5},
    Fault.FAILING: {5},
    Fault.SHORT: set(),
    Fault.KILLED: {-9},
    Fault.DENIED: {2},
    Fault.UNREADABLE: {2, 3, 4, 5},
    Fault.CLOCK: set(),
}


def whole_model(folder: Path) -> str:
    """What is wrong with an exported model; "" if it is not there, or the one that its description speaks of."""
    if not (folder / "model.json").exists():
        return ""
    try:
        published = read_description(folder).published
    except GanvasError as error:
        return str(error)
    stored = sha256(folder / "model.onnx")
    return "" if published is not None and published.sha256 == stored else "the words of one model with another"


def whole_site(folder: Path) -> str:
    """What a page asks for that is not there; "" if nothing."""
    page = folder / "index.html"
    if not page.exists():
        return ""
    asked = re.findall(r'(?:src|href)="([^":#?]+)(?:\?[^"]*)?"', page.read_text(encoding="utf-8"))  # without checksums
    missing = [name for name in asked if not (folder / name).exists()]
    return f"the page asks for {missing[0]}, which is not there" if missing else ""


def whole_run(folder: Path) -> str:
    """What of a run folder could not be read back; the last line of a log may be torn."""
    log = folder / "log.jsonl"
    for line in log.read_bytes().split(b"\n")[:-1] if log.exists() else []:
        try:
            json.loads(line)
        except ValueError:
            return "a line of the log is torn"
    state = folder / "checkpoint" / "state.json"
    if state.exists() and not list((folder / "checkpoint").glob("*.safetensors")):
        return "state.json without its tensors"
    return ""


@dataclass(frozen=True)
class Verb:
    """A command, what is made before it, what it makes, and what of that must hold at any moment."""

    command: Sequence[str]
    makes: str
    before: Sequence[Sequence[str]] = ()
    whole: Callable[[Path], str] = lambda path: ""


VERBS = {
    "look": Verb(["look", "pictures", "--size", "16", "--out", "sheet.png"], "sheet.png"),
    "train": Verb([*TRAIN, "16"], "run", whole=whole_run),
    "train, gone on with": Verb([*TRAIN, "16"], "run", [[*TRAIN, "8"]], whole=whole_run),
    "generate": Verb(["generate", "trained", "--count", "4", "--out", "drawn"], "drawn", [TRAINED]),
    **{
        f"generate to {to}": Verb(
            ["generate", "trained", "--count", "4", "--to", to, "--out", "drawn"], "drawn", [TRAINED]
        )
        for to in ("folder", "npy", "shards")
    },
    "score": Verb(
        ["score", "trained", "--against", "pictures", "--count", "8", "--pairs", "pairs.png"],
        "pairs.png",
        [TRAINED],
    ),
    "export": Verb(
        ["export", "trained", "--out", "exported", *WORDS, "New"],
        "exported",
        [TRAINED, ["export", "trained", "--out", "exported", *WORDS, "Old"]],
        whole_model,
    ),
    "publish": Verb(
        ["publish", "exported", "--to", "site", "--out", "site", *WORDS, "New"],
        "site",
        [
            TRAINED,
            ["export", "trained", "--out", "exported", *WORDS, "Old"],
            ["publish", "exported", "--to", "site", "--out", "site", *WORDS, "Old"],
        ],
        whole_site,
    ),
    "publish a server": Verb(
        ["publish", "exported", "--to", "server", "--out", "server", *WORDS, "New"],
        "server",
        [TRAINED, ["export", "trained", "--out", "exported", *WORDS, "Old"]],
        lambda folder: whole_model(folder / "model"),
    ),
}


def draw_noise(folder: Path) -> None:
    """Twelve pictures of noise, of 16 px, in a new folder."""
    folder.mkdir(parents=True)
    numbers = np.random.default_rng(0)
    for index in range(12):
        levels = numbers.integers(0, 255, (16, 16, 3)).astype(np.uint8)
        Image.fromarray(levels).save(folder / f"{index}.png")


def furnish(folder: Path, downloads: Path) -> None:
    """Twelve pictures, and a cache that holds nothing but what was downloaded."""
    draw_noise(folder / "pictures")
    (folder / "cache").mkdir()
    (folder / "cache" / "downloads").symlink_to(downloads)


def contents(path: Path) -> dict[str, str]:
    """SHA-256 by name, of a file or of all files in a folder."""
    files = [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())
    return {str(found.relative_to(path.parent)): sha256(found) for found in files}


class Trial:
    """One command, tried again and again in a folder that is the same before each try.

    Args:
        work: a folder of its own, emptied.
        downloads: of the cache, which no fault concerns.
    Raises:
        RuntimeError: the command does not work where nothing fails.
    """

    def __init__(self, verb: Verb, forks: Forks, work: Path, downloads: Path) -> None:
        self.verb, self._forks = verb, forks
        self._base, self.folder = work / "base", work / "tried"
        shutil.rmtree(work, ignore_errors=True)
        furnish(self.folder, downloads)
        for command in self.verb.before:
            if (ended := self._run(command)).status:
                raise RuntimeError(ended.err)
        shutil.copytree(self.folder, self._base, symlinks=True)
        _, first = self._unharmed()
        started = time.monotonic()
        self.reference, made = self._unharmed()
        self.seconds = time.monotonic() - started
        self._names = made.keys()
        same = made.items() & first.items()  # what differs between two of them, as dates do, is not compared
        self._stable = {name: each for name, each in same if Path(name).name not in DATED}

    def _unharmed(self) -> tuple[Ended, dict[str, str]]:
        """The command where nothing fails, and the contents of what it made."""
        self._restore()
        ended = self._run(self.verb.command)
        if ended.status:
            raise RuntimeError(ended.err)
        return ended, contents(self.folder / self.verb.makes)

    def _run(self, command: Sequence[str], **faults: Any) -> Ended:
        return self._forks.run(command, self.folder, environment={"GANVAS_CACHE": "cache"}, **faults)

    def _restore(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._base, self.folder, symlinks=True)

    def points(self, fault: Fault) -> range:
        """Where a fault can strike, but for those after which nothing follows."""
        reference = self.reference
        calls = {Fault.UNREADABLE: reference.reads, Fault.CLOCK: reference.clock_calls}
        return range(1, calls.get(fault, reference.changes) + 1)

    def strike(self, fault: Fault, point: int = 0, **more: Any) -> str:
        """What did not hold when the command met a fault; "" if all did."""
        self._restore()
        ended = self._run(self.verb.command, fault=fault, point=point, **more)
        makes = self.folder / self.verb.makes
        if "Traceback" in ended.err:
            return "a traceback: " + ended.err.strip().splitlines()[-1]
        may_be_left = fault in (Fault.DENIED, Fault.KILLED)  # what may not be removed, or by nobody
        if ended.status == 0:
            if fault == Fault.UNREADABLE:  # a picture was left out, and named
                return unfinished(self.folder) and "an unfinished file was left behind"
            if wrong := self._differs(may_be_left):
                return f"it said that all went well, but {wrong}"
        elif ended.status not in EXPECTED[fault]:
            return f"exit status {ended.status}: {ended.err.strip()[-300:]}"
        elif ended.status > 0 and not ended.err.strip().splitlines()[-1].startswith("ganvas: "):
            return f"no line that says why: {ended.err.strip()[-300:]}"
        if not may_be_left and (left := unfinished(self.folder)):
            return f"{left} was left behind"
        if wrong := self.verb.whole(makes):
            return wrong
        again = self._run(self.verb.command)
        if again.status:
            return f"repeated: exit status {again.status}: {again.err.strip()[-300:]}"
        if wrong := self._differs():
            return f"repeated: {wrong}"
        if left := unfinished(makes):
            return f"repeated: {left} was left behind"
        return ""

    def _differs(self, more_allowed: bool = False) -> str:
        made = contents(self.folder / self.verb.makes) if (self.folder / self.verb.makes).exists() else {}
        if missing := sorted(self._names - made.keys()):
            return f"{missing[0]} is missing"
        if not more_allowed and (added := sorted(made.keys() - self._names)):
            return f"{added[0]} was made too"
        other = sorted(name for name, each in self._stable.items() if made[name] != each)
        return f"{other[0]} is another" if other else ""


def unfinished(folder: Path) -> str:
    """A file that was being written, if there is any; "" if not."""
    found = sorted(path.name for path in folder.rglob("*") if is_unfinished(path))
    return found[0] if found else ""
