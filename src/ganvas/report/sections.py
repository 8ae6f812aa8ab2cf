"""The parts of a report that are words and tables: events, ways to go on, the doctor's findings, settings."""

import shlex
from collections.abc import Sequence
from types import NoneType
from typing import Any, get_args

from ganvas.config import RunConfig
from ganvas.report.html import in_figures, table, text
from ganvas.report.reading import RunView
from ganvas.settings import Settings
from ganvas.wording import counted, in_time

MOST_ROWS = 200
COUNTED = {
    "found": "Pictures found",
    "used": "Used",
    "width": "Width in pixels",
    "height": "Height in pixels",
    "ignored": "Other files, left alone",
}


def events(run: RunView) -> str:
    """What happened when, folded away; '' if nothing did."""
    told = run.log.events
    if not told:
        return ""
    rows = [(f"{event.images:,}", in_time(event.seconds), event.text) for event in told[-MOST_ROWS:]]
    listed = table(rows, headings=("images shown", "after", "what happened"))
    return f"<details><summary>{counted(len(told), 'event')}</summary>{listed}</details>"


def go_on(run: RunView) -> str:
    """Commands that carry on from this run."""
    folder = f"runs/{run.name}" if run.path.resolve().parent.name == "runs" else run.name
    named = shlex.quote(folder)
    commands = [(f"ganvas generate {named} --count 16", "Draw new pictures.")]
    if len(run.moments) > 2:
        middle = run.moments[len(run.moments) // 2].images
        commands += [(f"ganvas generate {named} --at {middle}", "Draw them as they were at an earlier moment.")]
    again = f"ganvas train --config {shlex.quote(f'{folder}/run.toml')} --out {shlex.quote(f'{folder}-again')}"
    commands += [
        (again, "Run the same again, with the same seed."),
        (f"ganvas compare {named} {shlex.quote(f'{folder}-again')}", "Set two runs side by side."),
    ]
    return "".join(f"<dt><code>{text(command)}</code></dt><dd>{text(why)}</dd>" for command, why in commands)


def findings(run: RunView) -> str:
    """What the folder doctor found, file by file where something was wrong; '' without data.json."""
    found = run.findings
    if not found:
        return ""
    counts = [(label, found[name]) for name, label in COUNTED.items() if isinstance(found.get(name), int)]
    broken, duplicates, near = (_entries(found, name) for name in ("broken", "duplicates", "near"))
    near_title = "Nearly the same, left out" if found.get("near_left_out") is True else "Nearly the same, left in"
    counts += [("Could not be read", len(broken)), ("Found twice", len(duplicates)), (near_title, len(near))]
    parts = [table([(label, in_figures(count)) for label, count in counts], caption="What was found")]
    classes = found.get("classes")
    if isinstance(classes, dict) and classes:
        parts.append(table([(name, in_figures(count)) for name, count in classes.items()], caption="Classes"))
    notes = "".join(f"<li>{text(note)}</li>" for note in found.get("notes") or [])
    parts += [f"<ul>{notes}</ul>"] if notes else []
    tables = f'<div class="tables">{"".join(parts)}</div>'
    tables += _files("Could not be read", broken, ("file", "reason"))
    tables += _files("Found twice", duplicates, ("file", "same_as"))
    tables += _files(near_title, near, ("file", "same_as"), headings=("file", "like"))
    return f"<section><h2>The pictures it was given</h2>{tables}</section>"


def settings(run: RunView) -> str:
    """Every setting of run.toml by section, with its meaning; '' without one."""
    if not run.settings:
        return ""
    general = {name: value for name, value in run.settings.items() if not isinstance(value, dict)}
    sections = {"run": general} | {name: value for name, value in run.settings.items() if isinstance(value, dict)}
    parts = [
        table([(name, in_figures(value), _meaning(section, name)) for name, value in fields.items()], caption=section)
        for section, fields in sections.items()
        if fields
    ]
    return f'<section><h2>Settings</h2><div class="tables settings">{"".join(parts)}</div></section>'


def _files(title: str, entries: list[dict[str, Any]], columns: tuple[str, str], headings: Sequence[str] = ()) -> str:
    if not entries:
        return ""
    rows = [tuple(entry.get(column, "") for column in columns) for entry in entries[:MOST_ROWS]]
    more = f"<p>and {len(entries) - MOST_ROWS:,} more, in data.json</p>" if len(entries) > MOST_ROWS else ""
    headings = headings or [column.replace("_", " ") for column in columns]
    return f"<details><summary>{title}: {len(entries):,}</summary>{table(rows, headings=headings)}{more}</details>"


def _entries(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    listed = found.get(name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _meaning(section: str, name: str) -> str:
    """The help text of a setting, '' where it has none or is not ours."""
    kind: Any = RunConfig if section == "run" else None
    if kind is None and section in RunConfig.model_fields:
        kind = RunConfig.model_fields[section].annotation
        kind = next((each for each in get_args(kind) if each is not NoneType), kind)  # a section that may be missing
    if not (isinstance(kind, type) and issubclass(kind, Settings)) or name not in kind.model_fields:
        return ""
    return kind.model_fields[name].description or ""
