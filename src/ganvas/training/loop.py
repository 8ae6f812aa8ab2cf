"""The loop: steps until the planned number of images is shown, and a word after each. What to do about it is run's."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ganvas.config import RunConfig
from ganvas.data import Batch
from ganvas.training.architectures import architecture
from ganvas.training.state import TrainingState
from ganvas.training.step import train_step
from ganvas.training.tally import Report


class Stream(Protocol):
    """Where the pictures of a step come from; a pure function of images shown."""

    def batch_at(self, images_shown: int, count: int) -> Batch:
        """The `count` pictures that follow after `images_shown`."""
        ...


@dataclass(frozen=True)
class Progress:
    """Where a run is after a step."""

    images: int
    seconds: float
    report: Report


def training_loop(
    state: TrainingState,
    stream: Stream,
    config: RunConfig,
    until_images: int,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Progress]:
    """Train `state` in place until `until_images` have been shown, yielding after each step.

    `state.seconds` counts the time spent here and by whoever handles the progress, but not that of earlier sittings
    twice: a resumed state goes on from its own.

    On a GPU a step is asked for and not waited for: the pictures of the next are prepared and uploaded while it is
    computed. The clock then is ahead of the device, until who is told of a step reads its numbers.

    Args:
        clock: seconds since any moment.
    """
    play = architecture(config.network.architecture).step
    started = clock() - state.seconds
    while state.images < until_images:
        batch = stream.batch_at(state.images, config.training.step_after(state.images))
        report = train_step(state, batch if config.pictures.conditional else batch.without_labels(), config, play)
        state.seconds = clock() - started
        yield Progress(state.images, state.seconds, report)
