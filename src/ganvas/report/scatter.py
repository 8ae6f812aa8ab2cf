"""Points in a plane as inline SVG, without a script: numbers along the bottom, in ratios or not, or names."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ganvas.report.html import in_figures, text

WIDTH, HEIGHT = 420, 210
LEFT, RIGHT, TOP, BOTTOM, ROW = 46, 12, 10, 24, 16


@dataclass(frozen=True)
class Spot:
    """One point.

    x: a number, or a name. low, high: the ends of its interval; None: none is drawn. slot: its colour, as page.css
    numbers them. about: what a pointer over it is told.
    """

    x: float | str
    y: float
    about: str
    slot: int = 0
    low: float | None = None
    high: float | None = None


def scatter(title: str, spots: Sequence[Spot], *, is_log: bool = False) -> str:
    """A chart as HTML; "" without points. The y axis holds every interval.

    Args:
        is_log: ratios along the bottom; all x are numbers above 0 then.
    """
    if not spots:
        return ""
    names = list(dict.fromkeys(str(spot.x) for spot in spots)) if any(isinstance(spot.x, str) for spot in spots) else []
    places = [_place(spot.x, names, is_log=is_log) for spot in spots]
    left, right = min(places), max(places)
    ends = [end for spot in spots for end in (spot.y, spot.low, spot.high) if end is not None]
    bottom, top = min(0.0, *ends), max(ends)
    across, up = _scale(left, right, LEFT, WIDTH - RIGHT), _scale(bottom, top, HEIGHT - BOTTOM, TOP)
    parts = [_rule(up(value), value) for value in (bottom, (bottom + top) / 2, top)]
    ticks = list(zip(map(float, range(len(names))), names, strict=True)) if names else _ends(spots, places)
    # Names take two rows in turn, or neighbours would lie on each other.
    rows = [HEIGHT - 6 + (ROW * (number % 2) if names else 0) for number in range(len(ticks))]
    parts += [
        f'<text x="{across(place):.1f}" y="{row}" text-anchor="{_anchor(across(place))}">{text(word)}</text>'
        for (place, word), row in zip(ticks, rows, strict=True)
    ]
    for spot, place in zip(spots, places, strict=True):
        x = across(place)
        if spot.low is not None and spot.high is not None:
            parts.append(
                f'<line class="series-{spot.slot}" x1="{x:.1f}" x2="{x:.1f}" y1="{up(spot.low):.1f}" '
                f'y2="{up(spot.high):.1f}"></line>'
            )
        parts.append(
            f'<circle class="series-{spot.slot}" cx="{x:.1f}" cy="{up(spot.y):.1f}" r="4">'
            f"<title>{text(spot.about)}</title></circle>"
        )
    drawn = f'<svg viewBox="0 0 {WIDTH} {HEIGHT + ROW}" role="img" aria-label="{text(title)}">{"".join(parts)}</svg>'
    return f'<div class="chart"><h3>{text(title)}</h3>{drawn}</div>'


def _place(x: float | str, names: Sequence[str], *, is_log: bool) -> float:
    if names:
        return float(names.index(str(x)))
    return math.log(float(x)) if is_log else float(x)


def _scale(low: float, high: float, first: float, last: float) -> Callable[[float], float]:
    """Values from `low` to `high` -> pixels from `first` to `last`; the middle where they are one."""
    if high <= low:
        return lambda value: (first + last) / 2
    return lambda value: first + (value - low) / (high - low) * (last - first)


def _ends(spots: Sequence[Spot], places: Sequence[float]) -> list[tuple[float, str]]:
    found = {place: in_figures(float(spot.x)) for spot, place in zip(spots, places, strict=True)}
    return [(place, found[place]) for place in sorted({min(places), max(places)})]


def _anchor(x: float) -> str:
    return "start" if x < LEFT + 1 else "end" if x > WIDTH - RIGHT - 1 else "middle"


def _rule(y: float, value: float) -> str:
    return (
        f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"></line>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.2g}</text>'
    )
