"""Does the verdict raise false alarms, does the default collapse: three minutes of each set of bench/unseen_sets.py.

    python -m bench.unseen runs SETS_FOLDER WORK_FOLDER --seeds 0 1 [--minutes 3]
    python -m bench.unseen table [WORK_FOLDER SHEET.webp]

A run goes on whatever the verdict says. Its measures, and what the ResNet of bench/agreement.py says of its moments, go
to bench/results/unseen.jsonl, and a run that is there is not made again. Verdicts are made from the measures anew each
time. An alarm is false unless the ResNet finds the last moment clearly worse than the best; the sheet has the seeds 0
to 7 of every run's last moment, for an eye to say which collapsed.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from bench.agreement import independent_features
from bench.lines import keep, kept
from bench.quality import Judge, View, drawn, own_views, share_of_eigen
from bench.verdicts import ALARMS, WORSE, logged_measures, verdicts
from ganvas.config import with_settings
from ganvas.data import load_pictures
from ganvas.formats.images import picture_grid
from ganvas.model.weights import kept_moments
from ganvas.recipes import recipe
from ganvas.workflows.train import train

RESULTS = Path("bench/results/unseen.jsonl")
DRAWN, SHOWN, MOMENTS = 200, 8, 4


def one_run(folder: Path, out: Path, seed: int, minutes: float, see: View) -> dict:
    """Train and measure; a line for RESULTS."""
    asked = [f"pictures.source={json.dumps(str(folder))}", f"limits.seconds={minutes * 60}", f"seed={seed}"]
    config = with_settings(recipe("swift").config, [*asked, "measuring.rescue=false", "recording.report=false"])
    for _ in train(config, out):
        pass
    moments = sorted(kept_moments(out))
    judge = Judge(load_pictures(config.pictures), count=DRAWN, views={**own_views((64, 64)), "ResNet": see})
    seen = []
    for at in moments[:: -max(len(moments) // MOMENTS, 1)][:MOMENTS][::-1]:
        line = judge.distances(judge.see(drawn(out, at, DRAWN))) | {"eigen": judge.eigen}
        seen.append({"images": at} | {family: round(share_of_eigen(line, family), 4) for family in judge.views})
    return {"set": folder.name, "seed": seed, "minutes": minutes, "measures": logged_measures(out), "moments": seen}


def alarms(line: dict) -> list[str]:
    """Every alarm, with the images shown by then."""
    return [f"{kind} after {images:,}" for images, kind in verdicts(line, from_pca=True) if kind in ALARMS]


def is_worse(line: dict) -> bool:
    """Whether the network that nothing was trained with finds the end clearly worse than the best moment."""
    distances = [moment["ResNet"] for moment in line["moments"]]
    return distances[-1] > WORSE * min(distances)


def report(lines: Sequence[dict]) -> None:
    """A row a run, then how many alarms were false."""
    print("| set, seed | images | multiscale | lite | ResNet, first to last | spread | alarms |")
    print("|---|---|---|---|---|---|---|")
    for line in sorted(lines, key=lambda line: (line["set"], line["seed"])):
        last, resnet = line["moments"][-1], ", ".join(f"{one['ResNet']:.2f}" for one in line["moments"])
        scores = f"{last['multiscale']:.2f} | {last['lite']:.2f} | {resnet} | {line['measures'][-1]['spread']:.2f}"
        said = "; ".join(alarms(line))
        print(f"| {line['set']}, {line['seed']} | {last['images']:,} | {scores} | {said} |")
    raised = [line for line in lines if alarms(line)]
    false = [f"{line['set']}, {line['seed']}" for line in raised if not is_worse(line)]
    print(f"\n{len(lines)} runs, {len(raised)} with an alarm, {len(false)} of them false: {'; '.join(false)}")


def sheet(work: Path, path: Path) -> None:
    """A row a run."""
    rows = []
    for run in sorted(work.iterdir()):
        grid = picture_grid(drawn(run, max(kept_moments(run)), SHOWN), columns=SHOWN)
        rows.append(np.asarray(Image.fromarray(grid.squeeze()).convert("RGB")))
    Image.fromarray(np.concatenate(rows)).save(path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the runs that are missing, or print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    runs, table = kinds.add_parser("runs"), kinds.add_parser("table")
    runs.add_argument("sets", type=Path)
    runs.add_argument("work", type=Path)
    runs.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    runs.add_argument("--minutes", type=float, default=3)
    table.add_argument("work", type=Path, nargs="?")
    table.add_argument("sheet", type=Path, nargs="?")
    asked = parser.parse_args(arguments)
    if asked.kind == "table":
        report(kept(RESULTS))
        if asked.sheet:
            sheet(asked.work, asked.sheet)
        return
    see = independent_features()
    for seed in asked.seeds:
        for folder in sorted(asked.sets.iterdir()):
            if any((line["set"], line["seed"]) == (folder.name, seed) for line in kept(RESULTS)):
                continue
            line = one_run(folder, asked.work / f"{folder.name}-{seed}", seed, asked.minutes, see)
            keep(RESULTS, line)
            print(folder.name, seed, line["moments"][-1], alarms(line), flush=True)


if __name__ == "__main__":
    main()
