"""How near the default's training step comes to what this machine could do: its time against its roofline.

    python -m bench.roofline [--size 64x64]

Each operation of a step, forward and backward, is bounded by the larger of its operations over the measured rate of a
dense 3x3 convolution and the bytes of its tensors over the measured rate of a copy. There are two rooflines: that of
convolutions, matrix products and resamplings alone, where what lies between them (activations, losses, Adam, the
average) is free, since it could be fused into them, and that of every operation as it is called. Beside them stands
what each kind of operation took, and what the cache of the frozen features of real pictures saves: steps with and
without it in turns, by the processor's seconds.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from ganvas.data import Batch
from ganvas.device import prepare
from ganvas.networks import NetworkSpec
from ganvas.recipes import RECIPES
from ganvas.training import TrainingState, new_state
from ganvas.training.feature_cache import FeatureCache
from ganvas.training.step import train_step
from ganvas.training.steps.swift import swift_play

CONFIG = RECIPES["swift"].config
RESAMPLINGS = ("upsample_bilinear2d", "avg_pool2d")
STEPS = 40


def seconds(work: Callable[[], object], times: int) -> float:
    """The median of so many, after two to warm up."""
    taken = []
    for _ in range(times + 2):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[2:])


def convolution_rate(batch: int, times: int) -> float:
    """Operations a second of the best of some dense 3x3 convolutions, channels-last."""
    best = 0.0
    for channels, side in ((64, 32), (128, 16), (256, 16), (128, 32)):
        maps = torch.randn(batch * 2, channels, side, side).to(memory_format=torch.channels_last)
        kernel = torch.randn(channels, channels, 3, 3).to(memory_format=torch.channels_last)
        operations = 2 * 9 * channels**2 * side**2 * len(maps)
        best = max(best, operations / seconds(lambda m=maps, k=kernel: F.conv2d(m, k, padding=1), times))
    return best


def copy_rate(times: int) -> float:
    """Bytes a second, read and written, of copying what no cache holds."""
    source = torch.ones(64 << 20, dtype=torch.uint8)
    target = torch.empty_like(source)
    return 2 * source.nbytes / seconds(lambda: target.copy_(source), times)


class Bound(TorchDispatchMode):
    """Sums, by kind of operation, the seconds that each must take.

    fused: those of convolutions, products and resamplings alone.
    """

    def __init__(self, operations_per_second: float, bytes_per_second: float) -> None:
        super().__init__()
        self.rates = operations_per_second, bytes_per_second
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.fused = 0.0
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        packet, name = func.overloadpacket, func.overloadpacket.__name__
        operations = 0
        if packet in flop_registry:
            operations = flop_registry[packet](*args, **(kwargs or {}), out_val=result)
        if not moves_nothing(func):
            moved = sum(bytes_of(leaf) for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor))
            least = max(operations / self.rates[0], moved / self.rates[1])
            self.operations += operations
            self.seconds[name] += least
            if packet in flop_registry or name.removesuffix("_backward") in RESAMPLINGS:
                self.fused += least
        return result


def moves_nothing(func: Any) -> bool:
    """Whether what an operation returns is its argument seen otherwise, or memory that nothing was written to."""
    if "empty" in func.overloadpacket.__name__:
        return True
    aliases = [each.alias_info for each in func._schema.returns]
    return bool(aliases) and all(alias is not None and not alias.is_write for alias in aliases)


def bytes_of(tensor: Tensor) -> int:
    """What is read or written of it; an expanded tensor holds less than it shows."""
    return min(tensor.nbytes, tensor.untyped_storage().nbytes())


def saved_by_the_cache(step: Callable[[], object], without: Callable[[], object], times: int) -> float:
    """How many times as long a step takes that computes the features of its real pictures: the median of pairs."""

    def once(work: Callable[[], object]) -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    return statistics.median([once(without) / once(step) for _ in range(times)])


def swift_state(width: int, height: int, count: int, *, is_cached: bool = True) -> tuple[TrainingState, Batch]:
    """The recipe before its first step, and a batch of noise: the cost of a step does not depend on the pictures.

    Args:
        count: pictures of the batch. is_cached: whether the features of real pictures are kept.
    """
    numbers = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8, generator=numbers)
    spec = NetworkSpec(height, width, 3, CONFIG.network.z_dim)
    state = new_state(CONFIG, spec, torch.device("cpu"))
    if not is_cached:
        state.features = FeatureCache(largest_bytes=0)
    return state, Batch(images, None, torch.arange(count), torch.zeros(count, dtype=torch.bool))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the machine, bound one step, time many, and print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="64x64")
    parser.add_argument("--steps", type=int, default=STEPS, help="that are timed; convolutions and copies: at most 20")
    # all but the first steps of a run show so many at once
    parser.add_argument("--batch", type=int, default=CONFIG.training.step_images, help="pictures of a step")
    asked = parser.parse_args(arguments)
    width, height = map(int, asked.size.split("x"))
    profiled_steps = max(asked.steps // 4, 1)
    prepare(torch.device("cpu"))
    operations, moved = convolution_rate(asked.batch, min(asked.steps, 20)), copy_rate(min(asked.steps, 20))
    state, batch = swift_state(width, height, asked.batch)
    uncached, _ = swift_state(width, height, asked.batch, is_cached=False)

    def step() -> object:
        return train_step(state, batch, CONFIG, swift_play)

    def without() -> object:
        return train_step(uncached, batch, CONFIG, swift_play)

    taken = seconds(step, asked.steps)
    with Bound(operations, moved) as bound:
        step()
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(profiled_steps):
            step()
    rates = f"convolutions {operations / 1e9:.0f} GFLOP/s, copies {moved / 1e9:.1f} GB/s"
    print(f"{rates}, {torch.get_num_threads()} threads")
    speed = f"{1e3 * taken:.0f} ms, {asked.batch / taken:.0f} images/s"
    print(f"a step of {asked.batch}: {bound.operations / 1e9:.1f} GFLOP, {speed}")
    for name, least in ("with all else free", bound.fused), ("of every operation", sum(bound.seconds.values())):
        print(f"roofline {name} {1e3 * least:.0f} ms: the step takes {taken / least:.2f} of it")
    without()  # it warms up
    saved = saved_by_the_cache(step, without, asked.steps)
    print(f"without the cache of real pictures' features a step takes {saved:.2f} times as long")
    print("\n| operation | ms | roofline, ms |\n|---|---|---|")
    found = {event.key.removeprefix("aten::"): event for event in profiled.key_averages()}
    shown = sorted(found.items(), key=lambda pair: -pair[1].self_cpu_time_total)[:24]
    for name, event in shown:
        each = event.self_cpu_time_total / 1e3 / profiled_steps
        print(f"| {name} | {each:.1f} | {1e3 * bound.seconds[name]:.1f} |")


if __name__ == "__main__":
    main()
