"""What do 100 pictures give that 1,000 do not: no copies, and how much of what was held out is reached.

    python -m bench.few runs WORK_FOLDER DATA_FOLDER [SET ...] [--minutes 10]
    python -m bench.few table

Of each set 500 pictures are held out, 100 and up to 1,000 of the others are trained on, chosen by a fixed seed. Both
trainings run at the same time, one thread each. Coverage is the share of the held-out pictures that 500 drawn ones
reach, in the ResNet's features; copies are counted as on a score card. Resumable: lines are in
bench/results/few.jsonl.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import ganvas
from bench.agreement import View, independent_features
from bench.beside import ROOT, trained
from bench.judge import table
from bench.lines import keep, kept
from bench.quality import SETS, Plan, drawn, known_pictures, source
from ganvas.metrics import neighbourhoods
from ganvas.model.weights import kept_moments

RESULTS = Path("bench/results/few.jsonl")
FIVE = ("faces-color", "faces-gray", "cars", "avatars", "digits")
HELD_OUT, FEW, MANY, COUNT = 500, 100, 1000, 500
CHOSEN_BY = 0  # the seed of which pictures are held out and trained on


def parted(name: str, work: Path, data: Path) -> dict[str, Path]:
    """The folders of held-out pictures, of few and of many, written if they are not there, at the size they are drawn.

    Where a set has fewer than HELD_OUT + MANY, a third of it is held out.
    """
    folders = {part: work / f"{name}-{part}" for part in ("held-out", "few", "many")}
    if not all(folder.exists() for folder in folders.values()):
        images = np.asarray(known_pictures(name, source(name, data, work)).images[:])
        order = np.random.default_rng(CHOSEN_BY).permutation(len(images))
        held_out = min(HELD_OUT, len(images) // 3)
        chosen = {
            "held-out": order[:held_out],
            "few": order[held_out:][:FEW],
            "many": order[held_out:][:MANY],
        }
        for part, folder in folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            for at in chosen[part]:
                Image.fromarray(images[at].squeeze()).save(folder / f"{at:05d}.png")
    return folders


def measured(run: Path, training: Path, held_out: np.ndarray, see: View, count: int = COUNT) -> dict[str, float]:
    """Copies of the training pictures, and what of the held-out ones is reached."""
    reached = neighbourhoods(see(held_out), see(drawn(run, max(kept_moments(run)), count)))
    copies = ganvas.score(run, training, count=count).to_dict()["copies"]
    return {
        "copied": round(copies["share"]["value"], 4),
        "by chance": round(copies["chance"]["value"], 4),
        "precision": round(reached.precision, 3),
        "recall": round(reached.recall, 3),
        "coverage": round(reached.coverage, 3),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and measure what is missing, or print what there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("table")
    runs = kinds.add_parser("runs")
    runs.add_argument("work", type=Path)
    runs.add_argument("data", type=Path)
    runs.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}")
    runs.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args(arguments)
    if asked.kind == "table":
        print(table(kept(RESULTS)))
        return
    see = independent_features()
    for name in asked.sets or FIVE:
        if any(line["set"] == name for line in kept(RESULTS)):
            continue
        folders = parted(name, asked.work, asked.data)
        plan = Plan("swift", name, asked.minutes)
        trained(plan, {part: (ROOT / "src", str(folders[part])) for part in ("few", "many")}, asked.work)
        held_out = np.array(known_pictures(name, str(folders["held-out"])).images)
        for part in ("few", "many"):
            count = len(list(folders[part].iterdir()))
            found = measured(asked.work / f"{part}-{plan.title}", folders[part], held_out, see)
            keep(RESULTS, {"set": name, "minutes": asked.minutes, "pictures": count} | found)
        print(name, flush=True)


if __name__ == "__main__":
    main()
