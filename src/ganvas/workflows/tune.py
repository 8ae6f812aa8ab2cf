"""Search the settings of a recipe that suit a set: trainings of one length, the best of which becomes a run.toml."""

import os
import time as clocks
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ganvas.config import RunConfig
from ganvas.errors import SettingError, missing_package
from ganvas.report.tuning_page import TrialView, best_of, default_of
from ganvas.run.folder import RunFolder
from ganvas.searched import SEARCHED, Searched
from ganvas.wording import counted
from ganvas.workflows.ask import wanted_run
from ganvas.workflows.parse import Size, parse_duration, parse_size
from ganvas.workflows.progress import show_line
from ganvas.workflows.train import check_out, check_parts
from ganvas.workflows.trial import run_trial

if TYPE_CHECKING:
    from ganvas.data.handed import PicturesLike
    from ganvas.workflows.searching import RunTrial


@dataclass(frozen=True)
class Tuning:
    """What a search has found so far.

    path: its folder. trials: in order. best: the configuration of the best, as best.toml has it; None before one was
    finished. interrupted: this call was stopped from outside.
    """

    path: Path
    trials: tuple[TrialView, ...]
    best: RunConfig | None
    interrupted: bool = False

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        begun = {trial.folder for trial in self.trials if trial.state != "waiting"}
        found = {one.number: one for one in (best_of(self.trials), default_of(self.trials)) if one is not None}
        lines = [counted(len(begun), "trial"), *(f"{one.title}: {one.measured}" for one in found.values())]
        if self.best is not None:
            lines.append(f"train with the best: ganvas train --config {self.path / 'best.toml'}")
        if self.interrupted:
            lines.append("stopped; the same command again goes on from there")
        return "\n".join([*lines, f"open {(self.path / 'index.html').resolve()}"])


def tune(
    source: "PicturesLike",
    *,
    recipe: str | None = None,
    size: Size | None = None,
    time: str | float = "10m",
    trials: int = 30,
    within: str | float | None = None,
    out: str | os.PathLike[str] | None = None,
    storage: str | None = None,
    seed: int | None = None,
    device: str | None = None,
    blind: bool = False,
    conditional: bool = False,
    settings: Mapping[str, object] | Sequence[str] = (),
    progress: bool = True,
    run: "RunTrial | None" = None,
) -> Tuning:
    """Search the settings of a recipe that suit a set, by trainings that are stopped early where others did better.

    The first trial are the recipe's own settings. The same call again goes on; several at once share the search. Each
    trial is a run folder in OUT/trials, OUT/index.html shows them all, and OUT/best.toml is the best, for
    `train(config=...)`. A model that copies its training pictures is never the best.

    Args:
        source, recipe, size, blind, conditional: as `ganvas.train`.
        time: of every training; what is best for ten minutes need not be for an hour.
        trials: of the whole search, over all calls.
        within: begin no further trial after this time; None: as long as it takes.
        out: the folder of the search; None: tuning/SOURCE-RECIPE.
        storage: a database for processes on several machines, by its URL; None: a journal in `out`.
        seed: of every training; None: 0.
        settings: as `ganvas.train`; what is given is not searched.
        progress: show on stderr how it goes.
        run: trains and scores one trial; None: as `ganvas train` and `ganvas score` do.
    Raises:
        GanvasError: the pictures, a setting or the database cannot be used, or another search is in `out`.
    """
    from ganvas.data.handed import as_source

    try:
        from ganvas.workflows.searching import Worker
    except ModuleNotFoundError as error:
        raise missing_package("optuna", "tune", "Searches") from error

    began = clocks.monotonic()
    sides = (None, None) if size is None else parse_size(size)
    given: dict[str, object] = {
        "seed": seed,
        "device": device,
        "pictures.source": as_source(source),
        "pictures.width": sides[0],
        "pictures.height": sides[1],
        "pictures.conditional": conditional or None,
        "limits.seconds": parse_duration(time),
    }
    if trials < 1:
        raise SettingError(f"trials {trials}: expected one or more")
    last = None if within is None else began + parse_duration(within)
    base = wanted_run(recipe, None, Path(), given, settings, blind=blind).config
    if base.limits.seconds is None or base.limits.images or base.limits.epochs:
        raise SettingError("trials are compared after the same time: give --time, and no other limit")
    folder = _default_out(base) if out is None else Path(out)
    check_parts(base)
    check_out(base.pictures.source, RunFolder(folder))
    searched = _still_free(SEARCHED[base.recipe], settings)
    tell = show_line if progress else _nobody
    worker = Worker(folder, base, searched, storage, run or partial(run_trial, progress=progress), tell)
    worker.work(trials, last)
    worker.write()
    return Tuning(folder, worker.views(), worker.best(), worker.is_stopped)


def _still_free(searched: Searched, settings: Mapping[str, object] | Sequence[str]) -> Searched:
    """What is searched but for what was given."""
    fixed = {setting.partition("=")[0].strip() for setting in settings}
    free = {path: span for path, span in searched.items() if fixed.isdisjoint((path, *span.also))}
    if not free:
        raise SettingError(f"all that is searched was given: {', '.join(searched)}; leave one out")
    return free


def _default_out(base: RunConfig) -> Path:
    name = Path(base.pictures.source.replace(":", "-").rstrip("/")).resolve().name
    return Path("tuning") / f"{name.split('.')[0]}-{base.recipe}"


def _nobody(line: str) -> None:
    """Who is told where nobody wants to know."""
