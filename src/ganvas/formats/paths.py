"""Ways through latent space: from latent to latent, and closed random curves. The page has the same in paths.js."""

from collections.abc import Callable, Sequence

import numpy as np

from ganvas.wording import counted

CIRCLE_POINTS = 256  # of the circle that the harmonics of a noise loop are computed on
LEAST_SHARE = 1e-6  # of a noise loop's variance: weaker harmonics are left out
EASES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "smooth": lambda share: share * share * (3 - 2 * share),
    "linear": lambda share: share,
    "hold": lambda share: np.where(share < 1, 0.0, 1.0),
}


def between(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(N, Z), (N, Z) and (N, 1) shares from 0 to 1 -> (N, Z) float32 along the great circle, lengths going evenly.

    The middle of a chord between two Gaussian latents is shorter than anything the generator was trained on.
    Source: White 2016, arXiv:1609.04468.
    """
    first, second = first.astype(np.float64), second.astype(np.float64)
    lengths = [np.maximum(np.linalg.norm(each, axis=1, keepdims=True), 1e-12) for each in (first, second)]
    units = first / lengths[0], second / lengths[1]
    angle = np.arccos(np.clip((units[0] * units[1]).sum(1, keepdims=True), -1, 1))  # (N, 1)
    straight = np.sin(angle) < 1e-6  # the same direction, or opposite ones
    whole = np.where(straight, 1, np.sin(angle))
    left = np.where(straight, 1 - share, np.sin((1 - share) * angle) / whole)
    right = np.where(straight, share, np.sin(share * angle) / whole)
    length = (1 - share) * lengths[0] + share * lengths[1]
    return ((left * units[0] + right * units[1]) * length).astype(np.float32)


def along(
    stops: np.ndarray, seconds: Sequence[float], times: np.ndarray, eases: Sequence[str] | None = None
) -> np.ndarray:
    """(T, Z) float32 latents at `times` of a tour that visits every stop and returns to the first.

    Args:
        stops: (S, Z), S >= 1.
        seconds, times, eases: as `legs` takes them.
    Raises:
        ValueError: as `legs`.
    """
    if stops.ndim != 2 or len(stops) != len(seconds):
        raise ValueError(f"expected (S, Z) stops, each with its seconds and ease; got {stops.shape}, {len(seconds)}")
    leg, share = legs(seconds, times, eases)
    return between(stops[leg], np.roll(stops, -1, axis=0)[leg], share[:, None])


def legs(
    seconds: Sequence[float], times: np.ndarray, eases: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(T,) numbers of the stops that are left at `times` of a tour, and (T,) eased shares of the ways to the next.

    Args:
        seconds: of the way from each of S stops to the next, numbers above 0; the last leads back to the first.
        times: (T,) seconds; what is over the whole tour begins again.
        eases: of each way, a name in EASES; None: all linear.
    Raises:
        ValueError: there are no seconds, not as many eases, or an unknown ease.
    """
    eases = ["linear"] * len(seconds) if eases is None else list(eases)
    if len(seconds) != len(eases) or min(seconds, default=0) <= 0:
        raise ValueError(f"expected seconds above 0, each with its ease; got {seconds!r:.80} and {len(eases)} eases")
    if unknown := set(eases) - EASES.keys():
        raise ValueError(f"ease {unknown.pop()!r}: expected {', '.join(EASES)}")
    ends = np.cumsum(seconds)
    at = np.asarray(times, np.float64) % ends[-1]
    leg = np.minimum(np.searchsorted(ends, at, side="right"), len(seconds) - 1)  # (T,)
    share = np.clip(1 - (ends[leg] - at) / np.asarray(seconds)[leg], 0, 1)
    eased = np.select([np.array(eases)[leg] == name for name in EASES], [ease(share) for ease in EASES.values()])
    return leg, eased


def nearest_stops(seconds: Sequence[float], times: np.ndarray, eases: Sequence[str] | None = None) -> np.ndarray:
    """(T,) numbers of the stops whose classes are drawn: from half of a way on, that which is gone to.

    A generator draws one class or another, and nothing between. The arguments and errors are those of `legs`.
    """
    leg, share = legs(seconds, times, eases)
    return np.where(share < 0.5, leg, (leg + 1) % len(seconds))


def harmonics(radius: float) -> np.ndarray:
    """(K,) weights of the constant and of each harmonic of a noise loop, whose squares add up to 1.

    They are the roots of the spectrum of exp(-2 (radius sin(pi d))^2), the covariance of two moments that are the share
    d of the loop apart: at radius 0 nothing moves; at 1 the far side has a correlation of exp(-2), at 2 of exp(-8).

    Source: MacKay 1998, "Introduction to Gaussian processes" (the periodic covariance).
    """
    angle = 2 * np.pi * np.arange(CIRCLE_POINTS) / CIRCLE_POINTS
    spectrum = np.fft.rfft(np.exp(radius**2 * (np.cos(angle) - 1))).real / CIRCLE_POINTS
    variances = np.concatenate([spectrum[:1], 2 * spectrum[1:-1]]).clip(min=0)
    kept = variances[: max(int(np.flatnonzero(variances >= LEAST_SHARE)[-1]) + 1, 1)]
    return np.sqrt(kept / kept.sum())


def noise_loop(latents: np.ndarray, radius: float, shares: np.ndarray) -> np.ndarray:
    """(T, Z) float32: a closed random curve, N(0, I) at every moment if `latents` are.

    Args:
        latents: (2K - 1, Z): the constant, then a cosine and a sine for each harmonic; K = len(harmonics(radius)).
        shares: (T,) of the loop, 0 and 1 being the same moment.
    Raises:
        ValueError: another number of latents.
    """
    weights = harmonics(radius)
    if len(latents) != 2 * len(weights) - 1:
        raise ValueError(f"expected {counted(2 * len(weights) - 1, 'latent')}, got {len(latents)}")
    angle = 2 * np.pi * np.outer(shares, np.arange(1, len(weights)))  # (T, K - 1)
    waves = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * weights[1:, None]  # (T, K - 1, 2)
    moving = waves.reshape(len(shares), -1) @ latents[1:].astype(np.float64)
    return (weights[0] * latents[0] + moving).astype(np.float32)
