"""One trial of a search: a training like any other, stopped early where it is not worth its time, and its score."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganvas.config import RunConfig
from ganvas.errors import DivergedError
from ganvas.metrics import Measure, best_measure
from ganvas.run.events import Looked, RunEvent, Stepped
from ganvas.run.folder import RunFolder
from ganvas.run.monitor import measures_in
from ganvas.workflows.progress import Interruption, show_training
from ganvas.workflows.score import ScoreOptions, score_pictures
from ganvas.workflows.train import train

SCORED = 500  # pictures, from the seed 0 on, as `ganvas score` takes; a run chooses its best moment by others


@dataclass(frozen=True)
class TrialEnd:
    """How a trial ended.

    value: KD of 500 pictures of the model that it ships, with `low` and `high`, the ends of its 95% interval; None
    where it was not finished. reason: why it does not count although it was finished, or why it was not; "" else.
    is_last: the process was asked to end meanwhile.
    """

    how: Literal["finished", "pruned", "interrupted"]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    is_last: bool = False


IsPruned = Callable[[float, float], bool]
"""Is told the share of its time that a trial has had, and the KD it has reached; says whether to stop there."""


def run_trial(config: RunConfig, folder: Path, is_pruned: IsPruned, *, progress: bool = True) -> TrialEnd:
    """Train in `folder`, or go on with what is there, and score the model.

    Args:
        config: with a limit in seconds.
        is_pruned: asked after every measure.
        progress: show on stderr how the training goes.
    Raises:
        GanvasError: the pictures or a setting cannot be used. That the losses are no longer finite is an end like
            others: such settings are to be avoided.
    """
    interruption, watched = Interruption(), _Watched(config, folder, is_pruned)
    run = train(config, folder, interrupted=lambda: watched.is_over or interruption.happened())
    try:
        show_training(watched.follow(run), interruption, quiet=not progress)
    except DivergedError as error:
        return TrialEnd("pruned", reason=str(error))
    if watched.is_over:
        return TrialEnd("pruned", reason=watched.reason, is_last=interruption.happened())
    if interruption.happened():
        return TrialEnd("interrupted", reason="stopped from outside")
    card = score_pictures(ScoreOptions(folder, config.pictures.source, count=SCORED)).card
    found = card.model.kernel_distance
    copies = "" if card.copies is None or not card.copies.is_copying else "its pictures copy those of the set"
    return TrialEnd("finished", found.value, found.low, found.high, copies)


class _Watched:
    """A run whose measures are passed on, from the beginning also where it was begun in another sitting."""

    def __init__(self, config: RunConfig, folder: Path, is_pruned: IsPruned) -> None:
        self.config, self._is_pruned = config, is_pruned
        self.is_over, self.reason = False, ""
        self._measures: list[Measure] = measures_in(RunFolder(folder).read_log().numbers)

    def follow(self, run: Iterator[RunEvent]) -> Iterator[RunEvent]:
        """The events of a run, but for what the doctor found, which is the same every time."""
        for event in run:
            if isinstance(event, Stepped):
                self._note(event)
            if not isinstance(event, Looked):
                yield event

    def _note(self, step: Stepped) -> None:
        measured = measures_in([{**step.numbers, "images": step.images}])
        self._measures += measured
        best = best_measure(self._measures, self.config.health)
        limit = self.config.limits.seconds
        if measured and best is not None and limit is not None and not self.is_over:
            share = step.seconds / limit
            self.is_over = self._is_pruned(share, best.kernel_distance)
            self.reason = f"among the worse half after {100 * share:.0f}% of its time"
