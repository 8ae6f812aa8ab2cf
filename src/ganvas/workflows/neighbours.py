"""`ganvas neighbours`: generated pictures beside the training pictures that are nearest to them."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL.Image import Image

from ganvas.config import PictureSettings, checked
from ganvas.data import load_pictures
from ganvas.explore.neighbours import Neighbours, neighbours
from ganvas.explore.points import latent_of
from ganvas.files import cache_folder
from ganvas.formats.point import Point
from ganvas.formats.sheets import with_words
from ganvas.model import draw_all
from ganvas.workflows.generate import Generator


def neighbours_of(generator: Generator, points: Sequence[Point], against: str) -> tuple[list[Neighbours], Image]:
    """What is near each point's picture in a source, and the sheet of it.

    Raises:
        SettingError, PicturesError: the pictures cannot be used, or the model does not have what a point names.
    """
    model, described = generator.model, generator.description
    latents = np.stack([latent_of(model, point) for point in points])
    labelled = [point.label_index(described.classes) for point in points]
    drawn = draw_all(model.generator, torch.as_tensor(latents), torch.tensor(labelled) if described.classes else None)
    values = {"source": against, "width": described.width, "height": described.height}
    known = load_pictures(checked(PictureSettings, values | {"channels": described.channel_setting}))
    found = neighbours(drawn, known, cache_folder())
    rows: list[tuple[str, np.ndarray]] = []
    for point, picture, near in zip(points, drawn, found, strict=True):
        said = "counts as a copy" if near.is_copy else "is no copy"
        words = f"seed {point.seed}: {near.ratio:.2f} times as far from the nearest as from the fifth; {said}"
        rows.append((words, np.concatenate([picture[None], near.pictures])))
    return found, with_words(rows, ["generated", "nearest", *map(str, range(2, len(found[0].pictures) + 1))], scale=2)
