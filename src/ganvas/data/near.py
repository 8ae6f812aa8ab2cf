"""Pictures that are nearly the same: saved twice at another quality, shrunk, or taken a moment apart."""

import numpy as np

THUMBNAIL_PX = 16  # a side at most: keeps what a picture shows and loses how it was packed
BLOCK = 1024  # pictures compared at once
BLOCK_NUMBERS = 1 << 24  # pixels, times channels, of pictures made small at once
SHOWN_SIMILARITY = 0.98
MOST_COMPARED = 10_000  # unasked; every pair of so many takes a few seconds


def near_duplicates(rows: np.ndarray, similarity: float) -> dict[int, int]:
    """Each picture that is as similar as that to an earlier one, which is none of them -> the first such.

    Similar is the correlation of two pictures, all channels together, of THUMBNAIL_PX a side: 1 is the same picture,
    brighter or of more contrast perhaps. Pictures of one colour are similar to none.

    Args:
        rows: (N, H, W, C) uint8.
        similarity: in (0, 1].
    """
    at_once = max(BLOCK_NUMBERS // rows[0].size, 1)
    features = np.concatenate([_features(rows[at : at + at_once]) for at in range(0, len(rows), at_once)])
    found: dict[int, int] = {}
    for start in range(0, len(features), BLOCK):
        block = features[start : start + BLOCK]
        close = block @ features[: start + len(block)].T >= similarity - 1e-6
        for i in np.flatnonzero(close.sum(1) > 1):
            earlier = (int(j) for j in np.flatnonzero(close[i, : start + i]) if int(j) not in found)
            if (first := next(earlier, None)) is not None:
                found[start + int(i)] = first
    return found


def _features(rows: np.ndarray) -> np.ndarray:
    """(N, H, W, C) uint8 -> (N, F) float32 of mean 0 and length 1, or 0 where there is nothing to see."""
    height, width = (np.unique(np.arange(THUMBNAIL_PX) * side // THUMBNAIL_PX) for side in rows.shape[1:3])
    sums = np.add.reduceat(np.add.reduceat(rows.astype(np.float32), height, axis=1), width, axis=2)
    areas = np.diff([*height, rows.shape[1]])[:, None] * np.diff([*width, rows.shape[2]])
    means = sums / areas[..., None].astype(np.float32)
    shown = np.linalg.norm((means - means.mean((1, 2), keepdims=True)).reshape(len(rows), -1), axis=1, keepdims=True)
    flat = means.reshape(len(rows), -1)
    flat -= flat.mean(1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.divide(flat, length, out=np.zeros_like(flat), where=shown > 1)
