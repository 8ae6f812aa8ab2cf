"""`ganvas walk`: what was asked -> ways through latent space -> a film, drawn frame by frame."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image

from ganvas.errors import SettingError
from ganvas.explore.points import latent_of
from ganvas.explore.walk import NoiseLoop, Tour, noise_loop_around, reel
from ganvas.files import writing_to
from ganvas.formats.point import point_of
from ganvas.formats.preset import MOST_KEYFRAMES, MOST_RADIUS, Keyframe
from ganvas.model.weights import Model
from ganvas.report.video import MOST_GIF_FPS, WRITERS, Reel
from ganvas.settings import shortened

LONGEST_PX = 512  # of a film whose scale nobody chose, at most
MOST_FRAMES, MOST_CELLS, MOST_FPS, LARGEST_SIDE_PX = 1_000_000, 64, 120, 4096
GOLDEN_SHARE = (5**0.5 - 1) / 2  # whose multiples, less their whole parts, lie far from each other however many


@dataclass(frozen=True)
class WalkOptions:
    """What is walked through, and how it is shown.

    keyframes: the stops, each with its way to the next; of a noise loop, the pictures that its cells stay around.
    is_noise: a closed random curve instead of a tour. radius: of that curve; at 0 nothing moves.
    seconds: of the whole film; None: those of the keyframes. columns, rows: pictures side by side. scale: what a pixel
    is enlarged by; None: as far as 512 px. seed: of the curve's waves.
    """

    out: Path
    keyframes: tuple[Keyframe, ...]
    is_noise: bool = False
    radius: float = 1.0
    seconds: float | None = None
    fps: int = 30
    columns: int = 1
    rows: int = 1
    scale: int | None = None
    seed: int = 0


def walk_film(model: Model, options: WalkOptions, told: Callable[[int, int], None] | None = None) -> Path:
    """Write the film; its path.

    Args:
        told: is called with the frames that are written and those that there are.
    Raises:
        SettingError: an ending that no film has, a number out of range, or keyframes that the model does not have.
    """
    ending = options.out.suffix.lower()
    if ending not in WRITERS:
        known = ", ".join(filter(None, WRITERS))
        raise SettingError(f"{options.out.name}: films end in {known}; a name without an ending is a folder of PNGs")
    described, cells = model.description, options.columns * options.rows
    check_cells(options.columns, options.rows)
    _check("stops", len(options.keyframes), 1, MOST_KEYFRAMES)
    if ending == ".gif":
        _check("frames a second of a GIF", options.fps, 1, MOST_GIF_FPS)
    _check("frames a second", options.fps, 1, MOST_FPS)
    _check("radius", options.radius, 0, MOST_RADIUS)
    size = described.width * options.columns, described.height * options.rows
    scale = max(LONGEST_PX // max(size), 1) if options.scale is None else options.scale
    _check("pixels of a side", max(size) * scale, 1, LARGEST_SIDE_PX)
    seconds = options.seconds or sum(each.seconds for each in options.keyframes)
    _check(f"frames of {seconds:g} s at {options.fps} a second", seconds * options.fps, 0.5, MOST_FRAMES)
    frames = max(round(seconds * options.fps), 1)
    make = noise_loop if options.is_noise else tour
    ways = [make(model, options, cell) for cell in range(cells)]
    film = reel(model, ways, columns=options.columns, frames=frames, fps=options.fps, scale=scale)
    with writing_to(options.out, what="file" if ending else "folder"):
        WRITERS[ending](film if told is None else counted(film, told), options.out)
    return options.out


def check_cells(columns: int, rows: int) -> None:
    """Raises SettingError unless there are as many pictures side by side as can be."""
    _check("pictures side by side", columns * rows, 1, MOST_CELLS)


def _check(name: str, value: float, least: float, most: float) -> None:
    """Raises SettingError unless a number is in its range."""
    if not least <= value <= most:
        raise SettingError(f"{name}: {shortened(value)}, expected {least:.15g} to {most:.15g}")


def tour(model: Model, options: WalkOptions, cell: int) -> Tour:
    """The keyframes in turn, from that of the cell's number on.

    Cells that there is no keyframe for begin on the way to the next, so that no two show the same.
    """
    rounds, start = divmod(cell, len(options.keyframes))
    keyframes = options.keyframes[start:] + options.keyframes[:start]
    points = [point_of(each.point) for each in keyframes]
    stops = np.stack([latent_of(model, point) for point in points])
    labels = [point.label_index(model.description.classes) for point in points]
    ahead = rounds * GOLDEN_SHARE % 1
    return Tour(stops, labels, [each.seconds for each in keyframes], [each.ease for each in keyframes], ahead)


def noise_loop(model: Model, options: WalkOptions, cell: int) -> NoiseLoop:
    """Around the keyframe of the cell's number."""
    point = point_of(options.keyframes[cell % len(options.keyframes)].point)
    z, label = latent_of(model, point), point.label_index(model.description.classes)
    return noise_loop_around(z, options.radius, options.seed + cell, model.description, label)


def counted(film: Reel, told: Callable[[int, int], None]) -> Reel:
    """The same film, which tells of every frame that is asked for; some are asked for twice."""
    numbers = count(1)

    def frame(number: int) -> Image.Image:
        told(min(next(numbers), len(film)), len(film))
        return film.frame(number)

    return replace(film, frame=frame)
