"""The default of this checkout beside that of another commit: the same pictures, seed and minutes, at the same time.

    python -m bench.beside runs WORK DATA [SET ...] [--commit d4b9335] [--minutes 10] [--seeds 0 1] [--faces]
    python -m bench.beside table

Each side has one thread, so that on two cores or more what else the machine does hits both alike. SET is a set of
bench.quality; none: its photographs at 64 px. What each side had drawn by every mark is scored with 500 pictures in
three families of features, beside precision, recall and coverage in the ResNet's, and with --faces by a face detector.
Resumable: lines are in bench/results/beside.jsonl, and a pair that is there is not made again.
"""

import argparse
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.agreement import View, independent_features
from bench.faces import FaceDetector, installed_network
from bench.judge import moment_scores, table
from bench.lines import keep, kept
from bench.quality import COUNT, SIZES, Plan, marks, source, train
from bench.same_weights import ROOT, unpacked

RESULTS = Path("bench/results/beside.jsonl")
PHOTOGRAPHS = ("faces-color", "faces-400", "faces-gray", "cars")
MARKS = (60, 300, 600, 1800, 3600)
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def trained(plan: Plan, sides: dict[str, tuple[Path, str]], work: Path) -> dict[str, float]:
    """Make the run of every side at the same time, one thread each, below `work`; the largest memory of each in MB.

    Args:
        sides: the folder of the package `ganvas`, and the pictures, by the name of a side.
    """

    def one(side: str) -> float:
        package, pictures = sides[side]
        environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(package)}
        return train(plan, work / f"{side}-{plan.title}", pictures, environment)

    with ThreadPoolExecutor(len(sides)) as threads:
        return dict(zip(sides, threads.map(one, sides), strict=True))


def scored(
    run: Path,
    pictures: str,
    see: View,
    detector: FaceDetector | None = None,
    *,
    seconds: Sequence[float] = MARKS,
    count: int = COUNT,
) -> list[dict]:
    """A line for each of `seconds` that the run reached."""
    by_mark = {mark: images for mark, images in marks(run).items() if mark in seconds}
    lines = moment_scores(run, pictures, list(by_mark.values()), see, detector, count)
    by_images = {line.pop("images"): line for line in lines}
    return [{"seconds": mark, "images": images} | by_images[images] for mark, images in by_mark.items()]


def parsers(about: str | None, sets: Iterable[str]) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """The parser of a bench with `table` and `runs WORK DATA [SET ...]`, and that of `runs`, for more options."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("table")
    runs = kinds.add_parser("runs")
    runs.add_argument("work", type=Path)
    runs.add_argument("data", type=Path)
    runs.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(sets)}")
    runs.add_argument("--minutes", type=float, default=10)
    return parser, runs


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and score what is missing, or print what there is."""
    parser, runs = parsers(__doc__, SIZES)
    runs.add_argument("--commit", default="d4b9335")
    runs.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    runs.add_argument("--faces", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.kind == "runs":
        made(asked)
    else:
        report(kept(RESULTS))


def made(asked: argparse.Namespace) -> None:
    """Every pair that is not in RESULTS."""
    sides = {"now": ROOT / "src", asked.commit: unpacked(asked.work, asked.commit) / "src"}
    see, detector = independent_features(), FaceDetector(installed_network()) if asked.faces else None
    for seed in asked.seeds:
        for name in asked.sets or PHOTOGRAPHS:
            plan = Plan("swift", name, asked.minutes, seed)
            if any((line["run"], line["side"]) == (plan.title, asked.commit) for line in kept(RESULTS)):
                continue
            pictures = source(name, asked.data, asked.work)
            memory = trained(plan, {side: (package, pictures) for side, package in sides.items()}, asked.work)
            lines = [
                line | {"run": plan.title, "set": name, "side": side, "MB": round(megabytes)}
                for side, megabytes in memory.items()
                for line in scored(
                    asked.work / f"{side}-{plan.title}", pictures, see, detector if "faces" in name else None
                )
            ]
            for line in lines:  # of both sides together, so that no half of a pair is taken for it
                keep(RESULTS, line)
            print(plan.title, flush=True)


def report(lines: Sequence[dict]) -> None:
    """A row a side and mark, set by set."""
    order = list(SIZES)
    rows = sorted(
        lines, key=lambda line: (order.index(line["set"]), line["run"], line["seconds"], line["side"] != "now")
    )
    heads = dict.fromkeys(["run", "seconds", "side", *(name for row in rows for name in row if name != "set")])
    print(table([{head: row.get(head, "") for head in heads} for row in rows]))


if __name__ == "__main__":
    main()
