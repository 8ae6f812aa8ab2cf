"""What every recipe reaches on a set in a given time: trains each as `ganvas train` does, and keeps a grid and figures.

    python -m bench.recipes --time 5m --out runs/recipes mlp=digits dcgan=avatars dcgan=my-folder

Resumable: a run that was stopped goes on, one that is finished is kept, and each finished run adds one line to
bench/results/recipes.jsonl and one grid to docs/figures/. The table in docs/recipes.md is made from those lines.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bench.lines import keep, kept
from ganvas.formats.log import read_log

RESULTS = Path("bench/results/recipes.jsonl")
FIGURES = Path("docs/figures")


def train(recipe: str, source: str, time: str, out: Path, more: list[str]) -> None:
    """One run, as a person would start it.

    Raises:
        subprocess.CalledProcessError: it did not end well.
    """
    command = [sys.executable, "-m", "ganvas", "train", source, "--recipe", recipe, "--time", time, "--out", str(out)]
    subprocess.run([*command, *more], check=True)


def measured(out: Path) -> dict[str, object]:
    """Images, minutes and the last logged numbers of a finished run."""
    last = read_log(out / "log.jsonl").numbers[-1]
    minutes = round(last["seconds"] / 60, 1)
    speed = round(last["images"] / last["seconds"], 1)
    return {"images": last["images"], "minutes": minutes, "images_per_second": speed}


def keep_grids(out: Path, name: str) -> None:
    """The last grid of a run, and of what it rebuilt, as pictures small enough for the documents."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    for folder, ending in (("samples", ""), ("rebuilt", "-rebuilt")):
        grids = sorted(path for path in (out / folder).glob("*.png") if path.stem.isdigit())
        for path in grids[-1:]:
            with Image.open(path) as grid:
                grid.convert("RGB").save(FIGURES / f"{name}{ending}.webp", quality=80, method=6)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is asked for and not there yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "pairs", nargs="+", help="RECIPE=SOURCE, optionally with more options: RECIPE=SOURCE,--width,0.5"
    )
    parser.add_argument("--time", default="5m")
    parser.add_argument("--out", type=Path, default=Path("runs/recipes"))
    wanted = parser.parse_args(arguments)
    for pair in wanted.pairs:
        recipe, _, rest = pair.partition("=")
        source, *more = rest.split(",")
        options = "".join(part.lstrip("-") for part in more)
        name = "-".join(filter(None, [recipe, Path(source).name, wanted.time, options]))
        if any(line["name"] == name for line in kept(RESULTS)):
            continue
        train(recipe, source, wanted.time, wanted.out / name, more)
        keep_grids(wanted.out / name, name)
        line = {"name": name, "recipe": recipe, "source": Path(source).name, "options": more}
        keep(RESULTS, line | measured(wanted.out / name))


if __name__ == "__main__":
    main()
