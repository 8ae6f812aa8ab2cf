"""The forecast: what a step takes on so many processes, part by part, from what it counts and what it runs on."""

import math
from dataclasses import dataclass

from bench.scale.counts import StepCost
from bench.scale.hardware import DRAWN_S, Device, Network
from ganvas.networks.projected_discriminator import MAPS

SAID_A_STEP = 1  # sums on the host, by which rank 0 and the others say what comes next (training/together.py)


@dataclass(frozen=True)
class Forecast:
    """A step of all processes, in seconds of each part that it waits for.

    device: the device's own work. host: launching it, and drawing random numbers. compute: what the two take together.
    sums: over processes, on the device. said: likewise on the host. images: shown in the step.
    """

    processes: int
    images: int
    device: float
    host: float
    compute: float
    sums: float
    said: float

    @property
    def seconds(self) -> float:
        return self.compute + self.sums + self.said

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds


def forecast(
    alone: StepCost,
    together: StepCost,
    device: Device,
    network: Network,
    processes: int,
    pictures: int,
    *,
    unseen: float = 1.0,
) -> Forecast:
    """A step of `processes` with `pictures` each.

    Nothing that is sent overlaps with what is computed: gradients are summed when the last of them is there.

    Args:
        alone, together: what a step counts in one process, and in one of several.
        unseen: share of the set's pictures whose frozen features are computed, since no step has kept them.
    """
    cost = alone if processes == 1 else together
    groups = unseen * cost.feature_groups(pictures)
    work, launched = cost.seconds(pictures, device), cost.operations(pictures)
    if cost.few.features is not None:
        work += groups * cost.few.features.seconds(device)
        launched += groups * len(cost.few.features.flops) + unseen * pictures * len(MAPS)  # each is copied to be kept
    # A step that was counted as one of two drew for the pictures of both.
    drawn = cost.drawn(pictures * processes / (1 if processes == 1 else 2))
    host = launched * device.launch_s + drawn * DRAWN_S
    compute = max(work, host) if device.runs_ahead else work + host
    count, size = cost.sums(pictures)
    sums = count * sum_latency(processes, network) + ring_seconds(size, processes, network)
    said = SAID_A_STEP * ring_hops(processes) * network.host_hop_s
    return Forecast(processes, processes * pictures, work, host, compute, sums, said)


def ring_seconds(size: float, processes: int, network: Network) -> float:
    """Of sending a sum of `size` bytes round a ring: each process sends 2 (R - 1) / R of them.

    Source: Patarasuk & Yuan 2009, doi:10.1016/j.jpdc.2008.09.002.
    """
    rate = network.inside if processes <= network.per_node else network.between
    return 2 * (processes - 1) / processes * size / rate


def sum_latency(processes: int, network: Network) -> float:
    """Of a sum of nothing: in a node, and up and down a tree of nodes."""
    if processes == 1:
        return 0.0
    return network.sum_s + 2 * tree_hops(math.ceil(processes / network.per_node)) * network.hop_s


def ring_hops(processes: int) -> int:
    """Messages that follow each other in a sum by gloo, however short: 2 (R - 1)."""
    return 2 * (processes - 1)


def tree_hops(processes: int) -> int:
    """Messages that follow each other down a binary tree."""
    return (processes - 1).bit_length()


def most_weights(memory: float, share: float, bytes_each: float) -> float:
    """Numbers that can be trained where a share of a GPU's memory may hold all that is kept of each."""
    return share * memory / bytes_each
