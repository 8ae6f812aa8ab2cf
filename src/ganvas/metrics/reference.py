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
from ganvas.formats.images import REDUCED_PX, reduced

MOST_REFERENCE = 5000
_ORDER_SEED = 20_180_101


@dataclass(frozen=True)
class Sample:
    """Pictures of one kind, (N, H, W, C) uint8 as `taken`, and what the extractor makes of them, (N, F)."""

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
    return Sample(taken(pictures, order), reference_features(pictures, extractor, count, cache))


def taken(pictures: PictureSet, positions: np.ndarray) -> np.ndarray:
    """(N, h, w, C) uint8 pictures of the set, as all scores see them: those over REDUCED_PX are made smaller."""
    if max(pictures.images.shape[1:3]) <= REDUCED_PX:
        return np.asarray(pictures.images[positions])
    return np.concatenate([as_scored(np.asarray(pictures.images[[position]])) for position in positions])


def as_scored(images: np.ndarray) -> np.ndarray:
    """(N, H, W, C) uint8 -> (N, h, w, C) uint8, as all scores see them."""
    return images if max(images.shape[1:3]) <= REDUCED_PX else reduced(images)


def reference_features(
    pictures: PictureSet, extractor: Extractor, count: int, cache: Path, *, mirrored: bool = False
) -> Tensor:
    """(N, F) the features of `reference_sample`.

    Args:
        mirrored: of the pictures turned left to right.
    """
    whole = reference_order(len(pictures.images))
    order = whole[:count]
    path = cache / "features" / f"{pictures.key}-{extractor.key}{'-mirrored' if mirrored else ''}.safetensors"

    def computed(positions: np.ndarray) -> Tensor:
        images = taken(pictures, positions)
        return extract(extractor, np.ascontiguousarray(images[:, :, ::-1]) if mirrored else images)

    kept = _read(path, len(whole))
    if len(kept) < len(order):
        more = computed(order[len(kept) :])
        is_alike = kept.shape[1:] == more.shape[1:]  # else it is damaged, or there is none
        kept = torch.cat([kept, more]) if is_alike else computed(order) if len(kept) else more
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_tensors(path, {"features": kept})
    return kept[: len(order)]


def _read(path: Path, most: int) -> Tensor:
    """(K, F) features that are kept, K <= most; K = 0 where there are none or the file is damaged."""
    nothing = torch.empty(0)
    try:
        kept = load_file(path)["features"] if path.is_file() else nothing
    except (OSError, RuntimeError, SafetensorError, KeyError):
        return nothing
    is_whole = kept.ndim == 2 and kept.dtype == torch.float32 and len(kept) <= most and kept.isfinite().all()
    return kept if is_whole else nothing
