"""How much nearer do the pictures of the training set come back than strangers, when their latents are looked for?

    python -m bench.projection RUN TRAINING_PICTURES HELD_OUT_PICTURES [--count 32] [--steps 100]

A table of the mean distances of the first guess and of what is refined, and of the share of strangers that lie further
than the median picture of the training set. Held out are pictures of the same kind that the run was not trained on.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ganvas.config import PictureSettings
from ganvas.data import load_pictures
from ganvas.explore.project import Projection, project
from ganvas.metrics import reference_order
from ganvas.model.weights import Model, load_model


def projected(model: Model, source: str, count: int, steps: int) -> list[Projection]:
    """Of `count` pictures of a source, spread over it."""
    described = model.description
    size = {"width": described.width, "height": described.height, "channels": described.channel_setting}
    pictures = load_pictures(PictureSettings(source=source, **size))
    order = reference_order(len(pictures.images))[:count]
    return [project(model, np.asarray(pictures.images[at]), steps=steps) for at in order]


def row(title: str, found: Sequence[Projection]) -> str:
    """One line of the table."""
    means = (
        np.mean([getattr(getattr(one, when), what) for one in found])
        for what in ("pixels", "features")
        for when in ("before", "after")
    )
    pixels, refined_pixels, features, refined_features = means
    cells = f"{pixels:.1f} | {refined_pixels:.1f} | {features:.3f} | {refined_features:.3f}"
    return f"| {title} | {len(found)} | {cells} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Look for both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("training")
    parser.add_argument("held_out")
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--steps", type=int, default=100)
    asked = parser.parse_args(arguments)
    model = load_model(asked.run)
    print(
        "| pictures | of them | guess, grey levels | refined | guess, features | refined |\n|---|---|---|---|---|---|"
    )
    found: dict[str, list[Projection]] = {}
    for title, source in (("of the training set", asked.training), ("held out", asked.held_out)):
        found[title] = projected(model, source, asked.count, asked.steps)
        print(row(title, found[title]), flush=True)
    own, strangers = ([one.after.features for one in each] for each in found.values())
    print(f"\n{np.mean(strangers > np.median(own)):.0%} of strangers lie further than the median of the training set")


if __name__ == "__main__":
    main()
