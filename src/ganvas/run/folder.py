"""The run folder: where each thing is, and the upkeep that keeps it true after a crash."""

import errno
import json
import math
import os
import platform
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from filelock import FileLock, Timeout
from torch import nn

from ganvas import __version__
from ganvas.config import Plan, RunConfig, RunFile, from_toml, to_toml
from ganvas.errors import SettingError
from ganvas.files import read_json, read_small, replace_text, sweep, writing_to
from ganvas.formats.log import Log, Numbers, forget_after, read_log
from ganvas.formats.log_events import Event
from ganvas.model.weights import MOMENTS, is_moment, kept_moments, save_weights

_MAY_CHANGE = {"limits", "device", "precision", "compile", "processes", "keep_bytes", "recording"}


class RunFolder:
    """The paths of one run. Every other command and other people's tools read them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config_path = root / "run.toml"
        self.checkpoint = root / "checkpoint"
        self.good = root / "good"
        self.model = root / "model"
        self.log_path = root / "log.jsonl"
        self.samples = root / "samples"
        self.rebuilt = root / "rebuilt"
        self.data_path = root / "data.json"
        self.curves_path = root / "curves.png"
        self.directions_path = root / "directions.png"

    def make(self) -> None:
        """Create the folder.

        Raises:
            SettingError: it cannot be created or written.
        """
        with writing_to(self.root):
            self.samples.mkdir(parents=True, exist_ok=True)
            sweep(self.root, inside=True)

    @contextmanager
    def locked(self) -> Generator[None, None, None]:
        """Keep every other process from training here for as long as the block lasts.

        The system holds the lock, so that it goes with the process, however that ends. Where a file system knows no
        locks, as some that are mounted from another machine, there is none.

        Raises:
            SettingError: another process trains here, or the folder cannot be made.
        """
        is_new = not os.path.exists(self.root)
        lock_path, holder_path = self.root / "training.lock", self.root / "training.pid"
        with writing_to(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(lock_path, blocking=False, thread_local=False)
        try:
            lock.acquire()
        except Timeout as error:
            raise SettingError(f"{self.root}: {_holder(holder_path)} trains here; choose another --out") from error
        except (OSError, NotImplementedError):
            yield
            return
        try:
            with writing_to(self.root):
                replace_text(holder_path, f"{os.getpid()}\n")
            yield
        finally:
            with suppress(OSError):
                holder_path.unlink(missing_ok=True)
                if is_new and not self.is_begun:  # the pictures could not be used: nothing of it stays
                    lock_path.unlink(missing_ok=True)
                    self.root.rmdir()
            lock.release()

    @property
    def is_begun(self) -> bool:
        """Whether a run is here; False also for a path that cannot be, as one with too long a name."""
        return os.path.exists(self.config_path)

    def read_config(self) -> RunFile | None:
        """What was asked of the run that is there, and its plan; None if there is none.

        Raises:
            SettingError: it cannot be read.
        """
        return from_toml(self.config_path) if self.is_begun else None

    def continued(self, config: RunConfig, plan: Plan | None) -> tuple[Plan | None, float | None]:
        """The plan and the width to go on with, if the run that is already here is the one that `config` asks for.

        Args:
            plan: what is to be repeated; None: whatever was planned here, unless the limits are others.
        Returns:
            The plan, None where one is to be made; and the width of the networks, None where that is to be planned too.
        Raises:
            SettingError: another run is here; names the first setting that differs.
        """
        there = self.read_config()
        begun = plan if there is None else there.plan
        width = begun.width if begun is not None else None
        if there is not None:
            self._check_same(config, there.config, width)
            if plan is None and config.limits == there.config.limits:
                plan = there.plan
        return plan, width if config.network.width == "planned" else config.network.width

    def _check_same(self, config: RunConfig, there: RunConfig, width: float | None) -> None:
        theirs, ours = (one.model_dump(exclude=_MAY_CHANGE) for one in (there, config))
        if "planned" in (theirs["network"]["width"], ours["network"]["width"]):
            # The one is what the other came to: runs of before format 3 hold the planned width as if it had been asked.
            for values in (theirs, ours):
                values["network"]["width"] = (
                    width if values["network"]["width"] == "planned" else values["network"]["width"]
                )
        for section, value in ours.items():
            if value == theirs[section]:
                continue
            what, one, other = section, value, theirs[section]
            if isinstance(value, dict) and isinstance(other, dict):
                mine, others = cast("dict[str, Any]", value), cast("dict[str, Any]", other)
                field = next(name for name in mine if mine[name] != others[name])
                what, one, other = f"{section}.{field}", mine[field], others[field]
            raise SettingError(
                f"{self.root} holds a run with {what} = {other!r}, not {one!r}; choose another folder with --out, "
                "or repeat its command to go on with it"
            )

    def write_config(self, config: RunConfig, plan: Plan) -> None:
        """Replace run.toml, with the versions that made the run as a table that is not read back."""
        versions = {"ganvas": __version__, "torch": version("torch"), "python": platform.python_version()}
        table = "\n[versions]\n" + "".join(f'{name} = "{version}"\n' for name, version in versions.items())
        replace_text(self.config_path, to_toml(config, plan) + table)

    def write_data(self, report: dict[str, Any]) -> None:
        """Replace data.json: what the doctor found."""
        replace_text(self.data_path, json.dumps(report, indent=1, ensure_ascii=False) + "\n")

    def pictures_key(self) -> str:
        """The content key of the pictures that the run was last trained on; '' if there is no telling."""
        try:
            return str(read_json(self.data_path)["key"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def start_key(self) -> str:
        """A hash of the weights that the run began with; "" where it began with new ones, or there is no telling."""
        there = self.read_config()
        return "" if there is None or there.plan is None else there.plan.start_key

    def read_log(self) -> Log:
        """What the log holds so far."""
        return read_log(self.log_path)

    def log_numbers(self, numbers: Numbers) -> None:
        """Append the numbers of a moment to log.jsonl: at least `images` and `seconds`."""
        self._append(json.dumps(numbers))

    def log_event(self, event: Event) -> None:
        """Append an event to log.jsonl."""
        self._append(json.dumps(event.model_dump(), ensure_ascii=False))

    def _append(self, line: str) -> None:
        """Append a whole line or nothing."""
        stored = f"{line}\n".encode()
        with self.log_path.open("ab", buffering=0) as file:
            before = file.tell()
            try:
                if file.write(stored) < len(stored):  # the system says why only at the next write
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.log_path))
            except OSError:
                file.truncate(before)
                raise

    def forget_after(self, images: int) -> int:
        """Drop from the log what a crash left behind of the time after the saved state, which is trained again.

        Returns:
            How many lines could not be read, and were dropped too.
        """
        return forget_after(self.log_path, images)

    def keep_moment(self, generator: nn.Module, images: int, budget_bytes: int) -> None:
        """Keep the generator of this moment at half precision, thinning older ones to stay within `budget_bytes`.

        The moment that goes is the one nearest to its predecessor on a scale of ratios, so that what remains stays
        log-spaced; the newest stays. A budget too small for two keeps none but the newest.
        """
        path = self.root / MOMENTS / f"{moment_name(images)}.safetensors"
        save_weights(path, generator, half=True)
        moments = kept_moments(self.root)
        while len(moments) > 1 and sum(file.stat().st_size for file in moments.values()) > budget_bytes:
            counts = sorted(moments)
            gaps = [math.log2((later + 1) / (earlier + 1)) for earlier, later in pairwise(counts)]
            # counts[-1] is never dropped: its gap decides only whether its predecessor goes.
            nearest = gaps.index(min(gaps))
            victim = counts[nearest + 1] if nearest + 1 < len(counts) - 1 else counts[nearest]
            moments.pop(victim).unlink()

    def drawn(self) -> list[Path]:
        """The drawn moments in order."""
        return sorted(path for path in self.samples.glob("*.png") if is_moment(path))


def _holder(path: Path) -> str:
    """Who wrote that file, as the subject of a sentence."""
    try:
        return f"process {int(read_small(path, 20))}"
    except (OSError, ValueError):  # it has only just begun
        return "another process"


def moment_name(images: int) -> str:
    """The name, without ending, of what belongs to the moment after `images`: 000012800."""
    return f"{images:09d}"
