"""Is this checkout as quick as another commit: `ganvas --help`, the command of one step, and a step, as ratios.

    python -m bench.same_speed --commit d4b9335 --work /tmp/same

Both sides take turns on one thread, so that another program on the machine hits both. Times are processor seconds of
the whole process; a step is what a run of many of them takes longer than a run of one, by their number.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.same_weights import NOT_MEASURED, ROOT, unpacked

QUIET = {"OMP_NUM_THREADS": "1"}


def seconds(source: Path, arguments: list[str]) -> float:
    """Processor seconds of one `ganvas` command of the package in `source`, children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "ganvas", *arguments]
    environment = os.environ | QUIET | {"PYTHONPATH": str(source)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=source)
    if done.returncode:
        raise SystemExit(f"{source}: {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def trained(source: Path, out: Path, recipe: str, images: int, size: int) -> float:
    """Processor seconds of a run from its command to its report."""
    shutil.rmtree(out, ignore_errors=True)
    shown = ["--images", str(images), "--size", str(size), "--out", str(out), *NOT_MEASURED]
    return seconds(source, ["train", "avatars", "--recipe", recipe, *shown])


def main(arguments: Sequence[str] | None = None) -> None:
    """Time both in turns, and print a table of ratios."""
    parser = argparse.ArgumentParser(description="Speed of this checkout over that of another commit.")
    parser.add_argument("--commit", default="d4b9335")
    parser.add_argument("--work", type=Path, required=True, help="where the other commit is unpacked and runs are made")
    parser.add_argument("--recipe", default="swift")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--images", type=int, default=1616, help="of the long run; the short one shows 16")
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args(arguments)
    sides = {"old": unpacked(wanted.work, wanted.commit) / "src", "new": ROOT / "src"}
    out = wanted.work / "speed"
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(wanted.rounds):
        for side, source in sides.items():
            short = trained(source, out, wanted.recipe, 16, wanted.size)
            long = trained(source, out, wanted.recipe, wanted.images, wanted.size)
            times = {
                "ganvas --help": seconds(source, ["--help"]),
                f"a run of one step of {wanted.recipe}": short,
                f"16 images of {wanted.recipe}": (long - short) / max(wanted.images / 16 - 1, 1),
            }
            for what, time in times.items():
                found.setdefault(what, {}).setdefault(side, []).append(time)
    print("| what | old, s | new, s | new over old |\n|---|---|---|---|")
    for what, times in found.items():
        old, new = statistics.median(times["old"]), statistics.median(times["new"])
        print(f"| {what} | {old:.3f} | {new:.3f} | {new / old:.3f} |")


if __name__ == "__main__":
    main()
