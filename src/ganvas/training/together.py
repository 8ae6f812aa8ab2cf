"""A loop that several processes go through together: rank 0 says what comes next, the others do it too.

Rank 0 runs as if it were alone. Before its first step, and after a rescue, it hands its state to the others; before
each step it says that there is one, and is told whether they were asked to end and what they could not read of their
pictures. Everything that depends on clocks, files and measures is so decided in one place.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ganvas.config import RunConfig
from ganvas.data import BatchStream, Loss
from ganvas.errors import SettingError
from ganvas.ranks import Ranks
from ganvas.training.checkpoint import state_tensors
from ganvas.training.loop import Progress, training_loop
from ganvas.training.state import TrainingState

Loop = Callable[..., Iterator[Progress]]
"""As training_loop."""
_ENDLESS = 2**62  # images


class _Word(IntEnum):
    STEP, STATE, END = 0, 1, 2


_NUMBERS = 7  # that rank 0 says at once: the word, and up to six more


@dataclass(frozen=True)
class End:
    """How rank 0 ended, as it told the others."""

    images: int
    seconds: float
    interrupted: bool


@dataclass(frozen=True)
class Follower:
    """What another rank than 0 needs.

    build: a state with networks of that width. stream: of this rank's share. key: a number that differs when the
    pictures do.
    """

    build: Callable[[float], TrainingState]
    stream: BatchStream
    key: int


class Leader:
    """What rank 0 is to the others: it says what comes next, and hears what they tell. Of one process it is silent.

    is_asked_to_end: whether one of the others was, as it told.
    """

    def __init__(self, ranks: Ranks) -> None:
        self.ranks, self.is_asked_to_end = ranks, False
        self._is_in_step = False

    def leading(self, loop: Loop, key: int) -> Loop:
        """`loop` for rank 0; the others take the same steps. For one process it is `loop` itself.

        Args:
            key: of the pictures, as that of a Follower.
        """
        if self.ranks.count == 1:
            return loop

        def lead(
            state: TrainingState,
            stream: BatchStream,
            config: RunConfig,
            until_images: int,
            *,
            clock: Callable[[], float] = time.perf_counter,
        ) -> Iterator[Progress]:
            handed: int | None = None  # rescues of the state that the others have
            steps = loop(state, stream, config, until_images, clock=clock)
            while state.images < until_images:
                if state.rescues != handed:
                    here = state.images, state.seconds, state.augment_share, state.rescues
                    self._say(stream, _Word.STATE, key, state.spec.multiplier, *here)
                    self.ranks.share(state_tensors(state).values())
                    handed = state.rescues
                self._say(stream, _Word.STEP)
                self._is_in_step = True
                progress = next(steps)
                self._is_in_step = False
                yield progress

        return lead

    def end(self, end: End) -> None:
        """Let the others end too. Where a step failed here they are within it, and learn it by the end of this process.

        Raises:
            ProcessError: one of them is gone.
        """
        if self.ranks.count > 1 and not self._is_in_step:
            _exchange(self.ranks, _Word.END, end.images, end.seconds, end.interrupted)

    def _say(self, stream: BatchStream, word: _Word, *numbers: float) -> None:
        heard = _exchange(self.ranks, word, *numbers)
        self.is_asked_to_end = self.is_asked_to_end or heard.asked_to_end
        if heard.lost is not None:
            stream.add_loss(heard.lost)


def follow(
    ranks: Ranks,
    begin: Callable[[], Follower],
    config: RunConfig,
    asked_to_end: Callable[[], bool] = lambda: False,
) -> End:
    """What the other ranks do: take the steps that rank 0 says, until it ends.

    Args:
        begin: called when rank 0 is ready for the first step, if it ever is.
        asked_to_end: asked before every step; rank 0 is told.
    Raises:
        PicturesError: too many of this rank's pictures can no longer be read.
        ProcessError: another process ended before its time.
        SettingError: rank 0 has other pictures.
    """
    follower: Follower | None = None
    state: TrainingState | None = None
    steps: Iterator[Progress] = iter(())
    while True:
        losses = [] if follower is None else follower.stream.losses()
        word, *numbers = _exchange(ranks, asked_to_end=asked_to_end(), losses=losses).said
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


@dataclass(frozen=True)
class _Heard:
    """said: by rank 0. asked_to_end: whether one of the others is. lost: pictures of the others."""

    said: list[float]
    asked_to_end: bool
    lost: Loss | None


def _exchange(ranks: Ranks, *said: float, asked_to_end: bool = False, losses: Sequence[Loss] = ()) -> _Heard:
    """Say what there is to say, as rank 0 or as another one, and hear what all the others do."""
    silence = [0.0] * (_NUMBERS - len(said))
    *heard, ends, lost = ranks.sums(*said, *silence, asked_to_end, sum(loss.pictures for loss in losses))
    if not lost:
        return _Heard(heard, ends > 0, None)
    texts = ranks.texts(f"{losses[0].where}\n{losses[0].reason}" if losses else "")
    where, _, reason = next(filter(None, texts)).partition("\n")
    return _Heard(heard, ends > 0, Loss(int(lost), where, reason))


def _take_over(state: TrainingState, clock: list[float], ranks: Ranks) -> None:
    images, state.seconds, state.augment_share, rescues = clock
    state.images, state.rescues = int(images), int(rescues)
    ranks.share(state_tensors(state).values())
    state.slow_down()
