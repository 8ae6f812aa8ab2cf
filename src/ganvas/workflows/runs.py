"""A run as a value: what is in its folder, read when it is asked for."""

import base64
import html
import os
from pathlib import Path

from ganvas.config import Plan, RunConfig, from_toml
from ganvas.errors import SettingError
from ganvas.formats.log import Log
from ganvas.formats.log_events import Assessed
from ganvas.metrics import Measure, best_measure
from ganvas.run.events import Finished
from ganvas.run.folder import RunFolder
from ganvas.run.monitor import measures_in
from ganvas.wording import counted
from ganvas.workflows.progress import finished_text


class Run:
    """A run folder; `ganvas.train` returns it, and `ganvas.Run("runs/cats-swift")` reads an earlier one.

    Args:
        path: the folder.
        finished: how the sitting ended that made this value; None for a folder that is only read.
    Raises:
        SettingError: there is no run in that folder.
    """

    def __init__(self, path: str | os.PathLike[str], finished: Finished | None = None) -> None:
        self.path, self.finished = Path(path), finished
        if finished is None and not RunFolder(self.path).is_begun:
            raise SettingError(f"{self.path}: there is no run in this folder")

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def config(self) -> RunConfig:
        """What was asked of it.

        Raises:
            SettingError: there is no run, or it cannot be read.
        """
        return from_toml(self.path / "run.toml").config

    @property
    def plan(self) -> Plan | None:
        """What was planned: images, width, when it was measured. Raises as `config`."""
        return from_toml(self.path / "run.toml").plan

    @property
    def log(self) -> Log:
        """Its log so far: numbers by moment, and events."""
        return RunFolder(self.path).read_log()

    @property
    def images(self) -> int:
        """Images shown so far."""
        numbers = self.log.numbers
        return int(numbers[-1]["images"]) if numbers else 0

    @property
    def seconds(self) -> float:
        """Seconds of training so far, over all sittings."""
        return self.log.seconds

    @property
    def verdict(self) -> Assessed | None:
        """The latest verdict: `kind`, `evidence`, `advice`; None before there was one."""
        return next((event for event in reversed(self.log.events) if isinstance(event, Assessed)), None)

    @property
    def best(self) -> Measure | None:
        """The measure of the model that it ships; None if it was not measured."""
        return best_measure(measures_in(self.log.numbers), self.config.health)

    @property
    def report(self) -> Path:
        """The page that shows all of it; it opens from disk."""
        return self.path / "index.html"

    @property
    def interrupted(self) -> bool:
        """Whether the sitting was ended from outside, with its state saved."""
        return self.finished is not None and self.finished.interrupted

    def __str__(self) -> str:
        if self.finished is not None:
            return finished_text(self.finished)
        verdict = self.verdict
        return f"{self.path}: {counted(self.images, 'image')}{'' if verdict is None else f', {verdict.text}'}"

    def _repr_html_(self) -> str:
        """For a notebook: what it says, and its latest pictures."""
        try:
            drawn = RunFolder(self.path).drawn()
            picture = base64.b64encode(drawn[-1].read_bytes()).decode("ascii") if drawn else ""
        except OSError as error:
            raise SettingError(f"{self.path}: cannot be read: {error.strerror}") from error
        shown = f'<br><img alt="latest pictures" src="data:image/png;base64,{picture}">' if picture else ""
        return f"<pre>{html.escape(str(self))}</pre>{shown}"
