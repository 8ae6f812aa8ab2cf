"""How good does the default become, and how soon: scores by the clock, beside its peers and the PCA baseline.

    python -m bench.quality WORK_FOLDER DATA_FOLDER [NAME ...]

DATA_FOLDER holds faces-color, faces-gray and cars; digits and avatars ship with Ganvas. NAME limits it to runs whose
name contains it; none: all of PLAN, which takes hours. Resumable: a run that was stopped goes on, one that was measured
is kept in bench/results/quality.jsonl, and how it ended (verdict, rescues, largest memory, copies, shares of the
classes) in bench/results/endings.jsonl; those of the default as it was on 2026-11-28 lie beside them. Tables go to
standard output, and a grid of the seeds 0 to 63 of each run of ten minutes or more to docs/figures.

What a run would have drawn had it been stopped at a mark is what it had drawn by then: its last kept moment, which is
at most a fifth of the time old. The clock counts from the command's start, so that looking, planning and importing are
in it. Scores are distances to 500 real pictures in three families of features, of 500 drawn ones, each beside that of
the PCA baseline on as many.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import ganvas
from bench.agreement import View, independent_features
from bench.lines import keep, kept
from ganvas.config import PictureSettings
from ganvas.data import PictureSet, load_pictures
from ganvas.features import extract, load_extractor
from ganvas.files import cache_folder
from ganvas.formats.images import picture_grid
from ganvas.formats.log import read_log
from ganvas.formats.log_events import Assessed, Rescued
from ganvas.metrics import kernel_distance_interval, neighbourhoods, pca_pictures, reference_order
from ganvas.model import draw_all, labels_for, latents_for
from ganvas.model.weights import kept_moments, load_model

RESULTS, ENDINGS = Path("bench/results/quality.jsonl"), Path("bench/results/endings.jsonl")
FIGURES = Path("docs/figures")
TABLE_FROM_MINUTES = 10  # shorter runs only say how they end
OWN_FAMILIES = {"multiscale": "EfficientNet-Lite0 at three scales", "lite": "EfficientNet-Lite0, its last features"}
FAMILIES = {**OWN_FAMILIES, "other": "ResNet, trained on other pictures"}
COUNT = 500
MARKS = (5, 15, 30, 60, 120, 300, 600, 1800, 3600)
SETS = {
    "faces-color": "64x64",
    "faces-400": "64x64",
    "faces-gray": "64x64",
    "cars": "64x48",
    "avatars": "64x64",
    "digits": "28x28",
}
LARGER = {"faces-color-128": "128x128", "faces-color-256": "256x256", "cars-128": "128x96"}
SIZES = SETS | LARGER


# A process's largest memory counts what its parent held when it was started: so that one which holds little starts it.
LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@dataclass(frozen=True)
class Plan:
    """One run."""

    recipe: str
    name: str
    minutes: float
    seed: int = 0

    @property
    def title(self) -> str:
        return f"{self.recipe}-{self.name}-{self.minutes:g}m-{self.seed}"


PLAN = [
    *(Plan(recipe, name, 10) for name in SETS for recipe in ("swift", "dcgan")),  # in turns, in one machine's weather
    *(Plan("swift", name, 10, seed=1) for name in SETS),
    *(Plan("swift", name, 3, seed=seed) for seed in (2, 3, 4) for name in SETS),
    *(Plan(recipe, "faces-color", 10) for recipe in ("balanced", "r3gan", "vaegan")),
    *(Plan("swift", name, 30) for name in ("faces-color", "cars")),
    Plan("swift", "faces-color", 60),
    *(Plan("dcgan", name, 60) for name in ("faces-color", "cars")),
    *(Plan("swift", name, 30 if "256" in name else 10) for name in LARGER),
]
PLANNED = {plan.title: plan for plan in PLAN}


def source(name: str, data: Path, work: Path) -> str:
    """What `ganvas train` is given: of LARGER sets the same pictures, of faces-400 the first 400 of faces-color."""
    if name in ("digits", "avatars"):
        return name
    if name in LARGER:
        return str(data / name.rpartition("-")[0])
    if name != "faces-400":
        return str(data / name)
    folder = work / name
    if not folder.exists():
        folder.mkdir(parents=True)
        for path in sorted((data / "faces-color").glob("*.jpg"))[:400]:
            (folder / path.name).write_bytes(path.read_bytes())
    return str(folder)


def known_pictures(name: str, pictures: str) -> PictureSet:
    """A set at the size it is drawn at."""
    width, height = map(int, SIZES[name].split("x"))
    return load_pictures(PictureSettings(source=pictures, width=width, height=height))


def train(plan: Plan, out: Path, pictures: str, environment: Mapping[str, str] = os.environ) -> float:
    """One run, as a person would start it; the largest memory it held, in MB.

    The seconds until its first picture are kept beside it.
    """
    options = ["--recipe", plan.recipe, "--size", SIZES[plan.name], "--seed", str(plan.seed)]
    started = time.time()
    command = [sys.executable, "-m", "ganvas", "train", pictures, *options, "--time", f"{plan.minutes}m"]
    launched = [sys.executable, "-c", LAUNCHER, *command, "--out", str(out)]
    largest_kb = int(subprocess.run(launched, check=True, stdout=subprocess.PIPE, env=environment).stdout)
    first = min(kept_moments(out).values())  # written before the first step
    if first.stat().st_mtime > started:
        (out / "start-up").write_text(f"{first.stat().st_mtime - started:.1f}")
    return largest_kb / 1024


def ending(plan: Plan, run: Path, pictures: str, memory: float, count: int = COUNT) -> dict:
    """What the run says of itself, and its score card of the model it chose, from `count` drawn pictures."""
    card = ganvas.score(run, pictures, count=count).to_dict()
    log = read_log(run / "log.jsonl")
    verdicts = [event.kind for event in log.events if isinstance(event, Assessed)]
    rescues = sum(isinstance(event, Rescued) for event in log.events)
    found = {"run": plan.title, "images": log.numbers[-1]["images"], "memory_mb": round(memory)}
    found["threads"] = torch.get_num_threads()  # the run took as many: it has this process's environment
    return found | {"verdicts": verdicts, "rescues": rescues, "copies": card["copies"], "modes": card["modes"]}


def own_views(size: tuple[int, ...]) -> dict[str, View]:
    """Ganvas's own families, for pictures of that (height, width)."""
    height, width = size
    found = {name: load_extractor(name, (height, width), cache_folder() / "downloads") for name in OWN_FAMILIES}
    return {name: lambda images, extractor=extractor: extract(extractor, images) for name, extractor in found.items()}


def reached(real: Tensor, features: Tensor) -> dict[str, float]:
    """Precision, recall and coverage of (N, F) features of drawn pictures beside those of real ones."""
    found = neighbourhoods(real, features)
    return {name: round(getattr(found, name), 3) for name in ("precision", "recall", "coverage")}


class Judge:
    """Scores of drawn pictures against one set, in every family, with the PCA baseline's.

    Args:
        count: pictures of the set, and of the PCA baseline.
        views: the families; None: Ganvas's own and the ResNet of bench.agreement, as `other`.
    """

    def __init__(self, pictures: PictureSet, *, count: int = COUNT, views: dict[str, View] | None = None) -> None:
        real = np.asarray(pictures.images[reference_order(len(pictures.images))[:2000]])
        self.views = views or {**own_views(real.shape[1:3]), "other": independent_features()}
        self.reference = self.see(real[:count])
        eigen = pca_pictures(torch.from_numpy(real), count, torch.Generator().manual_seed(0)).numpy()
        self.eigen = self.distances(self.see(eigen))

    def see(self, images: np.ndarray) -> dict[str, Tensor]:
        """Features by family."""
        return {family: view(images) for family, view in self.views.items()}

    def distances(self, seen: dict[str, Tensor]) -> dict[str, tuple[float, float, float]]:
        """Distance with the low and the high end of its interval, by family."""
        found = {}
        for family, features in seen.items():
            numbers = torch.Generator().manual_seed(0)
            one = kernel_distance_interval(self.reference[family], features, numbers)
            found[family] = (one.value, one.low, one.high)
        return found

    def shares(self, seen: dict[str, Tensor]) -> dict[str, float]:
        """Precision and coverage in the family that nothing was trained with."""
        found = reached(self.reference["other"], seen["other"])
        return {name: found[name] for name in ("precision", "coverage")}


def drawn(run: Path, at: int, count: int, *, first_seed: int = 0) -> np.ndarray:
    """(count, H, W, C) uint8 by the model of that moment."""
    model = load_model(run, at)
    seeds = range(first_seed, first_seed + count)
    z = latents_for(model.description, seeds)
    return draw_all(model.generator, z, labels_for(model.description, seeds), at_once=16)


def clock(run: Path) -> dict[int, float]:
    """Images shown -> seconds since the command began."""
    start = float((run / "start-up").read_text())
    return {int(line["images"]): line["seconds"] + start for line in read_log(run / "log.jsonl").numbers}


def marks(run: Path) -> dict[int, int]:
    """Seconds since the command began -> images shown at the last moment kept by then."""
    seconds = clock(run)
    moments = [at for at in kept_moments(run) if at in seconds]
    found = {}
    for mark in MARKS:
        by_then = [at for at in moments if seconds[at] <= mark]
        if by_then and mark <= max(seconds.values()) + 1:
            found[mark] = max(by_then)
    return found


def tabulate(plan: Plan, run: Path, judge: Judge, count: int = COUNT) -> None:
    """Score `count` of what the run had drawn by each mark that is not in RESULTS yet, and draw its grid."""
    measured = {line["mark"] for line in kept(RESULTS) if line["run"] == plan.title}
    for mark, at in marks(run).items():
        if mark not in measured:
            line = {"run": plan.title, "recipe": plan.recipe, "set": plan.name, "seed": plan.seed, "mark": mark}
            seen = judge.see(drawn(run, at, count))
            keep(RESULTS, line | {"images": at, "eigen": judge.eigen, **judge.distances(seen), **judge.shares(seen)})
    grid = picture_grid(drawn(run, max(kept_moments(run)), 64), columns=8)
    FIGURES.mkdir(parents=True, exist_ok=True)
    path = FIGURES / f"quality-{plan.title}.webp"
    Image.fromarray(grid.squeeze()).convert("RGB").save(path, quality=80, method=6)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and measure what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", nargs="*", metavar="NAME")
    asked = parser.parse_args(arguments)
    work, data, wanted = asked.work, asked.data, asked.runs
    ended = {line["run"] for line in kept(ENDINGS)}
    for plan in PLAN:
        if plan.title in ended or (wanted and not any(w in plan.title for w in wanted)):
            continue
        run, pictures = work / plan.title, source(plan.name, data, work)
        memory = train(plan, run, pictures)
        if plan.minutes >= TABLE_FROM_MINUTES:
            tabulate(plan, run, Judge(known_pictures(plan.name, pictures)))
        keep(ENDINGS, ending(plan, run, pictures, memory))
        print(plan.title, flush=True)
    report(sorted(kept(RESULTS), key=place))
    report_endings(sorted(kept(ENDINGS), key=place))


def place(line: dict) -> tuple:
    """Where a line stands in a table: set by set, the default before its peers."""
    plan = PLANNED[line["run"]]
    return list(SIZES).index(plan.name), plan.recipe != "swift", plan.recipe, plan.minutes, plan.seed


def report(lines: list[dict]) -> None:
    """One table a family, then precision and coverage: by set and by the clock."""
    for family, title in FAMILIES.items():
        told = [line for line in lines if family in line]  # earlier runs were not judged by multiscale
        if told:
            print(f"\n{title}: distance as a share of the eigen line's\n")
            eigen = {line["run"]: line["eigen"][family][0] for line in told}
            by_the_clock(told, lambda line, family=family: f"{share_of_eigen(line, family):.2f}", eigen)
    if told := [line for line in lines if "precision" in line]:
        print("\nPrecision and coverage in the ResNet's features\n")
        by_the_clock(told, lambda line: f"{line['precision']:.2f} {line['coverage']:.2f}")


def share_of_eigen(line: dict, family: str) -> float:
    """The distance in a line that has the PCA baseline's beside it: 1 is linear algebra, 0 is real."""
    return line[family][0] / line["eigen"][family][0]


def by_the_clock(lines: list[dict], cell: Callable[[dict], str], eigen: dict[str, float] | None = None) -> None:
    """A table with a row a run and a column a mark, and before them the PCA baseline's distance by run if given."""
    shown = [mark for mark in MARKS if any(line["mark"] == mark for line in lines)]
    heads = ["set", "recipe, time, seed", *(["eigen line"] if eigen else []), *(f"{mark} s" for mark in shown)]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for run in dict.fromkeys(line["run"] for line in lines):
        members = {line["mark"]: line for line in lines if line["run"] == run}
        plan = PLANNED[run]
        title = f"{plan.recipe}, {plan.minutes} min, {plan.seed}"
        cells = [plan.name, title, *([f"{eigen[run]:.2f}"] if eigen else [])]
        cells += [cell(members[mark]) if mark in members else "" for mark in shown]
        print(f"| {' | '.join(cells)} |")


def report_endings(lines: list[dict]) -> None:
    """How every run ended."""
    print("\n| run | images | MB | last verdict | rescues | copies |\n|---|---|---|---|---|---|")
    for line in lines:
        verdict = line["verdicts"][-1] if line["verdicts"] else "not measured"
        copies = f"{line['copies']['share']['value']:.1%}" if line["copies"] else ""
        cells = f"{line['images']:,}", line["memory_mb"], verdict, line["rescues"], copies
        print(f"| {line['run']} | {' | '.join(map(str, cells))} |")


if __name__ == "__main__":
    main()
