"""A loop that several processes go through together: rank 0 says what comes next, the others do it too.

Rank 0 runs as if it were alone. Before its first step, and after a rescue, it hands its state to the others; before
each step it says that there is one. Everything that depends on clocks, files and measures is so decided in one place.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from ganvas.config import RunConfig
from ganvas.errors import SettingError
from ganvas.ranks import Ranks
from ganvas.training.checkpoint import state_tensors
from ganvas.training.loop import Progress, Stream, training_loop
from ganvas.training.state import TrainingState

Loop = Callable[..., Iterator[Progress]]
"""As training_loop."""
_ENDLESS = 2**62  # images


class _Word(IntEnum):
    STEP, STATE, END = 0, 1, 2


_NUMBERS = 7  # that are said at once: the word, and up to six more


@dataclass(frozen=True)
class End:
    """How rank 0 ended, as it told the others."""

    images: int
    seconds: float
    interrupted: bool


@dataclass(frozen=True)
class Follower:
    """What another rank than 0 needs.

    build: a state with networks of that width. key: a number that differs when the pictures do.
    """

    build: Callable[[float], TrainingState]
    stream: Stream
    key: int


def leading(loop: Loop, ranks: Ranks, key: int) -> Loop:
    """`loop` for rank 0; the others take the same steps. For one process it is `loop` itself.

    Args:
        key: of the pictures, as that of a Follower.
    """
    if ranks.count == 1:
        return loop

    def lead(
        state: TrainingState,
        stream: Stream,
        config: RunConfig,
        until_images: int,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> Iterator[Progress]:
        handed: int | None = None  # rescues of the state that the others have
        steps = loop(state, stream, config, until_images, clock=clock)
        while state.images < until_images:
            if state.rescues != handed:
                _hand_over(state, ranks, key)
                handed = state.rescues
            _say(ranks, _Word.STEP)
            yield next(steps)

    return lead


def say_end(ranks: Ranks, end: End) -> None:
    """Rank 0: let the others end too."""
    _say(ranks, _Word.END, end.images, end.seconds, end.interrupted)


def follow(ranks: Ranks, begin: Callable[[], Follower], config: RunConfig) -> End:
    """What the other ranks do: take the steps that rank 0 says, until it ends.

    Args:
        begin: called when rank 0 is ready for the first step, if it ever is.
    Raises:
        ProcessError: another process ended before its time.
        SettingError: rank 0 has other pictures.
    """
    follower: Follower | None = None
    state: TrainingState | None = None
    steps: Iterator[Progress] = iter(())
    while True:
        word, *numbers = ranks.hear(_NUMBERS)
        if word == _Word.END:
            images, seconds, interrupted, *_ = numbers
            return End(int(images), seconds, bool(interrupted))
        if word == _Word.STATE:
            key, width, *clock = numbers
            follower = follower or begin()
            if follower.key != key:
                raise SettingError(
                    f"process {ranks.rank} of {ranks.count} has other pictures than process 0; give all the same"
                )
            if state is None or state.spec.multiplier != width:
                state = follower.build(width)
            _take_over(state, clock, ranks)
            steps = training_loop(state, follower.stream, config, _ENDLESS)
        else:
            next(steps)


def _hand_over(state: TrainingState, ranks: Ranks, key: int) -> None:
    clock = state.images, state.seconds, state.augment_share, state.rescues
    _say(ranks, _Word.STATE, key, state.spec.multiplier, *clock)
    ranks.share(state_tensors(state).values())


def _take_over(state: TrainingState, clock: list[float], ranks: Ranks) -> None:
    images, state.seconds, state.augment_share, rescues = clock
    state.images, state.rescues = int(images), int(rescues)
    ranks.share(state_tensors(state).values())
    state.slow_down()


def _say(ranks: Ranks, word: _Word, *numbers: float) -> None:
    ranks.say(word, *numbers, *[0.0] * (_NUMBERS - 1 - len(numbers)))
