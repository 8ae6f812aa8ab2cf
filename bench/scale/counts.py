"""What one step of training counts: operations, their arithmetic and bytes, sums over processes, memory.

The step itself is run on a CPU, every part of it: both players, penalties with their second derivatives, frozen
features, the optimizers, the average. What it costs does not depend on what is in the pictures.
"""

import math
import weakref
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from bench.roofline import bytes_of, moves_nothing
from bench.scale.hardware import Device
from ganvas.config import RunConfig, with_values
from ganvas.data import Batch
from ganvas.networks import NetworkSpec
from ganvas.networks.projected_discriminator import FrozenFeatures
from ganvas.ranks import ALONE, Ranks
from ganvas.training import TrainingState, architecture, new_state
from ganvas.training.checkpoint import state_tensors
from ganvas.training.feature_cache import AT_ONCE
from ganvas.training.plan import width_for
from ganvas.training.step import train_step

COUNTED = 4, 8  # pictures of the two steps that are counted; all is a straight line through them
SETTLED_IMAGES = 10_000  # shown by then, a step is what it stays: feature matching has risen, shares have faded
SETTLED_STEPS = 1000.0  # of the optimizers, which shorten long steps after a hundred


@dataclass
class Operations:
    """What was run: the arithmetic and the bytes of each operation, the bytes of each sum over processes.

    flops, moved, summed: a number for each. drawn: random numbers, which are drawn on the host for the pictures of all
    processes.
    """

    flops: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    summed: list[float] = field(default_factory=list)
    drawn: float = 0.0

    def seconds(self, device: Device) -> float:
        """Of the arithmetic: every operation takes as long as its arithmetic or its bytes, whichever is longer."""
        return float(np.maximum(np.array(self.flops) / device.flops, np.array(self.moved) / device.bytes).sum())


class Recorded(TorchDispatchMode):
    """Inside, all operations are written down."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = Operations()

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        found, packet = self.operations, func.overloadpacket
        if func.namespace == "c10d":
            found.summed += [leaf.nbytes for leaf in tree_leaves(args) if isinstance(leaf, Tensor)]
        elif packet.__name__.startswith("rand"):
            found.drawn += sum(leaf.numel() for leaf in tree_leaves(result) if isinstance(leaf, Tensor))
        elif not moves_nothing(func):
            counts = packet in flop_registry
            found.flops.append(flop_registry[packet](*args, **(kwargs or {}), out_val=result) if counts else 0)
            leaves = tree_leaves((args, kwargs, result))
            found.moved.append(sum(bytes_of(leaf) for leaf in leaves if isinstance(leaf, Tensor)))
        return result


class Kept:
    """The most bytes that backward passes had to keep at once: `most`. Inside `watched`."""

    def __init__(self) -> None:
        self.most = self._now = 0
        self._uses: Counter[int] = Counter()

    @contextmanager
    def watched(self) -> Generator[None]:
        with saved_tensors_hooks(self._keep, lambda held: held.tensor):
            yield

    def _keep(self, tensor: Tensor) -> "_Held":
        held, storage = _Held(tensor.detach()), tensor.untyped_storage()
        self._now += 0 if self._uses[storage.data_ptr()] else storage.nbytes()
        self._uses[storage.data_ptr()] += 1
        self.most = max(self.most, self._now)
        weakref.finalize(held, self._let_go, storage.data_ptr(), storage.nbytes())
        return held

    def _let_go(self, pointer: int, size: int) -> None:
        self._uses[pointer] -= 1
        self._now -= 0 if self._uses[pointer] else size


@dataclass(eq=False)
class _Held:
    tensor: Tensor


@dataclass(frozen=True)
class Counts:
    """What a step of `pictures` counts in one process of several, or of one alone.

    steps: those of a cycle, in which penalties that are not due every time come once. features: the frozen network on
    AT_ONCE pictures of the set; None where there is none. kept: bytes of the activations that backward passes need.
    weights: numbers that are trained. saved: bytes of the whole state, as a checkpoint holds it.
    """

    pictures: int
    steps: Sequence[Operations]
    features: Operations | None
    kept: int
    weights: int
    saved: int

    def mean(self, of: Callable[[Operations], float]) -> float:
        """Of the steps of the cycle."""
        return sum(map(of, self.steps)) / len(self.steps)


@dataclass(frozen=True)
class StepCost:
    """The same for any number of pictures a process: a straight line through two counts."""

    few: Counts
    many: Counts

    def at(self, pictures: float, of: Callable[[Counts], float]) -> float:
        """`of` a step of so many pictures."""
        slope = (of(self.many) - of(self.few)) / (self.many.pictures - self.few.pictures)
        return of(self.few) + slope * (pictures - self.few.pictures)

    def operations(self, pictures: float) -> float:
        return self.at(pictures, lambda counts: counts.mean(lambda step: len(step.flops)))

    def flops(self, pictures: float) -> float:
        return self.at(pictures, lambda counts: counts.mean(lambda step: sum(step.flops)))

    def seconds(self, pictures: float, device: Device) -> float:
        """Of the device's own work, were nothing to wait for."""
        return self.at(pictures, lambda counts: counts.mean(lambda step: step.seconds(device)))

    def sums(self, pictures: float) -> tuple[float, float]:
        """Sums over processes on the device: how many in a step, and the bytes of all."""
        return (
            self.at(pictures, lambda counts: counts.mean(lambda step: len(step.summed))),
            self.at(pictures, lambda counts: counts.mean(lambda step: sum(step.summed))),
        )

    def kept(self, pictures: float) -> float:
        """Bytes that backward passes need."""
        return self.at(pictures, lambda counts: counts.kept)

    def drawn(self, pictures: float) -> float:
        """Random numbers of a step of so many pictures, of all processes."""
        return self.at(pictures, lambda counts: counts.mean(lambda step: step.drawn))

    def feature_groups(self, pictures: float) -> int:
        """How often the frozen network runs where no picture of the set was seen before: AT_ONCE at a time."""
        return 0 if self.few.features is None else math.ceil(pictures / AT_ONCE)


def step_cost(config: RunConfig, size_px: int, width: float, *, together: bool) -> StepCost:
    """Args: together: as one of several processes, with what they sum; else alone."""
    return StepCost(*(counted(config, size_px, pictures, width, together=together) for pictures in COUNTED))


def counted(config: RunConfig, size_px: int, pictures: int, width: float, *, together: bool = False) -> Counts:
    """Counts of a step with `pictures` in a process. Steps of before warm its cache of features, and tell memory."""
    with _group_of_one() if together else _nothing() as ranks:
        whole = pictures * ranks.count
        config = with_values(config, {"training.batch": whole, "training.double_batch_at": None})
        state = new_state(config, spec_of(config, size_px, width), torch.device("cpu"), ranks=ranks)
        cycle = config.objective.penalty_every if config.objective.r1_weight or config.objective.r2_weight else 1
        step_images = config.training.step_images
        state.images = math.ceil(SETTLED_IMAGES / (cycle * step_images)) * cycle * step_images
        for optimizer in state.optimizers.values():
            for steps in optimizer.steps:
                steps.fill_(SETTLED_STEPS)
        batch = noise(step_images // ranks.count, size_px)
        play, kept = architecture(config.network.architecture).step, Kept()
        with kept.watched():
            for _ in range(cycle):
                train_step(state, batch, config, play)
        found: list[Operations] = []
        for _ in range(cycle):
            with Recorded() as recorded:
                train_step(state, batch, config, play)
            found.append(recorded.operations)
        saved = sum(tensor.nbytes for tensor in state_tensors(state).values())
        weights = sum(weight.numel() for one in state.optimizers.values() for weight in one.weights)
        return Counts(pictures, found, _features(state, size_px), kept.most, weights, saved)


def spec_of(config: RunConfig, size_px: int, width: float) -> NetworkSpec:
    """Of square colour pictures."""
    return NetworkSpec(size_px, size_px, 3, config.network.z_dim, 0, width)


def width_of(config: RunConfig, images: int) -> float:
    """The networks' width in a run of so many images."""
    width = config.network.width
    return width_for(images, config.network) if width == "planned" else width


def _features(state: TrainingState, size_px: int) -> Operations | None:
    """The frozen network on AT_ONCE pictures; of a cascade, as large as its base."""
    frozen = [module for module in state.discriminator.modules() if isinstance(module, FrozenFeatures)]
    if not frozen:
        return None
    side = min(size_px, getattr(state.discriminator, "base_size", (size_px,))[0])
    with torch.no_grad(), Recorded() as recorded:
        frozen[0](torch.zeros(AT_ONCE, 3, side, side))
    return recorded.operations


def noise(count: int, size_px: int) -> Batch:
    """A batch of so many pictures."""
    numbers = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (count, size_px, size_px, 3), dtype=torch.uint8, generator=numbers)
    return Batch(images, None, torch.arange(count), torch.zeros(count, dtype=torch.bool))


@contextmanager
def _nothing() -> Generator[Ranks]:
    yield ALONE


@contextmanager
def _group_of_one() -> Generator[Ranks]:
    """The first of two ranks whose sums are over itself alone: what they cost to prepare is counted, none is sent."""
    store = dist.HashStore()  # pyright: ignore[reportPrivateImportUsage] - it is documented
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        yield Ranks(0, 2)
    finally:
        dist.destroy_process_group()
