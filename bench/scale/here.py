"""What this machine does, for the forecast to be held against: a core, and a sum of two processes by gloo.

    python -m bench.scale.here

Everything takes one thread; the sums two processes of one thread each, as in `bench.processes`. Best of some turns; a
line with the date goes to bench/results/scale.jsonl, and of all lines the best figures count.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from PIL import Image
from torch.nn import functional as F

from bench.data_memory import made
from bench.lines import keep, kept
from bench.roofline import convolution_rate, copy_rate
from bench.scale.counts import counted, noise, spec_of, width_of
from bench.scale.hardware import Device
from ganvas.config import PictureSettings
from ganvas.data.doctor import examine
from ganvas.device import prepare
from ganvas.features import extract, load_extractor
from ganvas.files import cache_folder
from ganvas.ranks import joined
from ganvas.recipes import recipe
from ganvas.training import architecture, new_state
from ganvas.training.step import train_step

RESULTS = Path("bench/results/scale.jsonl")
SIZES = 64, 256, 1024
SMALL_PX, SMALL_PICTURES = 16, 4  # of a step that is little more than its operations' launches
GRAIN_LEVELS = 8  # deviation of the noise in pictures that are decoded
SMALL_NUMBERS, LARGE_BYTES = 128, 32 << 20  # as many as a batch normalisation sums; more than all gradients
SUMS_A_TURN, SUM_TURNS = 5, 60
TURNS = 5
RATES = "flops", "bytes", "sum_bytes"  # of the figures, those of which more is better


def best(work: Callable[[], object], turns: int = TURNS, *, clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of the quickest turn, after one that warms up.

    Args:
        clock: the processor's, which other programs on the machine disturb least; for what waits, perf_counter.
    """
    taken: list[float] = []
    for _ in range(turns + 1):
        started = clock()
        work()
        taken.append(clock() - started)
    return min(taken[1:])


def core(turns: int = TURNS) -> Device:
    """One thread of this machine: its convolutions, its copies, and what an operation costs before it does anything."""
    flops, moved = (
        max(rate() for _ in range(turns)) for rate in (lambda: convolution_rate(16, 3), lambda: copy_rate(3))
    )
    config = recipe("quick").config
    width = width_of(config, 0)
    state = new_state(config, spec_of(config, SMALL_PX, width), torch.device("cpu"))
    batch = noise(SMALL_PICTURES, SMALL_PX)
    play = architecture(config.network.architecture).step
    step = best(lambda: train_step(state, batch, config, play), 4 * turns)
    (one,) = counted(config, SMALL_PX, SMALL_PICTURES, width).steps
    device = Device("a core here", flops, moved, 0.0, runs_ahead=False)
    return Device(device.name, flops, moved, max(step - one.seconds(device), 0.0) / len(one.flops), runs_ahead=False)


def decoding(size_px: int) -> float:
    """Seconds in which one thread makes a row of pixels of a PNG of this size, as it does with those in shards."""
    grain = np.random.default_rng(0).normal(0, GRAIN_LEVELS, (size_px, size_px, 1))
    encoded = io.BytesIO()
    Image.fromarray(np.clip(made(0, size_px) + grain, 0, 255).astype(np.uint8)).save(encoded, "PNG")
    settings = PictureSettings(width=size_px, height=size_px)
    return best(lambda: examine(encoded.getvalue(), settings, identify=False))


def extracting(count: int = 32) -> float:
    """Seconds in which one thread takes the features of a picture of 256 px, which is what a measure looks at."""
    images = np.stack([made(number, 256) for number in range(count)])
    extractor = load_extractor("multiscale", (256, 256), cache_folder() / "downloads")
    return best(lambda: extract(extractor, images), 2) / count


@dataclass(frozen=True)
class Sums:
    """Of two processes by gloo, in seconds: a sum of a few bytes after another, and after a little work; bytes a second
    of a large one.

    After work a process that waits has gone to sleep, and must be woken.
    """

    after_another: float
    after_work: float
    bytes: float


def sums() -> Sums | None:
    """As one of two processes; None in the second."""
    with joined() as ranks:
        small, large = torch.zeros(SMALL_NUMBERS), torch.zeros(LARGE_BYTES // 4)
        maps, kernel = torch.randn(4, 64, 16, 16), torch.randn(64, 64, 3, 3)  # of little less than a millisecond

        def turn(*, works: bool, adds: bool) -> float:
            def once() -> None:
                for _ in range(SUMS_A_TURN):
                    if works:
                        F.conv2d(maps, kernel, padding=1)
                    if adds:
                        dist.all_reduce(small)

            dist.barrier()
            return best(once, SUM_TURNS, clock=time.perf_counter) / SUMS_A_TURN

        after_another = turn(works=False, adds=True)
        after_work = turn(works=True, adds=True) - turn(works=True, adds=False)
        seconds = best(lambda: dist.all_reduce(large), clock=time.perf_counter) - after_another
        # Of two processes each sends as much as there is: 2 (R - 1) / R is 1.
        return Sums(after_another, after_work, large.nbytes / seconds) if ranks.leads else None


def measured_sums(turns: int) -> Sums:
    """The best of some starts of two processes."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    found: list[Sums] = []
    for _ in range(turns):
        done = subprocess.run(
            [*command, "-m", "bench.scale.here", "--worker"],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found.append(Sums(**json.loads(done.stdout)))
    return Sums(
        min(one.after_another for one in found),
        min(one.after_work for one in found),
        max(one.bytes for one in found),
    )


def found_here() -> dict[str, Any]:
    """The best of each figure in all lines that are kept: other programs only ever make them worse."""
    lines = kept(RESULTS)
    chosen = {name: max if name in RATES else min for name in lines[-1] if name not in ("date", "decode_s")}
    best_of = {name: choose(line[name] for line in lines if name in line) for name, choose in chosen.items()}
    return best_of | {"decode_s": {size: min(line["decode_s"][size] for line in lines) for size in map(str, SIZES)}}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, keep a line, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if asked.worker:
        found = sums()
        if found is not None:
            print(json.dumps(asdict(found)))
        return
    prepare(torch.device("cpu"))
    added = measured_sums(asked.turns)
    device = core(asked.turns)
    line = {
        "date": time.strftime("%Y-%m-%d"),
        "flops": device.flops,
        "bytes": device.bytes,
        "launch_s": device.launch_s,
        "sum_s": added.after_another,
        "sum_after_work_s": added.after_work,
        "sum_bytes": added.bytes,
        "decode_s": {str(size): decoding(size) for size in SIZES},
        "features_s": extracting(),
    }
    keep(RESULTS, line)
    print(json.dumps(line, indent=1))


if __name__ == "__main__":
    main()
