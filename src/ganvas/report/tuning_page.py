"""The page of a search: what was found, every trial, and what each setting did. It opens from disk."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganvas.config import RunConfig
from ganvas.report.html import fill, in_figures, table, text, write_page
from ganvas.report.scatter import Spot, scatter
from ganvas.wording import counted, in_time

DEFAULT_SLOT, OTHER_SLOT, BEST_SLOT = 6, 0, 1  # colours of page.css


@dataclass(frozen=True)
class TrialView:
    """One trial of a search, as it is now.

    state: waiting, running, finished, pruned (not worth its time, or its model not to be used) or stopped (its process
    ended). folder: its run, seen from the search's folder. values: of what is searched, by their paths. value, low,
    high: KD of its model with the ends of the 95% interval; None before there is one. early: share of its time -> KD of
    a measure. seconds: it took, its score included. reason: why it is pruned or stopped. is_default: the recipe's own
    settings.
    """

    number: int
    state: str
    folder: str
    values: Mapping[str, Any]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    early: Mapping[float, float] = field(default_factory=dict)
    seconds: float | None = None
    reason: str = ""
    is_default: bool = False

    @property
    def title(self) -> str:
        """What it is called in sentences."""
        return f"trial {self.number}" + (", the recipe as it is" if self.is_default else "")

    @property
    def measured(self) -> str:
        """Its KD with the interval; "not measured" without."""
        if self.value is None or self.low is None or self.high is None:
            return "not measured"
        return f"KD {self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


def best_of(trials: Sequence[TrialView]) -> TrialView | None:
    """The finished trial with the smallest KD."""
    return min((one for one in trials if one.state == "finished"), key=lambda one: one.value or 0.0, default=None)


def default_of(trials: Sequence[TrialView]) -> TrialView | None:
    """The latest trial of the recipe's own settings."""
    return next((one for one in reversed(trials) if one.is_default), None)


def write_tuning(out: Path, trials: Sequence[TrialView], searched: Mapping[str, str], base: RunConfig) -> Path:
    """Write `out`/index.html.

    Args:
        searched: path of a setting -> its range and the reason, for a person.
        base: what is varied.
    """
    body = fill(
        "tuning.html",
        {
            "name": text(out.resolve().name),
            "summary": text(_summary(base)),
            "facts": _facts(trials),
            "found": _found(trials),
            "commands": _commands(out, base) if best_of(trials) else "",
            "chart": _by_trial(trials),
            "settings": "".join(_by_setting(path, trials, said) for path, said in searched.items()),
            "trials": _table(trials, list(searched)),
            "ranges": table([(path, _usual(base, path), said) for path, said in searched.items()]),
        },
    )
    path = out / "index.html"
    write_page(path, title=f"{out.resolve().name} · Ganvas", body=body, data={}, scripts=())
    return path


def _summary(base: RunConfig) -> str:
    pictures, seconds = base.pictures, base.limits.seconds
    each = "" if seconds is None else f", {in_time(seconds)} each"
    return f"Recipe {base.recipe} on {pictures.source}, at {pictures.width} × {pictures.height} pixels{each}."


def _facts(trials: Sequence[TrialView]) -> str:
    states = [trial.state for trial in trials]
    facts = {
        "trials": len({trial.folder for trial in trials if trial.state != "waiting"}),
        "finished": states.count("finished"),
        "not gone on with": states.count("pruned"),
        "running": states.count("running"),
    }
    spent = sum(trial.seconds or 0.0 for trial in trials)
    shown = {name: f"{count:,}" for name, count in facts.items()} | {"of machine time": in_time(spent)}
    return "".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in shown.items())


def _found(trials: Sequence[TrialView]) -> str:
    """The best beside the recipe's own settings, and how much to believe of it."""
    best = best_of(trials)
    usual = default_of(trials)
    if best is None:
        return "<p>No trial has been finished yet.</p>"
    said = [f"The best is {best.title}: {best.measured}; 0 is perfect."]
    if usual is None or usual.value is None:
        said.append("The recipe's own settings have not been measured yet.")
    elif best.is_default:
        said.append("Nothing that was tried is better than the recipe's own settings.")
    else:
        apart = best.high is not None and usual.low is not None and best.high < usual.low
        between = "their intervals do not touch" if apart else "their intervals overlap, so that it may be chance"
        said.append(f"The recipe's own settings have {usual.measured}; {between}.")
        said.append(
            f"The best of {counted(len(trials), 'trial')} is lucky in part: train both anew, with seeds that were not "
            "searched with, before you believe it."
        )
    return "".join(f"<p>{text(sentence)}</p>" for sentence in said)


def _commands(out: Path, base: RunConfig) -> str:
    seconds, source = base.limits.seconds or 0.0, base.pictures.source
    best = f"ganvas train --config {shlex.quote(str(out / 'best.toml'))} --seed {base.seed + 1} --out runs/best-again"
    size = f"{base.pictures.width}x{base.pictures.height}"
    usual = (
        f"ganvas train {shlex.quote(source)} --recipe {base.recipe} --size {size} --time {seconds:g}s "
        f"--seed {base.seed + 1} --out runs/recipe-again"
    )
    scored = f"ganvas score runs/best-again --against {shlex.quote(source)}"
    rows = (
        (best, "The best, with another seed."),
        (usual, "The recipe as it is, likewise."),
        (scored, "And the other."),
    )
    return "".join(f"<dt><code>{text(command)}</code></dt><dd>{text(why)}</dd>" for command, why in rows)


def _measured(trials: Sequence[TrialView]) -> list[TrialView]:
    return [trial for trial in trials if trial.value is not None]


def _slot(trial: TrialView, best: TrialView | None) -> int:
    return BEST_SLOT if trial is best else DEFAULT_SLOT if trial.is_default else OTHER_SLOT


def _about(trial: TrialView) -> str:
    return f"{trial.title}: {trial.measured}{f', {trial.reason}' if trial.reason else ''}"


def _by_trial(trials: Sequence[TrialView]) -> str:
    best = best_of(trials)
    spots = [
        Spot(trial.number, trial.value or 0.0, _about(trial), _slot(trial, best), trial.low, trial.high)
        for trial in _measured(trials)
    ]
    return scatter("KD by trial, with 95% intervals", spots)


def _by_setting(path: str, trials: Sequence[TrialView], said: str) -> str:
    best = best_of(trials)
    seen = [trial for trial in _measured(trials) if path in trial.values]
    spots = [Spot(_shown(trial.values[path]), trial.value or 0.0, _about(trial), _slot(trial, best)) for trial in seen]
    is_log = "in ratios" in said and all(isinstance(spot.x, int | float) and spot.x > 0 for spot in spots)
    return scatter(path, spots, is_log=is_log)


def _shown(value: object) -> float | str:
    return value if isinstance(value, int | float) else str(value) or "none"


def _table(trials: Sequence[TrialView], paths: Sequence[str]) -> str:
    """All trials, the newest first, each with a link to its run's page."""
    shares = sorted({share for trial in trials for share in trial.early})
    headings = ["trial", "", "KD", *(f"KD at {share:.0%}" for share in shares), *paths, "took", ""]
    head = "".join(f'<th scope="col">{text(heading)}</th>' for heading in headings)
    rows: list[str] = []
    for trial in reversed(trials):
        early = [f"{trial.early[share]:.3g}" if share in trial.early else "" for share in shares]
        values = [_figure(trial.values[path]) if path in trial.values else "" for path in paths]
        cells = [trial.state, trial.measured if trial.value is not None else "", *early, *values]
        cells += ["" if trial.seconds is None else in_time(trial.seconds), trial.reason]
        link = (
            f'<a href="{text(trial.folder)}/index.html">{trial.number}</a>'
            if trial.state != "waiting"
            else trial.number
        )
        usual = " (the recipe)" if trial.is_default else ""
        tail = "".join(f"<td>{text(cell)}</td>" for cell in cells)
        rows.append(f'<tr><th scope="row">{link}{usual}</th>{tail}</tr>')
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _figure(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else in_figures(value) or "none"


def _usual(base: RunConfig, path: str) -> str:
    section, name = path.split(".")
    return in_figures(getattr(getattr(base, section), name))
