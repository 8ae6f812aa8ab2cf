"""Seed -> latent: the same numbers in every language, on every device and in every batch.

The integers come from Philox 4x32-10, a counter-based generator: picture `seed` has its own key, and word i of its
stream depends on nothing but (seed, i). JavaScript can make the same 32-bit words, so that a shared seed is a shared
picture. Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (SC11).
"""

from collections.abc import Sequence

import numpy as np

from ganvas.errors import SettingError

_MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], dtype=np.uint64)
_WEYL = np.array([0x9E3779B9, 0xBB67AE85], dtype=np.uint32)
_ROUNDS = 10
_LOW, _HIGH_BITS = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox(counters: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Philox 4x32-10: (..., 4) uint32 counters and (..., 2) uint32 keys -> (..., 4) uint32 random words."""
    words, keys = counters.astype(np.uint32), keys.astype(np.uint32)
    for _ in range(_ROUNDS):
        products = words[..., [0, 2]].astype(np.uint64) * _MULTIPLIERS
        high, low = (products >> _HIGH_BITS).astype(np.uint32), (products & _LOW).astype(np.uint32)
        words = np.stack(
            [
                high[..., 1] ^ words[..., 1] ^ keys[..., 0],
                low[..., 1],
                high[..., 0] ^ words[..., 3] ^ keys[..., 1],
                low[..., 0],
            ],
            axis=-1,
        )
        keys = keys + _WEYL
    return words


def random_words(seeds: Sequence[int], count: int) -> np.ndarray:
    """The first `count` 32-bit words of every seed's stream: (N, count) uint32.

    Raises:
        ValueError: a seed is not in [0, 2^64), or count < 1.
    """
    if count < 1:
        raise ValueError(f"count is {count}; expected at least 1")
    if any(not 0 <= seed < 2**64 for seed in seeds):
        raise ValueError(f"seeds must be in [0, 2^64), got {list(seeds)[:4]}")
    blocks = -(-count // 4)
    counters = np.zeros((len(seeds), blocks, 4), dtype=np.uint32)
    counters[:, :, 0] = np.arange(blocks)
    keys = np.array([[seed & 0xFFFFFFFF, seed >> 32] for seed in seeds], dtype=np.uint32).reshape(len(seeds), 1, 2)
    words = philox(counters, np.broadcast_to(keys, (len(seeds), blocks, 2)))
    return words.reshape(len(seeds), blocks * 4)[:, :count]


def latents(seeds: Sequence[int], z_dim: int, distribution: str = "normal") -> np.ndarray:
    """(N, Z) float32 latents, one row per seed.

    normal: N(0, 1) by Box and Muller 1958, from pairs of words; uniform: on (-1, 1).
    A word w stands for (w + 1/2) / 2^32, which is never 0 or 1; the arithmetic is in float64.

    Raises:
        ValueError: an unknown distribution, or as `random_words`.
    """
    if distribution == "uniform":
        return (_fractions(random_words(seeds, z_dim)) * 2 - 1).astype(np.float32)
    if distribution != "normal":
        raise ValueError(f"distribution {distribution!r}: expected 'normal' or 'uniform'")
    pairs = _fractions(random_words(seeds, z_dim + z_dim % 2)).reshape(len(seeds), -1, 2)
    radius, angle = np.sqrt(-2 * np.log(pairs[..., 0])), 2 * np.pi * pairs[..., 1]
    normal = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return normal.reshape(len(seeds), -1)[:, :z_dim].astype(np.float32)


def random_labels(seeds: Sequence[int], classes: int) -> np.ndarray:
    """(N,) int64 labels in [0, classes): a label for each seed whose label nobody chose."""
    if classes < 1:
        raise ValueError(f"classes is {classes}; expected at least 1")
    # The label must not be a word that the latent uses: keys with all high bits set belong to no 32-bit seed.
    labelled = [seed ^ (0xFFFFFFFF << 32) for seed in seeds]
    return (random_words(labelled, 1)[:, 0].astype(np.uint64) * np.uint64(classes) >> _HIGH_BITS).astype(np.int64)


def seed_labels(classes: Sequence[str], seeds: Sequence[int], label: str | None = None) -> np.ndarray | None:
    """(N,) int64 labels: `label` for all, or each seed's own; None for a model without classes.

    Args:
        label: the name of a class.
    Raises:
        SettingError: the model does not know the label, or has none at all.
    """
    if label is not None and label not in classes:
        known = ", ".join(classes[:20]) if classes else "none: it was trained without classes"
        raise SettingError(f"label {label!r} is not one of this model; it has {known}")
    if not classes:
        return None
    if label is not None:
        return np.full(len(seeds), classes.index(label), np.int64)
    return random_labels(seeds, len(classes))


def _fractions(words: np.ndarray) -> np.ndarray:
    return (words.astype(np.float64) + 0.5) / 2**32
