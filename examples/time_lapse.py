"""Train on the built-in avatars, follow the events, and write a sheet that shows how the same four seeds grew.

python examples/time_lapse.py --images 20k --out time-lapse.png
"""

import argparse

import numpy as np

import ganvas
from ganvas.formats.images import Pictures
from ganvas.run.events import Drawn, Stepped


def main() -> None:
    """Train, then draw the same seeds at every moment that was kept."""
    parser = argparse.ArgumentParser(description="Train, and show how the same four seeds grew.")
    parser.add_argument("--source", default="avatars")
    parser.add_argument("--images", default="20k", help="images shown")
    parser.add_argument("--size", default="32")
    parser.add_argument("--run", default="runs/time-lapse")
    parser.add_argument("--out", default="time-lapse.png")
    options = parser.parse_args()

    moments = [0]
    for event in ganvas.train(options.source, images=options.images, size=options.size, out=options.run, events=True):
        match event:
            case Stepped():
                print(f"{event.images} of {event.until_images}: loss {event.numbers['generator_loss']:.2f}")
            case Drawn():
                moments.append(event.images)

    rows = [ganvas.load(options.run, at=images).draw(seeds=range(4)) for images in sorted(set(moments))]
    np.concatenate(rows).view(Pictures).grid(columns=4).save(options.out)
    print(options.out)


if __name__ == "__main__":
    main()
