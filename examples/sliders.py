"""What a model's main directions of variation do: a row for each, from one end of it to the other.

python examples/sliders.py runs/time-lapse --out sliders.png
"""

import argparse

import numpy as np

import ganvas
from ganvas.formats.images import Pictures


def main() -> None:
    """Walk from one seed along each direction."""
    parser = argparse.ArgumentParser(description="What the main directions of a model do.")
    parser.add_argument("model", help="a run folder, a model folder or hf:owner/model")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--out", default="sliders.png")
    options = parser.parse_args()

    generator = ganvas.load(options.model)
    z = generator.latents([options.seed])  # (1, Z)
    amounts = np.linspace(-3, 3, options.steps)[:, None]  # in standard deviations
    rows = []
    for direction in generator.directions:
        print(f"{direction.name}: {direction.share:.0%} of the variance")
        rows.append(generator.draw(z + amounts * direction.vector))
    np.concatenate(rows).view(Pictures).grid(columns=options.steps).save(options.out)
    print(options.out)


if __name__ == "__main__":
    main()
