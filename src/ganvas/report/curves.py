"""The log of a run as curves: which numbers belong together, smoothed, drawn.

A `Series` holds only the moments at which its number was logged and finite, so that a measure taken every tenth
time is a line like any other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganvas.files import replacing
from ganvas.formats.log import Numbers

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")  # Okabe and Ito's
MOST_POINTS = 2000
MEANINGS = {
    "Distance from the real pictures": "KD, 0 is perfect. PCA baseline: what linear algebra draws in a second.",
    "Variety": "Precision: look real. Recall: real ones that are reached. Spread: 1 as far apart as real ones.",
    "Copies": "Shares of pictures that repeat a training picture, and of pairs that nobody could tell apart.",
    "Losses": "What each player tries to make small. They need not fall; watch for one running away.",
    "Scores": "How real the discriminator finds pictures. Lines that meet: it can no longer tell them apart.",
    "Rebuilding": "How far rebuilt pictures are from the originals, and latents from N(0, 1).",
    "Penalties": "What keeps the discriminator smooth, before its weight.",
    "Overfitting": "How surely the discriminator knows its pictures (sign), and how they are changed (share).",
    "Extra updates": "Turns given to the player that fell behind.",
    "Drift": "How far the light and tint of pictures are from those of their blurred start.",
    "Mismatch": "How far the mean and spread of drawn pictures' features are from those of the set's.",
    "Coarse difference": "How far the set's pictures, drawn again, are from their broad colours; 0 once none are.",
    "Overshoot": "How far pixels would go beyond black and white.",
}
MEMBERS = {
    "Distance from the real pictures": ("kernel_distance", "pca_distance"),
    "Variety": ("precision", "recall", "spread"),
    "Copies": ("copied", "same"),
    "Losses": ("discriminator_loss", "generator_loss"),
    "Scores": ("real_score", "fake_score", "rebuilt_score"),
    "Rebuilding": ("reconstruction_loss", "kl_loss"),
    "Penalties": ("r1_penalty", "r2_penalty", "gradient_penalty"),
    "Overfitting": ("real_sign", "augment_share"),
    "Extra updates": ("extra_discriminator_updates", "extra_generator_updates"),
}
NOT_MEASURES = (
    *("images", "seconds", "images_per_second"),
    *("kernel_distance_error", "copied_low", "copied_chance"),
    *("mean_discriminator_loss", "mean_generator_loss", "mean_score_gap", "mean_real_sign"),
)


@dataclass(frozen=True)
class Series:
    """One number of the log over time; four arrays of one length, at least 1."""

    name: str
    images: np.ndarray
    seconds: np.ndarray
    raw: np.ndarray
    smoothed: np.ndarray


def smooth(values: Sequence[float] | np.ndarray, width: float | None = None) -> np.ndarray:
    """A local straight line through each value's neighbours, read off in the middle: constants and lines stay exact.

    Unlike a running average it neither lags nor bends at the ends; it stays within the range of the values.
    Source: Cleveland 1979, Robust Locally Weighted Regression, without the robustness and with Gaussian weights.

    Args:
        values: (N,) finite numbers, evenly spaced.
        width: standard deviation of the weights, in values; None takes a fiftieth of N, at least 1.
    Raises:
        ValueError: not one row of finite numbers, or a width that is not above 0.
    """
    y = np.asarray(values, dtype=np.float64)
    width = max(1.0, len(y) / 50) if width is None else width
    if y.ndim != 1 or not np.isfinite(y).all() or not width > 0:
        raise ValueError(f"expected (N,) finite values and width > 0, got {y.shape} and {width}")
    if len(y) < 3:
        return y.copy()
    reach = min(len(y) - 1, max(1, math.ceil(3 * width)))
    distance = np.arange(-reach, reach + 1, dtype=np.float64)
    weight = np.exp(-0.5 * (distance / max(width, 0.2)) ** 2)

    def summed(kernel: np.ndarray, of: np.ndarray) -> np.ndarray:
        return np.convolve(of, kernel[::-1])[reach : reach + len(y)]  # sum over d of kernel(d) * of(i + d)

    ones = np.ones_like(y)
    s0, s1, s2 = (summed(weight * distance**power, ones) for power in range(3))
    t0, t1 = summed(weight, y), summed(weight * distance, y)
    return np.clip((s2 * t0 - s1 * t1) / (s2 * s0 - s1**2), y.min(), y.max())


def series_of(numbers: Sequence[Numbers], name: str, most_points: int = MOST_POINTS) -> Series | None:
    """One number of the log, None if it was never logged; more than `most_points` are averaged in even groups."""
    points = [
        (entry["images"], entry["seconds"] if _is_number(entry.get("seconds")) else math.nan, entry[name])
        for entry in numbers
        if _is_number(entry.get(name)) and math.isfinite(entry[name])
    ]
    if not points:
        return None
    table = np.array(points, dtype=np.float64).T  # (3, N)
    if table.shape[1] > most_points:
        edges = np.linspace(0, table.shape[1], most_points + 1).round().astype(int)
        table = np.add.reduceat(table, edges[:-1], axis=1) / np.diff(edges)
    return Series(name, table[0], table[1], table[2], smooth(table[2]))


def charts_of(numbers: Sequence[Numbers], most_points: int = MOST_POINTS) -> list[tuple[str, list[Series]]]:
    """The charts that a log can fill: the known groups, then one for every other number that was logged."""
    known = {name for members in MEMBERS.values() for name in members} | set(NOT_MEASURES)
    others = {name: None for entry in numbers for name in entry if name not in known}
    groups = MEMBERS | {in_words(name): (name,) for name in others}
    filled = [(title, [series_of(numbers, name, most_points) for name in names]) for title, names in groups.items()]
    charts = [(title, [one for one in found if one is not None]) for title, found in filled]
    return [(title, found) for title, found in charts if any(one.raw.any() for one in found)]


def in_words(name: str) -> str:
    """'real_score' -> 'Real score'."""
    words = name.replace("_", " ").strip()
    for short, long in (("r1 ", "R1 "), ("r2 ", "R2 "), ("kl ", "KL "), ("pca ", "PCA ")):
        words = long + words.removeprefix(short) if words.startswith(short) else words
    return words[:1].upper() + words[1:]


def draw_curves(numbers: Sequence[Numbers], path: Path) -> None:
    """All charts of a log, one above the other, as one PNG; an empty log gives a page that says so."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    charts = charts_of(numbers)
    height = 0.75 + 2.2 * max(1, len(charts))  # inches; placed by hand, since automatic layout draws everything twice
    figure = Figure(figsize=(8, height), dpi=120, facecolor="white")
    FigureCanvasAgg(figure)
    if not charts:
        figure.text(0.5, 0.5, "Nothing has been logged yet", ha="center", va="center", color="#666666")
    else:
        rows = figure.subplots(len(charts), 1, sharex=True, squeeze=False)[:, 0]
        figure.subplots_adjust(left=0.08, right=0.98, top=1 - 0.35 / height, bottom=0.55 / height, hspace=0.24)
        for axes, (title, found) in zip(rows, charts, strict=True):
            _draw_chart(axes, title, found)
        rows[-1].set_xlabel("images shown", color="#666666")
    with replacing(path) as unfinished:
        figure.savefig(unfinished, format="png")


def value_range(found: Sequence[Series], *, with_raw: bool = True) -> tuple[float, float]:
    """The values worth showing: every smoothed one, and the raw ones but for the wildest hundredth, with a margin."""
    smoothed = np.concatenate([one.smoothed for one in found])
    raw = np.concatenate([one.raw for one in found]) if with_raw else smoothed
    low = float(min(np.quantile(raw, 0.005), smoothed.min()))
    high = float(max(np.quantile(raw, 0.995), smoothed.max()))
    margin = 0.06 * (high - low) or max(0.5, abs(high) / 10)
    return low - margin, high + margin


def _draw_chart(axes: Any, title: str, found: Sequence[Series]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for colour, one in zip(COLOURS, found, strict=False):
        marker = "o" if len(one.raw) == 1 else None
        axes.plot(one.images, one.raw, color=colour, alpha=0.25, linewidth=0.8)
        axes.plot(one.images, one.smoothed, color=colour, linewidth=2, marker=marker, label=in_words(one.name))
    axes.set_title(title, loc="left", fontsize=11, color="#222222")
    axes.set_ylim(*value_range(found))
    axes.set_xlim(0, 1.01 * max(1, *(one.images[-1] for one in found)))
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#bbbbbb")
    axes.tick_params(colors="#666666", labelsize=9, length=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda images, _: f"{images:,.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    if [in_words(one.name) for one in found] != [title]:
        legend = {"loc": "lower right", "bbox_to_anchor": (1, 1), "borderaxespad": 0.2}
        axes.legend(ncols=len(found), frameon=False, fontsize=9, labelcolor="#444444", **legend)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
