"""The report of one run: `index.html` in its folder, which opens with a double click, offline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganvas.report.film import evenly
from ganvas.report.html import chart_data, fill, in_figures, text, write_page
from ganvas.report.reading import Moment, RunView, opened, read_run
from ganvas.report.sections import events, findings, go_on, settings
from ganvas.wording import counted, in_time

MOST_MOMENTS = 400
SCRIPTS = "chart.js", "report.js"


def write_report(run: Path, *, refresh: int | None = None) -> Path:
    """Write the report of a run as it is now; parts that do not exist yet are left out.

    The page shows the files of the run folder where they are (samples, film, curves), so it moves with the folder.

    Args:
        run: the run folder.
        refresh: while training is going on, seconds until the browser should look again; None: the run is over.
    Returns:
        The path of `index.html`.
    Raises:
        SettingError: there is no such folder, or its run.toml, data.json or model.json is damaged.
    """
    found = read_run(run)
    body = fill(
        "report.html",
        {
            "name": text(found.name),
            "state": "" if refresh is None else '<p class="state">Training is going on; this page follows it.</p>',
            "summary": text(_summary(found)),
            "facts": _facts(found),
            "pictures": _pictures(found),
            "rebuilt": _rebuilt(found),
            "quality": _quality(found),
            "film": _film(found),
            "directions": _directions(found),
            "curves": _curves(found),
            "events": events(found),
            "go_on": go_on(found),
            "findings": findings(found),
            "settings": settings(found),
        },
    )
    data = {
        "moments": _listed(found, found.moments),
        "rebuilt": _listed(found, found.rebuilt),
        "charts": chart_data(found.log.numbers),
    }
    path = run / "index.html"
    write_page(path, title=f"{found.name} · Ganvas", body=body, data=data, scripts=SCRIPTS, refresh=refresh)
    return path


def _summary(run: RunView) -> str:
    sentence = f"Recipe {run.settings['recipe']}" if "recipe" in run.settings else "A run"
    pictures = run.settings.get("pictures", {})
    if isinstance(used := run.findings.get("used"), int):
        sentence += f", trained on {counted(used, 'picture')}"
        sentence += f" from {pictures['source']}" if "source" in pictures else ""
    if "width" in pictures and "height" in pictures:
        sentence += f", at {pictures['width']} × {pictures['height']} pixels"
    return sentence + "."


def _facts(run: RunView) -> str:
    facts = {"images shown": f"{run.images:,}"}
    if run.findings.get("used"):
        facts["times through the set"] = in_figures(round(run.images / run.findings["used"], 1))
    if run.seconds:
        facts["of training"] = in_time(run.seconds)
        facts["images a second"] = in_figures(float(f"{run.images / run.seconds:.3g}"))
    if run.moments:
        facts["moments kept"] = in_figures(len(run.moments))
    pairs = "".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in facts.items())
    return f'<dl class="facts">{pairs}</dl>'


def _pictures(run: RunView) -> str:
    if not run.moments:
        return '<section><p class="quiet">No pictures have been drawn yet.</p></section>'
    latest = run.moments[-1]
    caption = f'What it makes; images shown: <output id="shown" for="moment">{latest.images:,}</output>'
    slider = ""
    if len(run.moments) > 1:
        last = len(_thinned(run.moments)) - 1
        slider = (
            '<div class="slider" hidden><label for="moment">Moment</label>'
            f'<input id="moment" type="range" min="0" max="{last}" value="{last}" step="1"></div>'
        )
    pair = _figure(run, latest.path, caption, "Pictures drawn from the same latents", "latest", slider)
    originals = run.existing("samples/originals.png")
    if originals:
        pair += _figure(run, originals, "What it learns from", "Pictures of the training set", "originals")
    return f'<section class="pair" aria-label="Pictures">{pair}</section>'


def _quality(run: RunView) -> str:
    """The verdict, and the best model beside the last one; '' if nothing was measured."""
    best = run.best
    if not best:
        return ""
    distance = (
        f"The best was measured after {counted(int(best['images']), 'image')}: KD {best['kernel_distance']:.3g} "
        f"± {2 * best['kernel_distance_error']:.2g}; 0 is perfect, the PCA baseline is {best['pca_distance']:.3g}."
    )
    verdict = run.verdict
    said = ""
    if verdict is not None:
        title, reason = text(verdict.kind.capitalize()), text(f"{verdict.evidence}. {verdict.advice}")
        said = f"<p><strong>{title}.</strong> {reason}</p>"
    pair = ""
    preview = run.existing("model/preview.png")
    if preview and run.moments and best["images"] != run.images:
        pair = _figure(
            run, preview, f"The best, after {counted(int(best['images']), 'image')}", "The best pictures", "best"
        )
        last = run.moments[-1]
        pair += _figure(run, last.path, f"The last, after {counted(last.images, 'image')}", "The last pictures", "last")
        pair = f'<div class="pair">{pair}</div>'
    return f'<section><h2>How good it is</h2>{said}<p class="quiet">{text(distance)}</p>{pair}</section>'


def _rebuilt(run: RunView) -> str:
    if not run.rebuilt:
        return ""
    caption = 'Rebuilt from their latents; images shown: <output id="rebuilt-shown" for="moment">'
    caption += f"{run.rebuilt[-1].images:,}</output>"
    pair = _figure(run, run.rebuilt[-1].path, caption, "Training pictures rebuilt", "rebuilt")
    originals = run.existing("rebuilt/originals.png")
    if originals:
        pair += _figure(run, originals, "The same pictures as they are", "Training pictures", "rebuilt-originals")
    return f'<section class="pair" aria-label="Rebuilt pictures">{pair}</section>'


def _figure(run: RunView, path: Path, caption: str, description: str, name: str, below: str = "") -> str:
    """A picture with its size, so that nothing jumps as it loads; `caption` and `below` are HTML."""
    with opened(path) as picture:
        width, height = picture.size
    return (
        f'<figure><img id="{name}" src="{text(_relative(run, path))}" width="{width}" height="{height}" '
        f'alt="{text(description)}"><figcaption>{caption}</figcaption>{below}</figure>'
    )


def _film(run: RunView) -> str:
    caption = "<figcaption>The same latents from the first moment to the last</figcaption>"
    if run.existing("film.mp4"):
        still = f' poster="{text(_relative(run, run.moments[-1].path))}"' if run.moments else ""
        shown = f'<video controls loop muted playsinline preload="metadata" src="film.mp4"{still}></video>'
    else:
        film = next((name for name in ("film.webp", "film.gif") if run.existing(name)), None)
        if film is None:
            return ""
        shown = f'<img src="{film}" alt="A film of the pictures changing as the run learns" loading="lazy">'
    return f'<figure class="film">{shown}{caption}</figure>'


def _directions(run: RunView) -> str:
    path = run.existing("directions.png")
    if path is None:
        return ""
    caption = "One picture moved along what differs most between all of them, strongest first"
    return f"<section>{_figure(run, path, caption, 'Strips of pictures', 'directions')}</section>"


def _curves(run: RunView) -> str:
    if not run.last_measures:
        return '<p class="quiet">Nothing has been measured yet.</p>'
    if not run.existing("curves.png"):
        return '<div id="charts" class="charts"></div>'
    fallback = '<noscript><img src="curves.png" alt="Losses and scores over images shown"></noscript>'
    return f'<div id="charts" class="charts"></div>{fallback}'


def _thinned(moments: Sequence[Moment]) -> list[Moment]:
    return evenly(moments, MOST_MOMENTS)


def _listed(run: RunView, moments: Sequence[Moment]) -> list[dict[str, Any]]:
    return [{"images": one.images, "src": _relative(run, one.path)} for one in _thinned(moments)]


def _relative(run: RunView, path: Path) -> str:
    return path.relative_to(run.path).as_posix()
