"""Does a search beat the recipe as it is, at equal time and with seeds that it was not searched with?

    python -m bench.tuning runs WORK_FOLDER DATA_FOLDER [SET ...] [--recipe quick] [--minutes 3] [--trials 24]
    python -m bench.tuning table

Of each set: a search, then for every seed a training with what it found and one with the recipe as it is, in turns and
of one length. Both are scored by pictures that no trial was scored by. Resumable: a search goes on where it was
stopped, and lines are in bench/results/tuning.jsonl. Nothing else should run beside it, since time is the limit.
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

import ganvas
from bench.beside import parsers
from bench.judge import table
from bench.lines import keep, kept
from bench.quality import SIZES, source

RESULTS = Path("bench/results/tuning.jsonl")
TWO = ("avatars", "faces-color")
FAMILIES = ("multiscale", "lite")
FRESH_PICTURES = 1_000_000  # the first seed of what is scored here; a trial's were from 0 on
FIRST_SEED = 100  # of the trainings; the trials had 0
KINDS = ("tuned", "default")


def main(arguments: Sequence[str] | None = None) -> None:
    """Search, train and score what is missing, or print what there is."""
    parser, runs = parsers(__doc__, SIZES)
    runs.set_defaults(minutes=3)
    runs.add_argument("--recipe", default="quick")
    runs.add_argument("--trials", type=int, default=24)
    runs.add_argument("--seeds", type=int, default=3)
    runs.add_argument("--count", type=int, default=500)
    asked = parser.parse_args(arguments)
    if asked.kind == "table":
        print(table(compared(kept(RESULTS))))
        return
    for name in asked.sets or TWO:
        compare(name, source(name, asked.data, asked.work), SIZES[name], asked)


def compare(name: str, pictures: str, size: str, asked: argparse.Namespace, settings: Sequence[str] = ()) -> None:
    """The search of one set, and every training that is not in RESULTS. settings: of both kinds, as --set has them."""
    title = f"{asked.recipe}-{name}-{asked.minutes:g}m"
    asked_for = {"recipe": asked.recipe, "size": size, "time": 60 * asked.minutes, "settings": list(settings)}
    search = asked.work / f"tuning-{title}"
    print(ganvas.tune(pictures, trials=asked.trials, out=search, progress=False, **asked_for), flush=True)
    for number in range(asked.seeds):
        seed = FIRST_SEED + number
        for kind in KINDS if number % 2 == 0 else KINDS[::-1]:
            line = {"set": name, "recipe": asked.recipe, "minutes": asked.minutes, "kind": kind, "seed": seed}
            if any(line.items() <= there.items() for there in kept(RESULTS)):
                continue
            out = asked.work / f"{kind}-{title}-{seed}"
            if kind == "tuned":
                run = ganvas.train(config=search / "best.toml", seed=seed, out=out, progress=False)
            else:
                run = ganvas.train(pictures, seed=seed, out=out, progress=False, **asked_for)
            keep(RESULTS, line | {"images": run.images} | scored(run, pictures, asked.count))
            print(kind, title, seed, flush=True)


def scored(run: ganvas.Run, pictures: str, count: int) -> dict[str, list[float]]:
    """KD by each family, with the ends of its interval."""
    found: dict[str, list[float]] = {}
    for family in FAMILIES:
        card = ganvas.score(run, pictures, count=count, seed=FRESH_PICTURES, features=family)
        kd = card.model.kernel_distance
        found[family] = [round(value, 5) for value in (kd.value, kd.low, kd.high)]
    return found


def compared(lines: Sequence[dict]) -> list[dict[str, object]]:
    """A row a set and family: both means over the seeds, and of how many pairs the search won."""
    rows: list[dict[str, object]] = []
    for at in dict.fromkeys((line["set"], line["recipe"], line["minutes"]) for line in lines):
        mine = [line for line in lines if (line["set"], line["recipe"], line["minutes"]) == at]
        by_kind = {kind: {line["seed"]: line for line in mine if line["kind"] == kind} for kind in KINDS}
        seeds = sorted(by_kind["tuned"].keys() & by_kind["default"].keys())
        for family in FAMILIES if seeds else ():
            tuned, default = ([by_kind[kind][seed][family][0] for seed in seeds] for kind in KINDS)
            wins = sum(one < other for one, other in zip(tuned, default, strict=True))
            rows.append(
                {
                    **dict(zip(("set", "recipe", "minutes"), at, strict=True)),
                    "family": family,
                    "tuned": round(statistics.mean(tuned), 4),
                    "recipe as it is": round(statistics.mean(default), 4),
                    "won": f"{wins} of {len(seeds)}",
                }
            )
    return rows


if __name__ == "__main__":
    main()
