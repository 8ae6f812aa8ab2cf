"""What the verbs of cli.py do beyond reading their options; nothing here prints."""

import json
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganvas.config import PictureSettings, Plan, RunConfig, checked, from_toml, with_settings
from ganvas.data import contact_indices, load_pictures
from ganvas.errors import SettingError
from ganvas.formats.images import save_grid, save_png
from ganvas.metrics import card_lines
from ganvas.model import draw, labels_for, latents_for, rebuild
from ganvas.model.weights import load_model
from ganvas.recipes import DEFAULT, RECIPES, recipe
from ganvas.workflows.score import Judging, judge

_DEFAULT_SECONDS = 600.0
MOST_ON_GRID = 1024
SECTIONS = {
    "pictures": "which pictures, and what is done to each",
    "network": "the two players",
    "objective": "what the players minimise",
    "optimizer": "Adam, for each player",
    "training": "how the players take turns, and what is kept",
    "noise": "instance noise when the discriminator saturates",
    "anchor": "what holds broad light and tint to the PCA draw",
    "matching": "feature matching",
    "measuring": "how the run is measured while it goes on",
    "health": "the rules of the verdict",
    "recording": "what is written as the run goes",
}


@dataclass(frozen=True)
class WantedRun:
    """What is asked, the plan if a run is to be repeated, and where the run goes."""

    config: RunConfig
    plan: Plan | None
    out: Path


def wanted_run(
    recipe_name: str | None,
    config_path: Path | None,
    out: Path | None,
    given: dict[str, Any],
    assignments: list[str],
    *,
    resume: bool,
    blind: bool = False,
) -> WantedRun:
    """The run that a command line asks for: a recipe, a run.toml or the run in `out`, changed by what is given.

    Args:
        given: 'section.field' -> value; None where the option was not given.
        assignments: 'section.field=value', which win over `given`.
        blind: without pretrained weights in training.
    Raises:
        SettingError: a name or a value is wrong, or there is nothing to resume.
    """
    if config_path is not None and recipe_name is not None:
        raise SettingError("--config and --recipe were both given; the configuration holds its own recipe")
    if resume and out is None:
        out = _default_out(given, recipe_name or DEFAULT)
    if resume and out is not None:
        if not (out / "run.toml").exists():
            raise SettingError(f"--resume: there is no run in {out}; leave --resume out to start one")
        config_path = config_path or out / "run.toml"
    if config_path is not None:
        start, plan = from_toml(config_path)
    elif given["pictures.source"] is None:
        raise SettingError("which pictures? As in `ganvas train my-folder`, or `ganvas train avatars` to try it")
    else:
        start, plan = recipe(recipe_name or DEFAULT).config, None
    if blind:
        known = RECIPES.get(start.recipe)
        if known is None or not known.blind:
            having = ", ".join(name for name, each in RECIPES.items() if each.blind)
            raise SettingError(
                f"--blind: recipe {start.recipe} knows nothing of ImageNet anyway; it goes with {having}"
            )
        given = {**given, **known.blind}
    config = _changed(start, {path: value for path, value in given.items() if value is not None})
    config = with_settings(config, assignments)
    if config.limits != start.limits:
        plan = None
    if config.limits == type(config.limits)():
        config = _changed(config, {"limits.seconds": _DEFAULT_SECONDS})
    return WantedRun(config, plan, out or _default_out({"pictures.source": config.pictures.source}, config.recipe))


def _default_out(given: dict[str, Any], recipe_name: str) -> Path:
    source = Path(str(given["pictures.source"] or "pictures").replace(":", "-").rstrip("/")).resolve().name
    return Path("runs") / f"{source.split('.')[0]}-{recipe_name}"


def _changed(config: RunConfig, given: dict[str, Any]) -> RunConfig:
    values = config.model_dump()
    if any(path.startswith("limits.") for path in given):
        values["limits"] = {}
    for path, value in given.items():
        section, _, field = path.rpartition(".")
        (values[section] if section else values)[field] = value
    return checked(RunConfig, values)


def recipe_list() -> str:
    """Every recipe in a few lines."""
    blocks = []
    for name, known in RECIPES.items():
        default = " (the default)" if name == DEFAULT else ""
        pictures = known.config.pictures
        text = f"{known.title}, {pictures.width}x{pictures.height}. Source: {known.source}. Reached: {known.reached}"
        blocks.append(f"{name}{default}\n{textwrap.fill(text, 100, initial_indent='    ', subsequent_indent='    ')}")
    return "\n".join([*blocks, "", "`ganvas recipes NAME` shows a recipe's failings and all its settings."])


def recipe_page(name: str) -> str:
    """One recipe: what is known of it, and its settings as `--set` takes them, each with its meaning."""
    known = recipe(name)
    about = [known.title, f"Source: {known.source}", f"Reached: {known.reached}", f"Known failings: {known.failings}"]
    lines = []
    for section, title in SECTIONS.items():
        settings = getattr(known.config, section)
        if settings is None:
            continue
        lines += ["", f"# {title}"]
        for field, value in settings.model_dump(mode="json").items():
            meaning = type(settings).model_fields[field].description or field
            shown = "(not set)" if value is None else ",".join(value) if isinstance(value, list) else value
            lines.append(f"{f'{section}.{field} = {shown}':<50} # {meaning}")
    return "\n".join([f"# {name}", *about, *lines])


@dataclass(frozen=True)
class Drawing:
    """What `ganvas generate` is asked for."""

    count: int
    seed: int
    truncation: float
    label: str | None
    moment: int | None
    singles: bool


def draw_pictures(path: Path, wanted: Drawing, out: Path) -> Path:
    """Draw `wanted.count` pictures into `out`, one file a seed, and a grid of the first MOST_ON_GRID; returns its path.

    Raises:
        ModelError: the model cannot be read.
        SettingError: the label is not one of the model's, or `out` cannot be written.
    """
    model = load_model(path, wanted.moment)
    seeds = range(wanted.seed, wanted.seed + wanted.count)
    if seeds[-1] >= 2**64:
        raise SettingError(f"--seed {wanted.seed}: expected at most {2**64 - wanted.count}")
    z = latents_for(model.description, seeds, wanted.truncation)
    _make_folder(out)
    shown: list[np.ndarray] = []
    drawn = draw(model.generator, z, labels_for(model.description, seeds, wanted.label))
    for seed, picture in zip(seeds, drawn, strict=True):
        if wanted.singles:
            save_png(out / f"{seed:06d}.png", picture, scale=1)
        if len(shown) < MOST_ON_GRID:  # so that memory does not grow with the count
            shown.append(picture)
    save_grid(out / "grid.png", np.stack(shown))
    return out / "grid.png"


def rebuild_pictures(path: Path, source: str, count: int, out: Path) -> Path:
    """Encode and rebuild pictures of `source`: a grid of originals over the rebuilt, row by row; returns its path.

    Raises:
        GanvasError: the model or the pictures cannot be used, or the model has no encoder.
    """
    model = load_model(path)
    spec = model.description
    values = {"source": source, "width": spec.width, "height": spec.height, "channels": spec.channel_setting}
    pictures = load_pictures(checked(PictureSettings, values | {"conditional": bool(spec.classes)}))
    if spec.classes and pictures.classes != spec.classes:
        raise SettingError(f"{source}: its labels are {pictures.classes[:5]}, the model's {spec.classes[:5]}")
    chosen = contact_indices(pictures, count)
    originals = np.asarray(pictures.images[chosen])
    labels = torch.from_numpy(pictures.labels[chosen]) if spec.classes else None
    rebuilt = rebuild(model, torch.from_numpy(originals), labels)
    _make_folder(out)
    columns = min(8, len(originals))
    rows = [part[at : at + columns] for at in range(0, len(originals), columns) for part in (originals, rebuilt)]
    path = out / "rebuilt.png"
    save_grid(path, np.concatenate(rows), columns=columns if len(originals) % columns == 0 else None)
    return path


def score_text(asked: Judging, pairs: Path | None, *, as_json: bool) -> str:
    """The score card as text or JSON.

    Args:
        pairs: where to draw the closest pairs of a generated and a training picture; None: nowhere.
    Raises:
        GanvasError: the model, the pictures or the extractor's weights cannot be used, or `pairs` cannot be written.
    """
    judged = judge(asked)
    if pairs is not None and judged.pairs is not None:
        _make_folder(pairs.parent)
        try:
            save_grid(pairs, judged.pairs, columns=8)
        except OSError as error:
            raise SettingError(f"--pairs {pairs}: cannot be written ({error.strerror}); choose another file") from error
    return json.dumps(judged.card.to_dict(), indent=1) if as_json else "\n".join(card_lines(judged.card))


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"--out {out}: cannot be written ({error.strerror}); choose another folder") from error
