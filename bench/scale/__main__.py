"""What 1, 8 and 256 GPUs would do with a run, on paper: from the operations and bytes of a step, and data sheets.

    python -m bench.scale [--recipes swift quick] [--sizes 64 256 1024] [--gpus H100 L4] [--processes 1 8 256]
    python -m bench.scale --only held

Steps are run on the CPU and counted (counts.py), which takes minutes at 1,024 px. What is taken for granted stands in
hardware.py, each figure with its source; --dollars, --launch-us and --link-gb change the most doubtful ones. `held`
holds the same forecast against one and two processes of this machine: bench.processes measures those, bench.scale.here
what a core and a sum over processes take. The tables stand in docs/scale.md.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from bench.lines import kept
from bench.processes import RESULTS as PROCESSES
from bench.scale.counts import StepCost, step_cost, width_of
from bench.scale.forecast import Forecast, forecast, most_weights
from bench.scale.hardware import DISK_BYTES, GPUS, NETWORKS, PNG_BYTES_PER_PX, Device, Network
from bench.scale.here import found_here
from ganvas.config import RunConfig
from ganvas.data.parallel import MOST_WORKERS
from ganvas.data.shards.shown import CHUNK_BYTES, CHUNK_PICTURES, MOST_WINDOW_BYTES
from ganvas.recipes import RECIPES
from ganvas.wording import counted

TABLES = ["counts", "strong", "weak", "limits", "held"]
EACH = 16  # pictures of a GPU, where that is held: 256 of them show 4,096, the most that training.batch may be
LARGEST_BATCH = 4096
RUN_IMAGES = 10_000_000  # of the run whose price is named
BYTES_A_WEIGHT = 20  # weight, gradient, two of Adam, average: float32 each
WEIGHTS_SHARE = 0.5  # of a GPU's memory, above which weights would be sharded
FEATURE_THREADS = 8  # of the host, as quick together as so many apart: an assumption
MEASURES, MEASURED_PICTURES = 64 + 3, 1024  # measuring.most and preparation, and the largest of measuring.counts


@dataclass(frozen=True)
class Case:
    """A recipe at a size, with what its step costs alone and as one of several processes."""

    name: str
    size_px: int
    images: int

    @property
    def config(self) -> RunConfig:
        return RECIPES[self.name].config

    def cost(self, *, together: bool) -> StepCost:
        return _cost(self.name, self.size_px, width_of(self.config, self.images), together)

    def forecast(self, device: Device, network: Network, processes: int, each: int) -> Forecast:
        """Of a set that is larger than what is remembered of it."""
        return forecast(self.cost(together=False), self.cost(together=True), device, network, processes, each)


@cache
def _cost(name: str, size_px: int, width: float, together: bool) -> StepCost:
    return step_cost(RECIPES[name].config, size_px, width, together=together)


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def head(*cells: str) -> str:
    return f"\n{row(*cells)}\n|{'---|' * len(cells)}"


def counts_table(cases: Sequence[Case]) -> Iterator[str]:
    """What a step counts at the recipe's batch, and what of it would be sent."""
    yield head(
        "recipe", "px", "batch", "GFLOP a picture", "operations a step", "as one of several processes", "sums a step",
        "MB summed", "million weights", "MB kept a picture", "MB saved",
    )  # fmt: skip
    for case in cases:
        alone, together = case.cost(together=False), case.cost(together=True)
        batch = case.config.training.step_images
        gflop = alone.flops(batch) / batch / 1e9
        sums, size = together.sums(batch)
        kept_mb = (alone.kept(2 * batch) - alone.kept(batch)) / batch / 1e6
        yield row(
            case.name, case.size_px, batch, f"{gflop:.2f}", f"{alone.operations(batch):,.0f}",
            f"{together.operations(batch):,.0f}", f"{sums:.0f}", f"{size / 1e6:.1f}",
            f"{alone.few.weights / 1e6:.2f}", f"{kept_mb:.1f}", f"{alone.few.saved / 1e6:.1f}",
        )  # fmt: skip


def needed(case: Case, each: int) -> float:
    """Bytes of a GPU with so many pictures: what backward passes keep, and what is kept of each weight."""
    alone = case.cost(together=False)
    return alone.kept(each) + alone.few.weights * BYTES_A_WEIGHT


def same_batch_table(
    cases: Sequence[Case], device: Device, network: Network, processes: Sequence[int]
) -> Iterator[str]:
    """Images a second where the batch is the recipe's, or a large one, on however many GPUs."""
    batches = ["its batch", f"{LARGEST_BATCH:,}"]
    columns = [f"{batch}, {counted(count, 'GPU')}" for batch in batches for count in processes]
    yield head("recipe", "px", "batch", *columns)
    for case in cases:
        rates: list[str] = []
        batch = case.config.training.step_images
        for whole in (batch, LARGEST_BATCH):
            for count in processes:
                each, rest = divmod(whole, count)
                if rest:
                    rates.append("cannot be divided")
                elif needed(case, each) > device.memory:
                    rates.append("does not fit")
                else:
                    rates.append(f"{case.forecast(device, network, count, each).images_per_second:,.0f}")
        yield row(case.name, case.size_px, batch, *rates)


def same_share_table(
    cases: Sequence[Case], device: Device, network: Network, processes: Sequence[int]
) -> Iterator[str]:
    """What a step takes, part by part, where each GPU has EACH pictures, and what a run costs."""
    yield head(
        "recipe", "px", "GPUs", "device, ms", "host, ms", "sums, ms", "said, ms", "images/s", "share of GPUs times one",
        "GB a GPU", f"$ for {RUN_IMAGES / 1e6:.0f} million images",
    )  # fmt: skip
    for case in cases:
        one = case.forecast(device, network, 1, EACH)
        for count in processes:
            found = case.forecast(device, network, count, EACH)
            dollars = count * device.dollars * RUN_IMAGES / found.images_per_second / 3600
            yield row(
                case.name, case.size_px, count,
                *(f"{1e3 * part:.1f}" for part in (found.device, found.host, found.sums, found.said)),
                f"{found.images_per_second:,.0f}", f"{found.images_per_second / one.images_per_second / count:.0%}",
                f"{needed(case, EACH) / 1e9:.1f}", f"{dollars:,.0f}",
            )  # fmt: skip


def decoding_threads(case: Case, processes: int) -> int:
    """Of each process, as many as have a chunk of its pictures in the window that is read ahead."""
    window = min(case.config.pictures.shuffle, MOST_WINDOW_BYTES // (3 * case.size_px**2)) / processes
    chunk = min(CHUNK_PICTURES, math.ceil(CHUNK_BYTES / (PNG_BYTES_PER_PX[case.size_px] * case.size_px**2)))
    return min(MOST_WORKERS, math.ceil(window / chunk))


def limits_table(cases: Sequence[Case], device: Device, network: Network, processes: Sequence[int]) -> Iterator[str]:
    """Where reading, saving and measuring become the limit."""
    here = found_here()
    yield head(
        "recipe", "px", "GPUs", "images/s, 16 a GPU", "decoded, pictures/s", "MB/s read a machine",
        "MB/s fetched a machine", "saving, of 45 s", "measures, s", "of the run",
    )  # fmt: skip
    for case in cases:
        saving = case.cost(together=False).few.saved / DISK_BYTES / case.config.recording.save_seconds
        measuring = MEASURES * MEASURED_PICTURES * here["features_s"] / FEATURE_THREADS
        picture = PNG_BYTES_PER_PX[case.size_px] * case.size_px**2
        for count in processes:
            rate = case.forecast(device, network, count, EACH).images_per_second
            decoded = count * decoding_threads(case, count) / here["decode_s"][str(case.size_px)]
            fetched = min(rate, decoded) * picture / 1e6  # from afar every machine has every shard
            share = min(measuring * rate / RUN_IMAGES, case.config.measuring.share)
            yield row(
                case.name, case.size_px, count, f"{rate:,.0f}", f"{decoded:,.0f}",
                f"{fetched * min(count, network.per_node) / count:,.0f}", f"{fetched:,.0f}", f"{saving:.2%}",
                f"{measuring:,.0f}", f"{share:.1%}",
            )  # fmt: skip
    weights = most_weights(device.memory, WEIGHTS_SHARE, BYTES_A_WEIGHT)
    yield f"\n{device.name}: weights would be sharded from {weights / 1e9:.1f} billion on"


def held_table(recipes: Sequence[str]) -> Iterator[str]:
    """The forecast of two processes here, from what one was measured to do, beside what two were.

    Twice: with a sum as bench.scale.here measures it after work, and as the first line itself says what one takes.
    """
    here = found_here()
    core = Device("a core here", here["flops"], here["bytes"], here["launch_s"], runs_ahead=False)
    lines = [line for line in kept(PROCESSES) if line["recipe"] in recipes]
    fitted: float | None = None
    yield head(
        "recipe", "batch", "one, images/s", "by the counts alone", "several, images/s", "forecast", "error",
        "by a fitted sum", "error",
    )  # fmt: skip
    for line in sorted(lines, key=lambda one: one["several"] / one["one"]):
        batch, processes = line["batch"], line["processes"]
        network = Network(processes, here["sum_bytes"], here["sum_bytes"], here["sum_after_work_s"], 0.0, 0.0)
        case = Case(line["recipe"], line["size"], 0)
        alone, together = case.cost(together=False), case.cost(together=True)
        one = forecast(alone, together, core, network, 1, batch)
        several = forecast(alone, together, core, network, processes, batch // processes)
        compute = batch / line["one"] / one.seconds * several.compute
        # One more, of whether the bench is over; it does not say what comes next.
        count = together.sums(batch // processes)[0] + 1
        sent = several.sums - together.sums(batch // processes)[0] * network.sum_s
        by_measure, measured = batch / (compute + sent + count * network.sum_s), line["several"]
        is_first = fitted is None
        fitted = float((batch / measured - compute - sent) / count) if fitted is None else fitted
        by_fit = batch / (compute + sent + count * fitted)
        yield row(
            case.name, batch, line["one"], f"{one.images_per_second:.1f}", measured,
            f"{by_measure:.1f}", f"{by_measure / measured - 1:+.0%}",
            f"{by_fit:.1f}", f"fitted, {1e3 * fitted:.2f} ms" if is_first else f"{by_fit / measured - 1:+.0%}",
        )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=["swift", "quick"])
    parser.add_argument("--sizes", nargs="+", type=int, choices=sorted(PNG_BYTES_PER_PX), default=[64, 256, 1024])
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 8, 256])
    parser.add_argument("--gpus", nargs="+", choices=GPUS, default=["H100"])
    parser.add_argument("--dollars", type=float, help="of a GPU, an hour")
    parser.add_argument("--launch-us", type=float, help="microseconds of the host for an operation")
    parser.add_argument("--link-gb", type=float, help="GB/s of a node's network cards, all together")
    parser.add_argument("--only", nargs="+", choices=TABLES, default=TABLES)
    asked = parser.parse_args(arguments)
    cases = [Case(name, size_px, RUN_IMAGES) for name in asked.recipes for size_px in asked.sizes]
    if "counts" in asked.only:
        print(*counts_table(cases), sep="\n", flush=True)
    of_gpus = {"strong": same_batch_table, "weak": same_share_table, "limits": limits_table}
    for gpu in asked.gpus:
        device, network = changed(GPUS[gpu], NETWORKS[gpu], asked)
        for name in (name for name in of_gpus if name in asked.only):
            print(f"\n{gpu}, {name}:", *of_gpus[name](cases, device, network, asked.processes), sep="\n", flush=True)
    if "held" in asked.only:
        print(*held_table(asked.recipes), sep="\n", flush=True)


def changed(device: Device, network: Network, asked: argparse.Namespace) -> tuple[Device, Network]:
    """With what was given in the place of assumptions."""
    device = device if asked.dollars is None else replace(device, dollars=asked.dollars)
    device = device if asked.launch_us is None else replace(device, launch_s=asked.launch_us / 1e6)
    network = network if asked.link_gb is None else replace(network, between=min(network.inside, asked.link_gb * 1e9))
    return device, network


if __name__ == "__main__":
    main()
