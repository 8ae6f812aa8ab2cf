"""Runs side by side in one HTML file that carries its pictures, so that it can be sent to someone as it is."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from ganvas.errors import SettingError
from ganvas.report.curves import in_words, series_of
from ganvas.report.film import evenly
from ganvas.report.html import CHART_POINTS, chart, data_uri, fill, in_figures, table, text, write_page
from ganvas.report.reading import RunView, flat, opened, read_run
from ganvas.wording import in_time

MOST_COLUMNS, MOST_EMBEDDED = 12, 72
EMBEDDED_PX = 560
WEBP_QUALITY = 82
STYLES = 7  # as many as page.css and chart.js know; then the same again, dashed


def write_comparison(runs: Sequence[Path], out: Path) -> Path:
    """Write one page that shows how runs differ: pictures, curves, results and settings.

    A run gives at most 12 moments (fewer where there are more than 6 runs), as WebP of at most 560 pixels, which
    keeps the file under about 15 MB.

    Args:
        runs: at least two run folders.
        out: the HTML file.
    Returns:
        `out`.
    Raises:
        SettingError: there are fewer than two; or one of them is not a run folder or is damaged; the message names it.
    """
    if len(runs) < 2:
        raise SettingError(f"expected at least two runs to compare, got {len(runs)}")
    found = [_run(path) for path in runs]
    names = _names(found)
    most = max(2, min(MOST_COLUMNS, MOST_EMBEDDED // len(found)))
    shown = [evenly(run.moments, most) for run in found]
    stops = sorted({moment.images for moments in shown for moment in moments})
    latest = [_picture(moments[-1].path) if moments else None for moments in shown]
    body = fill(
        "compare.html",
        {
            "name": text(" · ".join(names)),
            "slider": _slider(stops),
            "figures": "".join(map(_figure, range(len(found)), names, found, latest)),
            "summary": _summary(found, names),
            "choices": _choices(names),
            "settings": _differences(found, names),
        },
    )
    moments = [
        [{"images": one.images, "src": _picture(one.path)} for one in kept[:-1]]
        + [{"images": one.images, "src": None} for one in kept[-1:]]
        for kept in shown
    ]
    data = {"stops": stops, "runs": [{"moments": one} for one in moments], "charts": _charts(found, names)}
    title = f"{' · '.join(names)} · Ganvas"
    write_page(out, title=title, body=body, data=data, scripts=("chart.js", "compare.js"))
    return out


def _run(path: Path) -> RunView:
    run = read_run(path)
    if not run.settings:
        raise SettingError(f"{path}: there is no run.toml in it; give a folder that `ganvas train` made, as runs/NAME")
    return run


def _names(runs: Sequence[RunView]) -> list[str]:
    """The folders' names; with the folder above where two are alike."""
    often = Counter(run.name for run in runs)
    return [run.name if often[run.name] == 1 else f"{run.path.resolve().parent.name}/{run.name}" for run in runs]


def _picture(path: Path) -> str:
    with opened(path) as found:
        picture = found.convert("RGB")
    picture.thumbnail((EMBEDDED_PX, EMBEDDED_PX), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    picture.save(encoded, "WEBP", quality=WEBP_QUALITY, method=2)
    return data_uri(encoded.getvalue(), "image/webp")


def _slider(stops: Sequence[int]) -> str:
    if len(stops) < 2:
        return ""
    last = len(stops) - 1
    return (
        '<div class="slider" hidden><label for="moment">Images shown</label>'
        f'<input id="moment" type="range" min="0" max="{last}" value="{last}" step="1">'
        f'<output id="wanted" for="moment">{stops[-1]:,}</output></div>'
    )


def _figure(place: int, name: str, run: RunView, latest: str | None) -> str:
    key = f'<div class="key series-{place % STYLES}"></div>'
    if latest is None:
        return f"<figure>{key}<figcaption><b>{text(name)}</b>No pictures yet</figcaption></figure>"
    after = f'After <output id="shown-{place}" for="moment">{run.moments[-1].images:,}</output> images'
    picture = f'<img id="picture-{place}" src="{latest}" alt="Pictures of {text(name)}">'
    return f"<figure>{key}{picture}<figcaption><b>{text(name)}</b>{after}</figcaption></figure>"


def _choices(names: Sequence[str]) -> str:
    runs = "".join(
        f'<label><input type="checkbox" name="run" value="{place}" checked> {text(name)}</label>'
        for place, name in enumerate(names)
    )
    axes = '<label><input type="radio" name="axis" value="images" checked> images shown</label>'
    axes += '<label><input type="radio" name="axis" value="seconds"> time</label>'
    return (
        f'<fieldset class="choices"><legend>Runs</legend>{runs}</fieldset>'
        f'<fieldset class="choices"><legend>Along the bottom</legend>{axes}</fieldset>'
    )


def _charts(runs: Sequence[RunView], names: Sequence[str]) -> list[dict[str, Any]]:
    """One chart for every number that any run logged, one line a run; smoothed only, since raw lines would overlap."""
    logged = {name: None for run in runs for entry in run.log.numbers for name in entry}
    charts = []
    for measure in [name for name in logged if name not in ("images", "seconds")]:
        lines = [
            (series_of(run.log.numbers, measure, CHART_POINTS), name, slot)
            for slot, (run, name) in enumerate(zip(runs, names, strict=True))
        ]
        there = [(series, name, slot) for series, name, slot in lines if series is not None]
        if not any(series.raw.any() for series, _, _ in there):
            continue
        series, labels, slots = zip(*there, strict=True)
        one = chart(in_words(measure), series, labels, slots, with_raw=False)
        charts.append(one)
    return charts


def _summary(runs: Sequence[RunView], names: Sequence[str]) -> str:
    measured = {name: None for run in runs for name in run.last_measures if name.endswith("_loss")}
    rows = []
    for run, name in zip(runs, names, strict=True):
        speed = in_figures(float(f"{run.images / run.seconds:.3g}")) if run.seconds else ""
        losses = [series_of(run.log.numbers, measure) for measure in measured]
        ends = ["" if one is None else in_figures(float(one.smoothed[-1])) for one in losses]
        rows.append((name, run.settings.get("recipe", ""), f"{run.images:,}", in_time(run.seconds), speed, *ends))
    headings = ["run", "recipe", "images shown", "time", "images a second", *map(in_words, measured)]
    return (
        table(rows, headings=headings)
        + '<p class="quiet">Losses are smoothed; those of different recipes measure different things.</p>'
    )


def differing(settings: Sequence[Mapping[str, Any]]) -> list[tuple[str, tuple[Any, ...]]]:
    """The settings in which runs differ: each with its value in every run, None where a run has no such setting.

    Args:
        settings: of each run, by their paths, as `flat` gives them.
    """
    every = {name: None for one in settings for name in one}
    rows = [(name, tuple(one.get(name) for one in settings)) for name in every]
    return [(name, values) for name, values in rows if len(set(map(_figures, values))) > 1]


def _figures(value: object) -> str:
    return "not set" if value is None else in_figures(value)


def _differences(runs: Sequence[RunView], names: Sequence[str]) -> str:
    rows = [(name, *map(_figures, values)) for name, values in differing([flat(run.settings) for run in runs])]
    if not rows:
        return '<p class="quiet">They do not differ.</p>'
    return table(rows, headings=("setting", *names))
