"""The processes that train one run together: which of them this is, and what they compute as one.

Every process has the whole networks and every R-th picture of each batch: of R processes that of rank r has pictures r,
r + R, r + 2R, ... All draw the random numbers of the whole batch and keep those of their own pictures, gradients are
averaged before each update, and what depends on the whole batch is averaged where it is computed. So weights, averages
and decisions are the same everywhere, and those of one process that is given the whole batch, but for rounding.

The engine is torch.distributed: gloo for what is on the CPU, NCCL for what is on GPUs. A run of one process is ALONE,
which returns what it is given and needs no process group.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous

from ganvas.errors import ProcessError
from ganvas.launched import attempt, launched

# That one process waits for another, as while the first decodes a large set: one that ended is noticed at once.
LONGEST_WAIT = timedelta(days=1)
LONGEST_TEXT = 1000  # bytes, of what one rank says in words


@dataclass(frozen=True)
class Ranks:
    """This process among `count`, by its `rank` from 0. The one of rank 0 leads: it alone writes, measures, decides."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes, measures and decides."""
        return self.rank == 0

    def mine(self, values: Tensor) -> Tensor:
        """(B, ...) of the whole batch -> (b, ...) of this rank's pictures."""
        return values if self.count == 1 else values[self.rank :: self.count]

    def mine_of(self, count: int) -> int:
        """How many of the first `count` pictures of a batch are this rank's."""
        return len(range(self.rank, count, self.count))

    def drawn(self, count: int, draw: Callable[[int], Tensor]) -> Tensor:
        """(count, ...) random numbers for this rank's pictures, one row each.

        Args:
            count: this rank's pictures, of which every other rank has as many.
            draw: that many rows, from a generator that is the same on all ranks.
        """
        return self.mine(draw(count * self.count))

    def weight(self, mine: int, whole: int) -> float:
        """What a mean over `mine` pictures counts in the mean over ranks, where all have `whole`; 1 for even shares."""
        return self.count * mine / whole if whole else 1.0

    def mean(self, values: Tensor) -> Tensor:
        """The mean over ranks of each number, without a gradient."""
        if self.count == 1:
            return values
        return _sum(values.detach()) / self.count

    def mean_with_gradient(self, values: Tensor) -> Tensor:
        """The same, differentiable, for what each rank goes on with in its own way."""
        return values if self.count == 1 else _Sum.apply(values) / self.count

    def variance(self, values: Tensor) -> Tensor:
        """The unbiased variance of all the numbers of all ranks, without a gradient: a scalar."""
        if self.count == 1:
            return values.var()
        squares = (values.detach() - self.mean(values.mean())).square()
        whole = self.count * values.numel()
        return self.mean(squares.mean()) * (whole / (whole - 1))

    def mean_numbers(self, numbers: Mapping[str, Tensor | float]) -> dict[str, Tensor | float]:
        """The mean over ranks of each scalar; all ranks have the same names."""
        if self.count == 1:
            return dict(numbers)
        device = next((value.device for value in numbers.values() if isinstance(value, Tensor)), None)
        own = torch.stack(
            [
                value.to(torch.float64)
                if isinstance(value := numbers[name], Tensor)
                else torch.full((), value, dtype=torch.float64, device=device)
                for name in sorted(numbers)
            ]
        )
        return dict(zip(sorted(numbers), self.mean(own), strict=True))

    def average_gradients(self, weights: Iterable[nn.Parameter]) -> None:
        """Replace the gradients by their means over ranks. A rank without one has zeros, unless none has one."""
        if self.count == 1:
            return
        weights = list(weights)
        has_gradient = torch.tensor([float(weight.grad is not None) for weight in weights]).to(weights[0])
        own = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]
        means = (_sum(torch.cat([has_gradient, *(each.reshape(-1) for each in own)])) / self.count).split(
            [len(weights), *(each.numel() for each in own)]
        )
        for weight, gradient, mean, share in zip(weights, own, means[1:], means[0].tolist(), strict=True):
            weight.grad = gradient.copy_(mean.view_as(gradient)) if share else None

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Fill the tensors of every other rank with those of rank 0, in place."""
        for tensor in tensors if self.count > 1 else ():
            with _or_lost():
                dist.broadcast(tensor.detach(), src=0)

    def sums(self, *numbers: float) -> list[float]:
        """The sum over ranks of each number; all ranks give as many, at the same time."""
        return _sum(torch.tensor(numbers, dtype=torch.float64)).tolist()

    def texts(self, own: str) -> list[str]:
        """What each rank says at the same time, in their order, cut to LONGEST_TEXT bytes."""
        rows = torch.zeros((self.count, LONGEST_TEXT), dtype=torch.uint8)
        said = own.encode()[:LONGEST_TEXT]
        rows[self.rank, : len(said)] = torch.tensor(list(said), dtype=torch.uint8)
        return [bytes(row).rstrip(b"\0").decode("utf-8", "ignore") for row in _sum(rows).tolist()]


ALONE = Ranks()


@contextmanager
def joined() -> Generator[Ranks]:
    """The ranks of the processes that a launcher started with this one, for as long as the block lasts; else ALONE.

    Raises:
        ProcessError: the others cannot be reached.
    """
    if (launched() or 1) == 1:
        yield ALONE
        return
    has_nccl = torch.cuda.is_available() and dist.is_nccl_available()
    with _or_lost():
        store, rank, count = next(rendezvous("env://", timeout=LONGEST_WAIT))
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if has_nccl else "gloo",
            store=dist.PrefixStore(attempt(), store),  # pyright: ignore[reportPrivateImportUsage] - it is documented
            rank=rank,
            world_size=count,
            timeout=LONGEST_WAIT,
        )
    try:
        yield Ranks(rank, count)
    finally:
        dist.destroy_process_group()


class _Sum(torch.autograd.Function):
    """The sum over ranks, whose gradient is the sum of the ranks' gradients; differentiable as often as is asked."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _sum(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return _Sum.apply(gradient)


def _sum(values: Tensor) -> Tensor:
    summed = values.clone(memory_format=torch.contiguous_format)
    with _or_lost():
        dist.all_reduce(summed)
    return summed


@contextmanager
def _or_lost() -> Generator[None]:
    """Turns what torch.distributed raises when another process is gone into a ProcessError."""
    try:
        yield
    except RuntimeError as error:
        said = " ".join(str(error).split())[:200]
        raise ProcessError(
            f"another process of this run ended or cannot be reached ({said}); the same command again goes on from the "
            "last saved state"
        ) from error
