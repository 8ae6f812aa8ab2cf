"""What may come of a training that was not begun: how many images, how good that was on other sets, disk and memory.

Of other sets: forecasts.json, which `python -m bench.forecasts` condenses from the project's benches of the default
recipe, and the example sheets of `python -m bench.examples`. This machine's own speed comes from the runs in the home
folder, where there are any.
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from ganvas.recipes import DEFAULT, recipe
from ganvas.settings import LARGEST_PX, SMALLEST_PX
from ganvas.studio.answers import KEPT, file_answer
from ganvas.studio.home import Home
from ganvas.studio.problems import Problem, missing
from ganvas.workflows.ask import DEFAULT_SECONDS
from ganvas.workflows.parse import parse_size
from ganvas.workflows.progress import FEW_IMAGES

EXAMPLES = "examples"
MOST_EXAMPLES = 2
MOST_RUNS = 5  # whose speed counts, the latest
LEAST_IMAGES = 500  # of a run whose speed counts
REACHED_SHARE, FEWEST = 0.8, 3  # of the images that a set must have been shown to tell, and how many tell at least
FIRST_IMAGES = 64.0  # before these nothing can be seen, at any speed
MOMENTS_PER_OCTAVE = 4  # that a run draws and keeps
MOST_MOMENTS_MB = 500.0
GOOD_SHARE, SHAPES_SHARE = 0.25, 0.6  # of the PCA baseline's distance: below, pictures are good, shapes are there
Point = tuple[float | None, float, float]


@dataclass(frozen=True)
class Curve:
    """What came of one set: points of (seconds or None, images shown, distance as a share of the PCA baseline's)."""

    set: str
    px: int
    points: Sequence[Point]

    @property
    def clock(self) -> list[tuple[float, float]]:
        """(seconds, images) at each point that has a time."""
        return [(seconds, images) for seconds, images, _ in self.points if seconds is not None]

    @property
    def last_speed(self) -> float:
        """Images a second at its end."""
        (before, fewer), (after, more) = self.clock[-2:]
        return (more - fewer) / (after - before)

    def images_at(self, seconds: float) -> float:
        """Images shown by then: between points as a power of the time, behind the last at its speed."""
        clock = self.clock
        if seconds >= clock[-1][0]:
            return clock[-1][1] + (seconds - clock[-1][0]) * self.last_speed
        return _power([(0.5, 1.0), *clock], seconds)

    def share_at(self, images: float) -> float:
        """The distance's share by then; 1 before there is a picture, and the last one behind the end."""
        points = [(shown, share) for _, shown, share in self.points]
        if images >= points[-1][0]:
            return points[-1][1]
        return _power([(FIRST_IMAGES, 1.0), *points], max(images, FIRST_IMAGES))


class Known:
    """What is known of other sets.

    Args:
        values: of forecasts.json.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.recipe = str(values["recipe"])
        self.curves = [
            Curve(one["set"], one["px"], [tuple(point) for point in one["points"]]) for one in values["curves"]
        ]
        self.speeds: Mapping[str, float] = values["speeds"]
        self._memory = sorted((int(px), float(mb)) for px, mb in values["memory_mb"].items())
        self._disk = sorted((int(px), float(fixed), float(each)) for px, (fixed, each) in values["disk_mb"].items())

    def images(self, px: int, seconds: float) -> float:
        """Of the default recipe, by then, on the machine that was measured."""
        return self._of_size(px, lambda curve: curve.images_at(seconds))

    def speed(self, px: int) -> float:
        """Images a second of the default recipe, once it is under way, on that machine."""
        return self._of_size(px, lambda curve: curve.last_speed)

    def shares(self, px: int, images: float) -> tuple[float, float]:
        """The distance as a share of the PCA baseline's that four of five sets had by then, low and high."""
        reached = sorted(
            (curve for curve in self.curves if curve.px == self._sizes[0]), key=lambda curve: -curve.points[-1][1]
        )
        there = [curve for curve in reached if curve.points[-1][1] >= REACHED_SHARE * images]
        shares = sorted(curve.share_at(images) for curve in (there if len(there) >= FEWEST else reached[:FEWEST]))
        tenth = len(shares) // 10
        low, high = shares[tenth], shares[-1 - tenth]
        # Larger sizes were measured on one set: about its share, others lie as they do at the smallest size.
        of_same = [
            curve.share_at(images) for curve in self._timed(self._sizes[0]) if curve.set in self._measured_larger
        ]
        middle = _between(self._sizes, px, lambda one: _mean(curve.share_at(images) for curve in self._of_faces(one)))
        scale = middle / _mean(of_same)
        return low * scale, high * scale

    def memory_bytes(self, px: int) -> int:
        """At most, with what the process holds anyway."""
        return round(1e6 * _power(self._memory, px, beyond=True))

    def disk_bytes(self, px: int, images: float, keep_bytes: float = MOST_MOMENTS_MB * 1e6) -> int:
        """Of the run's folder at its end."""
        fixed = _power([(side, mb) for side, mb, _ in self._disk], px, beyond=True)
        each = _power([(side, mb) for side, _, mb in self._disk], px, beyond=True)
        moments = MOMENTS_PER_OCTAVE * math.log2(max(images / 16, 2))
        return round(1e6 * (fixed + min(moments * each, keep_bytes / 1e6)))

    def _of_size(self, px: int, value: Callable[[Curve], float]) -> float:
        """Between the sizes that were measured. One is not taken for quicker than a smaller one of a slower day."""
        means = {size: _mean(value(curve) for curve in self._timed(size)) for size in self._sizes}
        return _between(self._sizes, px, lambda one: min(mean for size, mean in means.items() if size <= one))

    @property
    def _sizes(self) -> list[int]:
        return sorted({curve.px for curve in self.curves if len(curve.clock) > 1})

    @property
    def _measured_larger(self) -> set[str]:
        return {curve.set.rpartition("-")[0] for curve in self.curves if curve.px > self._sizes[0]}

    def _timed(self, px: int) -> list[Curve]:
        return [curve for curve in self.curves if curve.px == px and len(curve.clock) > 1]

    def _of_faces(self, px: int) -> list[Curve]:
        """Of the sets that were measured at every size."""
        larger = self._measured_larger
        return [curve for curve in self._timed(px) if curve.set in larger or curve.set.rpartition("-")[0] in larger]


@cache
def known() -> Known:
    """What is packaged."""
    return Known(json.loads((files("ganvas.studio") / "forecasts.json").read_text(encoding="utf-8")))


def speed_here(summaries: Iterable[Mapping[str, Any]], of: Known) -> float | None:
    """How many times as fast this machine is as the one that was measured; None where no run tells.

    Args:
        summaries: RunSummaries, the latest first.
    """
    found = []
    for one in summaries:
        speed, px = one.get("images_per_second"), max(one.get("width") or 0, one.get("height") or 0)
        if speed and px and one.get("recipe") == of.recipe and (one.get("images") or 0) >= LEAST_IMAGES:
            found.append(speed / of.speed(px))
    return median(found[:MOST_RUNS]) if found else None


def forecast(
    size: tuple[int, int],
    seconds: float | None,
    images: int | None,
    recipe_name: str,
    speed: float | None,
    now: float,
    of: Known,
) -> dict[str, Any]:
    """What may come of a training.

    Args:
        size: (width, height) in pixels.
        seconds, images: its limit; None of both: what a training has where nothing limits it.
        speed: as `speed_here` gave it.
        now: seconds since 1970.
    """
    px, factor = max(size), speed or 1.0
    if recipe_name == of.recipe:
        images_by = lambda time: of.images(px, time * factor)  # noqa: E731 - of one line, as the other
        per_second = of.speed(px) * factor
    else:
        at_64 = of.speeds.get(recipe_name)
        per_second = None if at_64 is None else at_64 * factor * 64 * 64 / (size[0] * size[1])
        images_by = lambda time: time * (per_second or 0.0)  # noqa: E731
    if seconds is None and images is not None:
        seconds = _when(images_by, images)
    seconds = seconds if seconds is not None or images is not None else DEFAULT_SECONDS
    shown = images_by(seconds) if seconds is not None else float(images or 0)
    if images is not None and images < shown:
        shown, seconds = float(images), _when(images_by, images)
    share = of.shares(px, shown) if recipe_name == of.recipe else None
    return {
        "seconds": seconds,
        "size": list(size),
        "images": round(shown) or None,
        "at": None if seconds is None else now + seconds,
        "disk_bytes": of.disk_bytes(px, shown),
        "memory_bytes": of.memory_bytes(px) if recipe_name == of.recipe else None,
        "kd_share": None if share is None else [round(min(each, 1.0), 3) for each in share],
        "words_key": words_key(shown, share),
        "examples": examples_near(shown) if recipe_name == of.recipe else [],
        "images_per_second": per_second,
        "measured_here": speed is not None,
    }


def words_key(images: float, share: tuple[float, float] | None) -> str:
    """What the page says of it."""
    if share is None:
        return "forecast.unknown"
    if images < FEW_IMAGES:
        return "forecast.short" if math.sqrt(share[0] * share[1]) > SHAPES_SHARE else "forecast.begins"
    return "forecast.good" if math.sqrt(share[0] * share[1]) < GOOD_SHARE else "forecast.shapes"


@cache
def examples() -> list[dict[str, Any]]:
    """The packaged example sheets: file, set, width, height, seconds, images; in the order of their images."""
    index = files("ganvas.studio") / EXAMPLES / "index.json"
    return sorted(json.loads(index.read_text(encoding="utf-8")), key=lambda one: one["images"])


def examples_near(images: float) -> list[dict[str, Any]]:
    """Those of the nearest counts of images, in that order."""
    near = sorted(examples(), key=lambda one: abs(math.log(one["images"] / max(images, 1.0))))[:MOST_EXAMPLES]
    return [
        {name: one[name] for name in ("set", "images", "width", "height")} | {"picture": f"api/examples/{one['file']}"}
        for one in sorted(near, key=lambda one: one["images"])
    ]


def _when(images_by: Callable[[float], float], images: float) -> float | None:
    """Seconds until so many images; None where it is not known how fast it is. By halving."""
    low, high = 0.0, 1.0
    while images_by(high) < images:
        low, high = high, 2 * high
        if high > 1e9:
            return None
    while high - low > 0.01 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if images_by(middle) < images else (low, middle)
    return high


def _power(points: Sequence[tuple[float, float]], at: float, *, beyond: bool = False) -> float:
    """Between points, in rising order, as a power of `at`. beyond: also past the last, as between the last two; before
    the first, and otherwise, the nearest point holds."""
    if at <= points[0][0]:
        return points[0][1]
    inner = next((number for number in range(1, len(points)) if at <= points[number][0]), None)
    if inner is None and not beyond:
        return points[-1][1]
    (before, low), (after, high) = points[(inner or len(points) - 1) - 1 :][:2]
    slope = math.log(high / low) / math.log(after / before)
    return low * (at / before) ** slope


def _between(sizes: Sequence[int], px: int, of_size: Callable[[int], float]) -> float:
    """A number at a size that was not measured, as a power of the size; at smaller ones than any, that of the
    smallest."""
    return _power([(side, of_size(side)) for side in sizes], px, beyond=True)


def _mean(values: Iterable[float]) -> float:
    """Of ratios: geometric."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs))


def routes(home: Home, summaries: Callable[[], Iterable[Mapping[str, Any]]]) -> APIRouter:
    """Of forecasts. summaries: RunSummaries, the latest first."""
    router = APIRouter()

    @router.get("/api/forecast")
    def forecasted(
        size: str | None = None,
        set: str | None = None,
        seconds: Annotated[float | None, Query(gt=0, le=1e9)] = None,
        images: Annotated[int | None, Query(gt=0, le=10**15)] = None,
        recipe_name: Annotated[str, Query(alias="recipe")] = DEFAULT,
    ) -> dict[str, Any]:
        pictures = recipe(recipe_name).config.pictures  # raises SettingError where there is none
        if set:
            home.set(set)
        shape = (pictures.width, pictures.height) if size is None else parse_size(size)
        if not all(SMALLEST_PX <= side <= LARGEST_PX for side in shape):
            raise Problem(422, f"size {shape[0]}x{shape[1]}: expected {SMALLEST_PX} to {LARGEST_PX} pixels", "size")
        speed = speed_here(summaries(), known())
        return forecast(shape, seconds, images, recipe_name, speed, time.time(), known())

    @router.get("/api/examples/{file}")
    def example(file: str) -> FileResponse:
        if file not in [one["file"] for one in examples()]:
            raise missing("example", file[:80])
        return file_answer(Path(str(files("ganvas.studio") / EXAMPLES / file)), "image/webp", KEPT)

    return router
