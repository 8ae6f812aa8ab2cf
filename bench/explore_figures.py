"""The pictures of docs/explore.md, from runs of ten minutes on faces, avatars, cars and a part of the avatars.

    python -m bench.explore_figures FACES_RUN AVATARS_RUN CARS_RUN MANY_RUN HELD_OUT_FOLDER

MANY_RUN and HELD_OUT_FOLDER are what bench/few.py leaves of the avatars: a run, and pictures that it has not seen.

docs/figures/explore-*.webp: two films, strips, projections, mixtures, a blend and neighbours. Seeds are chosen by eye.
No picture of a set that may not be published is in one.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import ganvas
from ganvas.formats.sheets import side_by_side
from ganvas.model.weights import kept_moments

FIGURES = Path("docs/figures")
WIDE_PX = 900  # what a page of documentation shows at most
AVATARS, FACES, CARS = (2, 26, 32, 18, 61, 24), (25, 42, 16, 13, 37, 62), (12, 41, 14)
STRIPS = 5  # of ten directions; the later ones do little
PHOTOS = 3


def figure(name: str, picture: Image.Image) -> None:
    """Write it as docs/figures/explore-NAME.webp, as wide as a page needs it."""
    if picture.width > WIDE_PX:
        picture = picture.resize((WIDE_PX, round(picture.height * WIDE_PX / picture.width)), Image.Resampling.LANCZOS)
    picture.save(FIGURES / f"explore-{name}.webp", quality=80, method=6)


def beside(left: Image.Image, right: Image.Image, gap: int = 16) -> Image.Image:
    """Both on white."""
    sheet = Image.new("RGB", (left.width + gap + right.width, max(left.height, right.height)), "white")
    sheet.paste(left, (0, 0))
    sheet.paste(right, (left.width + gap, 0))
    return sheet


def main(arguments: Sequence[str] | None = None) -> None:
    """Make them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("faces", "avatars", "cars", "many", "held_out"):
        parser.add_argument(name, type=Path)
    asked = parser.parse_args(arguments)
    FIGURES.mkdir(parents=True, exist_ok=True)
    film = {"fps": 8, "grid": "3x1", "scale": 2, "progress": False}
    ganvas.walk(asked.avatars, FIGURES / "explore-tour.webp", stops=AVATARS, seconds=6, **film)
    ganvas.walk(asked.cars, FIGURES / "explore-noise.webp", stops=CARS, loop="noise", radius=0.35, seconds=4, **film)
    tables = (
        ganvas.mix(asked.avatars, AVATARS[:3], AVATARS[3:]),
        ganvas.mix(asked.faces, FACES[:3], FACES[3:], coarse=8),
    )
    figure("mix", beside(*tables))
    photos = sorted(asked.held_out.iterdir())[:PHOTOS]
    found = ganvas.project(asked.many, photos, progress=False)
    shown = [np.concatenate([one.photo, one.guess, one.refined], axis=1) for one in found]
    figure("project", side_by_side(np.stack(shown), PHOTOS))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        ganvas.directions(asked.avatars, work / "strips.png", seed=AVATARS[0])
        strips = Image.open(work / "strips.png")
        figure("directions", strips.crop((0, 0, strips.width, round(strips.height * STRIPS / 10))))
        ganvas.neighbours(asked.avatars, AVATARS[:4], "avatars", work / "neighbours.png")
        figure("neighbours", Image.open(work / "neighbours.png"))
        moments = sorted(kept_moments(asked.faces))
        ends = {"at": moments[len(moments) // 2], "other_at": moments[-1]}
        ganvas.blend(asked.faces, asked.faces, work / "blend", share=0.5, **ends)
        figure("blend", Image.open(work / "blend" / "preview.png"))


if __name__ == "__main__":
    main()
