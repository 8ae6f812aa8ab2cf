"""The training pictures that are nearest to a generated one, and whether the copy test calls it a copy."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ganvas.data import PictureSet
from ganvas.errors import SettingError
from ganvas.features import extract, load_extractor
from ganvas.metrics import MOST_REFERENCE, pixel_rows, pixel_space, reference_features, reference_sample
from ganvas.metrics.copies import COPY_RATIO, FEWEST_TRAINING
from ganvas.metrics.neighbours import nearest_training
from ganvas.wording import counted

SHOWN = 6


@dataclass(frozen=True)
class Neighbours:
    """Of one generated picture.

    pictures: (K, H, W, C) uint8, the nearest training pictures in features, nearest first. ratio: the distance to the
    nearest over that to the fifth nearest, in features or in pixels, whichever is less.
    """

    pictures: np.ndarray
    ratio: float

    @property
    def is_copy(self) -> bool:
        """Whether the copy test counts it as one."""
        return self.ratio < COPY_RATIO


def neighbours(drawn: np.ndarray, known: PictureSet, cache: Path, count: int = SHOWN) -> list[Neighbours]:
    """Of each generated picture, (N, H, W, C) uint8, of the size and channels of the known ones.

    Raises:
        SettingError: there are too few training pictures to say which are near.
    """
    if len(known.images) < max(FEWEST_TRAINING, count):
        few, least = counted(len(known.images), "training picture"), max(FEWEST_TRAINING, count)
        raise SettingError(f"{few}: expected at least {least}")
    extractor = load_extractor("multiscale", drawn.shape[1:3], cache / "downloads")
    training = reference_sample(known, extractor, MOST_REFERENCE, cache)
    mirrored = reference_features(known, extractor, MOST_REFERENCE, cache, mirrored=True)
    features, space = extract(extractor, drawn), pixel_space(training.images)
    by_features = nearest_training(features, training.features, mirrored)
    by_pixels = nearest_training(pixel_rows(drawn), space.upright, space.mirrored)
    distances = torch.minimum(torch.cdist(features, training.features), torch.cdist(features, mirrored))  # (N, M)
    nearest = distances.topk(count, largest=False).indices.numpy()
    ratios = torch.minimum(by_features.ratio, by_pixels.ratio).tolist()
    return [Neighbours(training.images[rows], ratio) for rows, ratio in zip(nearest, ratios, strict=True)]
