"""How much faster several processes train than one, each with one thread: images a second and their ratio.

    python -m bench.processes [--recipe swift] [--size 64] [--batch 64] [--processes 2] [--rounds 5]

The batch is the recipe's unless it is given, whatever the number of processes. One process and several take turns; the
ratio is the median of those of the rounds. On a machine where something else runs, several processes do not have a core
each: what the processor spends on an image, all processes together, says what the ratio would be if they had.
A line goes to bench/results/processes.jsonl.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.lines import keep
from ganvas.config import with_values
from ganvas.data import BatchStream, PictureSet, Share
from ganvas.device import prepare
from ganvas.networks import NetworkSpec
from ganvas.ranks import joined
from ganvas.recipes import RECIPES, recipe
from ganvas.training import new_state, training_loop

RESULTS = Path("bench/results/processes.jsonl")
PICTURES = 400
WARMING_STEPS = 3


def measure(recipe_name: str, size_px: int, batch: int | None, seconds: float) -> tuple[float, float] | None:
    """Images a second of whole steps, and seconds of the processor an image, as one of the processes that a launcher
    started; None in those of other ranks."""
    config = with_values(recipe(recipe_name).config, {"pictures.width": size_px, "pictures.height": size_px})
    config = config if batch is None else with_values(config, {"training.batch": batch})
    numbers = np.random.default_rng(0)
    report: Any = None
    coarse = numbers.integers(0, 256, (PICTURES, size_px // 4, size_px // 4, 3), dtype=np.uint8)
    pictures = PictureSet(coarse.repeat(4, 1).repeat(4, 2), np.zeros(PICTURES, np.int64), (), "", report)
    width = 1.0 if config.network.width == "planned" else config.network.width
    spec = NetworkSpec(size_px, size_px, 3, config.network.z_dim, 0, width)
    torch.set_num_threads(1)
    prepare(torch.device("cpu"))
    with joined() as ranks:
        state = new_state(config, spec, torch.device("cpu"), pictures, ranks)
        stream = BatchStream(pictures, config.training.batch, 0, share=Share(ranks.rank, ranks.count))
        marks: list[tuple[int, float, float]] = []
        for progress in training_loop(state, stream, config, 10**9):
            marks.append((progress.images, time.perf_counter(), time.process_time()))
            is_over = len(marks) > WARMING_STEPS and marks[-1][1] - marks[WARMING_STEPS][1] >= seconds
            if float(ranks.mean(torch.tensor(float(is_over)))) > 0:  # by whoever comes to it first
                break
        images, elapsed, spent = (
            after - before for before, after in zip(marks[min(WARMING_STEPS, len(marks) - 2)], marks[-1], strict=True)
        )
        all_spent = ranks.count * float(ranks.mean(torch.tensor(spent)))
        return (images / elapsed, all_spent / images) if ranks.leads else None


def measured_by(processes: int, arguments: argparse.Namespace) -> tuple[float, float]:
    """What `measure` says of so many processes, started by torchrun."""
    launcher = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m", "bench.processes"]
    options = ["--recipe", arguments.recipe, "--size", str(arguments.size), "--seconds", str(arguments.seconds)]
    options += [] if arguments.batch is None else ["--batch", str(arguments.batch)]
    done = subprocess.run(
        [sys.executable, "-m", *launcher, *options, "--worker"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rate, spent = map(float, done.stdout.split())
    return rate, spent


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure in turns, and print a row of the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=RECIPES, default="swift")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, help="pictures of an update; the recipe's unless given")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each turn")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.worker:
        found = measure(given.recipe, given.size, given.batch, given.seconds)
        if found is not None:
            print(*found)
        return
    rounds = [(measured_by(1, given), measured_by(given.processes, given)) for _ in range(given.rounds)]
    rates = [(one[0], several[0]) for one, several in rounds]
    ratios = [several / one for one, several in rates]
    spent = [given.processes * one[1] / several[1] for one, several in rounds]
    batch = given.batch or recipe(given.recipe).config.training.batch
    one, several = (statistics.median(each) for each in zip(*rates, strict=True))
    line = {"recipe": given.recipe, "size": given.size, "batch": batch, "processes": given.processes}
    line |= {"one": round(one, 1), "several": round(several, 1), "date": time.strftime("%Y-%m-%d")}
    keep(RESULTS, line)
    print(f"| recipe | size | batch | one, images/s | {given.processes}, images/s | ratio | with a core each |")
    print("|---|---|---|---|---|---|---|")
    row = given.recipe, given.size, batch, f"{one:.1f}", f"{several:.1f}", _spread(ratios), _spread(spent)
    print(f"| {' | '.join(map(str, row))} |")


def _spread(values: Sequence[float]) -> str:
    """The median, the least and the most."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
