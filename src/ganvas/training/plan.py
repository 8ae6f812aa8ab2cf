"""What the time buys: a short probe of the speed, and the number of images to show."""

import copy
import math
import sys
import time
from collections.abc import Callable, Iterator

from ganvas.config import MeasuringSettings, NetworkSettings, RunConfig
from ganvas.device import compile_network, synchronise
from ganvas.training.loop import Progress, Stream, training_loop
from ganvas.training.state import TrainingState
from ganvas.training.trials import Compile, compile_parts


def probe_speed(
    config: RunConfig,
    state: TrainingState,
    stream: Stream,
    *,
    seconds: float = 0.5,
    clock: Callable[[], float] = time.perf_counter,
    loop: Callable[..., Iterator[Progress]] = training_loop,
    compile: Compile = compile_network,
) -> float:
    """Images a second of whole steps of `config`, on a copy of `state` that is thrown away.

    The first step of a process also chooses kernels and fills memory pools; it counts only where steps are so long that
    there is no time for another.

    Args:
        seconds: whole steps are run until this much time has passed, at least one.
        clock: seconds since any moment.
        loop: as training_loop. compile: one network, in place.
    """
    state = copy.deepcopy(state)  # which is not compiled, even where what is copied was
    if config.compile:
        compile_parts(state, config, compile)
        next(iter(loop(state, stream, config, sys.maxsize, clock=clock)))  # which compiles
    started = clock()
    ends: list[tuple[int, float]] = [(state.images, 0.0)]
    for progress in loop(state, stream, config, sys.maxsize, clock=clock):
        synchronise(state.device)
        ends.append((progress.images, clock() - started))
        if ends[-1][1] >= seconds:
            break
    (first_images, first), (images, last) = ends[min(1, len(ends) - 2)], ends[-1]
    return (images - first_images) / (last - first)


def width_for(images: int, network: NetworkSettings) -> float:
    """Of networks that are to be shown so many images at width 1, where nobody set it: more is learned, not so soon."""
    return network.wide if images >= network.wide_from_images else 1.0


def planned_images(
    until_images: int | None, seconds_left: float | None, *, shown: int, images_per_second: float, step_images: int
) -> int:
    """Images that a run will have shown: those that were, and what fits into the seconds left, in whole steps, at least
    one to begin with, but not more than `until_images`.

    Raises:
        ValueError: there is no limit at all.
    """
    if seconds_left is None:
        if until_images is None:
            raise ValueError("no limit: expected seconds, images or epochs")
        return until_images
    fitting = int(max(seconds_left, 0.0) * images_per_second / step_images) * step_images
    planned = max(shown + fitting, step_images)
    return planned if until_images is None else min(planned, until_images)


def measuring_plan(
    measuring: MeasuringSettings, *, seconds: float, images: int, step_images: int, seconds_per_picture: float
) -> tuple[int, int]:
    """How often a run of `seconds` and `images` is measured, and on how many pictures, within its share of the time.

    Large samples come before frequent ones, as long as there are `fewest` of them; of small samples there may be fewer.
    Two of the smallest are taken even where they need more than `share`, up to `short_share`.

    Returns:
        Images from one measure to the next, in whole steps, and pictures a measure; (0, 0) where not even two small
        ones fit.
    """
    pictures = seconds / seconds_per_picture  # that could be measured in all the time
    fitting = {count: int(measuring.share * pictures / count) - measuring.preparation for count in measuring.counts}
    count = next((count for count in fitting if fitting[count] >= measuring.fewest), measuring.counts[-1])
    measures = min(fitting[count], measuring.most)
    if measures < 2:
        if measuring.share == 0 or count * (2 + measuring.preparation) > measuring.short_share * pictures:
            return 0, 0
        measures = 2
    return max(math.ceil(images / measures / step_images), 1) * step_images, count


def is_drawn_moment(images: int, step_images: int, per_octave: int) -> bool:
    """Whether the same latents are drawn again after `images`: at 0, then `per_octave` times while they double.

    Always on whole steps.

    It does not depend on where the run ends, so that a run that is extended later goes on with the same film.
    """
    step, rest = divmod(images, step_images)
    if rest or step < 1:
        return images == 0
    nearest = math.floor(per_octave * math.log2(step))
    return any(math.ceil(2 ** (k / per_octave)) == step for k in range(max(nearest - 1, 0), nearest + 2))
