"""What do 100 pictures give that 1,000 do not: no copies, and how much of what was held out is reached.

    python -m bench.few runs WORK_FOLDER DATA_FOLDER [SET ...] [--minutes 10]
    python -m bench.few table

Of each set 500 pictures are held out, 100 and up to 1,000 of the others are trained on, chosen by a fixed seed. Both
trainings run at the same time, one thread each. Coverage is the share of the held-out pictures that 500 drawn ones
reach, in the ResNet's features; copies are counted as on a score card. Resumable: lines are in
bench/results/few.jsonl.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import ganvas
from bench.agreement import View, independent_features
from bench.beside import parsers, trained
from bench.judge import table
from bench.lines import keep, kept
from bench.quality import COUNT, SETS, Plan, drawn, known_pictures, reached, source
from bench.same_weights import ROOT
from ganvas.model.weights import kept_moments

RESULTS = Path("bench/results/few.jsonl")
FIVE = ("faces-color", "faces-gray", "cars", "avatars", "digits")
HELD_OUT, FEW, MANY = 500, 100, 1000
CHOSEN_BY = 0  # the seed of which pictures are held out and trained on


def parted(name: str, work: Path, data: Path) -> dict[str, Path]:
    """Write the folders of held-out pictures, of few and of many, at the size they are drawn.

    Of a set of fewer than three times HELD_OUT, a third is held out.
    """
    images = np.asarray(known_pictures(name, source(name, data, work)).images)
    order = np.random.default_rng(CHOSEN_BY).permutation(len(images))
    held_out, others = np.split(order, [min(HELD_OUT, len(images) // 3)])
    folders: dict[str, Path] = {}
    for part, chosen in (("held-out", held_out), ("few", others[:FEW]), ("many", others[:MANY])):
        folders[part] = work / f"{name}-{part}"
        folders[part].mkdir(parents=True, exist_ok=True)
        for at in chosen:
            Image.fromarray(images[at].squeeze()).save(folders[part] / f"{at:05d}.png")
    return folders


def measured(run: Path, training: Path, held_out: np.ndarray, see: View, count: int = COUNT) -> dict[str, float]:
    """The images shown, copies of the training pictures, and what of the held-out ones is reached."""
    last = max(kept_moments(run))
    copies = ganvas.score(run, training, count=count).to_dict()["copies"]
    found = {
        "images": last,
        "copied": round(copies["share"]["value"], 4),
        "by chance": round(copies["chance"]["value"], 4),
    }
    return found | reached(see(held_out), see(drawn(run, last, count)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and measure what is missing, or print what there is."""
    asked = parsers(__doc__, SETS)[0].parse_args(arguments)
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
        lines = [
            {"set": name, "minutes": asked.minutes, "pictures": len(list(folders[part].iterdir()))}
            | measured(asked.work / f"{part}-{plan.title}", folders[part], held_out, see)
            for part in ("few", "many")
        ]
        for line in lines:  # both together, so that no half of a set is taken for it
            keep(RESULTS, line)
        print(name, flush=True)


if __name__ == "__main__":
    main()
