"""The real pictures as scores see them: their features, computed once and kept beside the picture cache.

Sets are taken in one fixed, shuffled order, so that a sample of any size is the beginning of it, and more pictures
extend what is kept instead of replacing it.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ganvas.data import PictureSet
from ganvas.features.extractor import Extractor, extract
from ganvas.files import replace_tensors

MOST_REFERENCE = 5000
_ORDER_SEED = 20_180_101


@dataclass(frozen=True)
class Sample:
    """Pictures of one kind, (N, H, W, C) uint8, and what the extractor makes of them, (N, F)."""

    images: np.ndarray
    features: Tensor

    def __getitem__(self, part: slice) -> "Sample":
        return Sample(self.images[part], self.features[part])

    def __len__(self) -> int:
        return len(self.images)


def reference_order(count: int) -> np.ndarray:
    """(min(count, 5,000),) the fixed order in which a set of `count` pictures is sampled."""
    return np.random.default_rng(_ORDER_SEED).permutation(count)[:MOST_REFERENCE]


def reference_sample(pictures: PictureSet, extractor: Extractor, count: int, cache: Path) -> Sample:
    """The first `count` pictures of the set's order, at most all of them, with their features.

    Args:
        cache: the folder of the picture cache; where it cannot be written, features are computed again each time.
    """
    order = reference_order(len(pictures.images))[:count]
    return Sample(np.asarray(pictures.images[order]), reference_features(pictures, extractor, count, cache))


def reference_features(
    pictures: PictureSet, extractor: Extractor, count: int, cache: Path, *, mirrored: bool = False
) -> Tensor:
    """(N, F) the features of `reference_sample`.

    Args:
        mirrored: of the pictures turned left to right.
    """
    order = reference_order(len(pictures.images))[:count]
    path = cache / "features" / f"{pictures.key}-{extractor.key}{'-mirrored' if mirrored else ''}.safetensors"
    kept = _read(path)
    if len(kept) < len(order):
        images = np.asarray(pictures.images[order[len(kept) :]])
        images = np.ascontiguousarray(images[:, :, ::-1]) if mirrored else images
        kept = torch.cat([part for part in (kept, extract(extractor, images)) if len(part)])
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_tensors(path, {"features": kept})
    return kept[: len(order)]


def _read(path: Path) -> Tensor:
    """(K, F) features that are kept, K = 0 where there are none or the file is damaged."""
    try:
        kept = load_file(path)["features"]
    except (OSError, RuntimeError, SafetensorError, KeyError):
        return torch.empty(0)
    return kept if kept.ndim == 2 and kept.isfinite().all() else torch.empty(0)
