"""What is tried on a copy of the state before a run: whether its largest step fits, and whether it can be compiled.

Both depend on the device and on what else runs there, so that they are tried rather than predicted.
"""

import copy
from collections.abc import Callable

import torch
from torch import nn

from ganvas.config import RunConfig
from ganvas.device import compile_network, synchronise
from ganvas.errors import SettingError
from ganvas.training.architectures import architecture
from ganvas.training.loop import Stream
from ganvas.training.state import TrainingState
from ganvas.training.step import train_step

Step = Callable[[TrainingState, Stream, RunConfig], None]
Compile = Callable[[nn.Module], None]


def largest_step(state: TrainingState, stream: Stream, config: RunConfig) -> None:
    """One step of the largest batch, on a copy of `state` that is thrown away. Nothing on the CPU, where none runs out.

    Raises:
        torch.OutOfMemoryError: the device cannot hold it.
    """
    if state.device.type != "cpu":
        _take(copy.deepcopy(state), stream, config, at=first_of_the_largest(config))


def first_of_the_largest(config: RunConfig) -> int:
    """Images shown before the first step of the largest batch."""
    step, doubles = config.training.step_images, config.training.double_batch_at or 0
    return -(-doubles // step) * step


def fits(state: TrainingState, stream: Stream, config: RunConfig, step: Step = largest_step) -> bool:
    """Whether the device can hold the largest step."""
    try:
        step(state, stream, config)
    except torch.OutOfMemoryError:
        return False
    return True


def check_batch(state: TrainingState, stream: Stream, config: RunConfig, step: Step = largest_step) -> None:
    """Raises SettingError, with a batch that fits, if that of the configuration is larger than the device can hold.

    Nothing is made smaller in silence: the batch is part of what is learned.
    """
    batch = config.training.batch
    if fits(state, stream, config, step):
        return
    fitting = batch // 2
    while fitting and not fits(state, stream, with_batch(config, fitting), step):
        fitting //= 2
    advice = f"{fitting} fits: --set training.batch={fitting}, or" if fitting else "not even 1 does;"
    raise SettingError(
        f"training.batch = {batch} does not fit into the memory of {state.device} that is free; {advice} choose a "
        "smaller --size or network.width, or another device"
    )


def with_batch(config: RunConfig, batch: int) -> RunConfig:
    """The same at another batch."""
    return config.model_copy(update={"training": config.training.model_copy(update={"batch": batch})})


def compile_parts(state: TrainingState, config: RunConfig, compile: Compile = compile_network) -> None:
    """Have PyTorch's compiler make kernels for what an architecture says can be compiled, when it is first called."""
    parts = architecture(config.network.architecture).compiled
    for part in () if parts is None else parts(state, config):
        compile(part)


def why_not_compiled(
    state: TrainingState, stream: Stream, config: RunConfig, compile: Compile = compile_network
) -> str:
    """Try a step of each size with compiled parts, on a copy of `state` that is thrown away.

    Returns:
        "" if that works, else what the compiler said: it is missing, or what it makes cannot be run here.
    """
    if architecture(config.network.architecture).compiled is None:
        return f"the step of {config.network.architecture} is not one that can be"
    tried = copy.deepcopy(state)
    try:
        compile_parts(tried, config, compile)
        for at in sorted({state.images, max(state.images, first_of_the_largest(config))}):
            _take(tried, stream, config, at=at)
    except Exception as error:  # noqa: BLE001 - a compiler and its tools fail in any way
        said = " ".join(str(error).split())[:200]
        return f"{type(error).__name__}: {said}" if said else type(error).__name__
    return ""


def _take(state: TrainingState, stream: Stream, config: RunConfig, *, at: int) -> None:
    """A step as after `at` images, on the pictures that are shown next."""
    batch = stream.batch_at(state.images, config.training.step_after(at))
    state.images = at
    play = architecture(config.network.architecture).step
    train_step(state, batch if config.pictures.conditional else batch.without_labels(), config, play)
    synchronise(state.device)
