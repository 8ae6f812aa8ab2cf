"""HTML that opens from disk and needs nothing else: templates, escaping, embedding, and words for numbers.

Every value of a user's that reaches a page goes through `text`, `table` or `embedded_json`. The page's policy allows
no script but its own, by its hash, and no connection at all, so that a slip in escaping would still run nothing.
"""

import base64
import html
import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from ganvas import __version__
from ganvas.files import replacing
from ganvas.formats.log import Numbers
from ganvas.formats.policy import source_hash
from ganvas.report.curves import MEANINGS, Series, charts_of, in_words, value_range

CHART_POINTS = 400


def template(name: str) -> str:
    """The text of a file in `templates/`."""
    return (resources.files("ganvas.report") / "templates" / name).read_text(encoding="utf-8")


def fill(name: str, parts: Mapping[str, str]) -> str:
    """A template with every `$name` filled in; the parts are HTML already."""
    return Template(template(name)).substitute(parts)


def write_page(
    path: Path, *, title: str, body: str, data: Any, scripts: Sequence[str], refresh: int | None = None
) -> None:
    """A whole page, replaced atomically.

    Args:
        path: where.
        title: of the window; plain text.
        body: HTML.
        data: what the scripts read; anything JSON has, NaN included.
        scripts: names of templates, run in this order as one script.
        refresh: seconds after which the browser loads the page again; None: never.
    """
    script, style = _script(scripts), template("page.css")
    parts = {
        "policy": text(policy(scripts)),
        "refresh": "" if refresh is None else f'<meta http-equiv="refresh" content="{refresh:d}">',
        "title": text(title),
        "style": style,
        "body": body,
        "data": embedded_json(data),
        "script": script,
        "version": text(__version__),
    }
    with replacing(path) as unfinished:
        unfinished.write_text(fill("page.html", parts), encoding="utf-8")


def policy(scripts: Sequence[str]) -> str:
    """The content security policy of a page with those scripts: they may run, and nothing else."""
    return (
        "default-src 'none'; img-src 'self' file: data:; media-src 'self' file:; base-uri 'none'; form-action 'none'; "
        f"style-src {source_hash(template('page.css'))}; script-src {source_hash(_script(scripts))}"
    )


def text(value: object) -> str:
    """Any value as text that is safe between tags and inside quotes."""
    return html.escape(str(value), quote=True)


def embedded_json(value: Any) -> str:
    """JSON that cannot end the <script> it stands in; numbers that are not finite become null."""
    dumped = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        dumped = dumped.replace(character, f"\\u{ord(character):04x}")
    return dumped


def data_uri(content: bytes, media_type: str) -> str:
    """A file as an address that carries it."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def table(rows: Sequence[Sequence[object]], *, caption: str = "", headings: Sequence[str] = ()) -> str:
    """A table whose first column names its rows; every cell is escaped."""
    head = "".join(f'<th scope="col">{text(one)}</th>' for one in headings)
    lines = [
        f'<tr><th scope="row">{text(first)}</th>' + "".join(f"<td>{text(cell)}</td>" for cell in cells) + "</tr>"
        for first, *cells in rows
    ]
    return (
        '<div class="scroll"><table>'
        + (f"<caption>{text(caption)}</caption>" if caption else "")
        + (f"<thead><tr>{head}</tr></thead>" if headings else "")
        + f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def chart_data(log: Sequence[Numbers]) -> list[dict[str, Any]]:
    """The charts of one run for `chart.js`."""
    return [
        chart(title, found, [in_words(one.name) for one in found], list(range(len(found))))
        for title, found in charts_of(log, CHART_POINTS)
    ]


def chart(
    title: str, found: Sequence[Series], names: Sequence[str], slots: Sequence[int], *, with_raw: bool = True
) -> dict[str, Any]:
    """One chart for `chart.js`; `slots` are the places of its lines in the row of colours."""
    low, high = value_range(found, with_raw=with_raw)
    lines = [
        {
            "name": name,
            "slot": slot,
            "images": [round(one) for one in series.images.tolist()],
            "seconds": _short(series.seconds),
            "raw": _short(series.raw) if with_raw else None,
            "smooth": _short(series.smoothed),
        }
        for series, name, slot in zip(found, names, slots, strict=True)
    ]
    return {"title": title, "meaning": MEANINGS.get(title, ""), "low": low, "high": high, "series": lines}


def in_figures(value: object) -> str:
    """A setting or a measure as a person would write it: 25600 -> '25,600', 0.69314 -> '0.6931', True -> 'yes'."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 or not math.isfinite(value) else f"{value:,.0f}"
    if isinstance(value, list | tuple):
        return ", ".join(in_figures(one) for one in value) or "none"
    return str(value)


def _script(names: Sequence[str]) -> str:
    return "\n".join(map(template, names))


def _short(values: np.ndarray) -> list[float]:
    return [float(f"{value:.5g}") for value in values.tolist()]


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
