"""Pictures that a trained model draws or rebuilds; and the run that the options of `ganvas train` ask for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganvas.config import PictureSettings, Plan, RunConfig, checked, from_toml, with_settings
from ganvas.data import contact_indices, load_pictures
from ganvas.errors import SettingError
from ganvas.files import writing_to
from ganvas.formats.images import save_grid, save_png
from ganvas.model import draw, labels_for, latents_for, rebuild
from ganvas.model.weights import load_model
from ganvas.recipes import DEFAULT, RECIPES, recipe

_DEFAULT_SECONDS = 600.0
MOST_ON_GRID = 1024


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


@dataclass(frozen=True)
class DrawOptions:
    """Options of `ganvas generate`.

    moment: of the run, images shown; None: the shipped model. singles: a file for each picture beside the grid.
    """

    count: int
    seed: int
    truncation: float
    label: str | None
    moment: int | None
    singles: bool


def draw_pictures(path: Path, options: DrawOptions, out: Path) -> Path:
    """Draw pictures into `out`, one file a seed, and a grid of the first MOST_ON_GRID; returns its path.

    Raises:
        ModelError: the model cannot be read.
        SettingError: the label is not one of the model's, or `out` cannot be written.
    """
    model = load_model(path, options.moment)
    seeds = range(options.seed, options.seed + options.count)
    if seeds[-1] >= 2**64:
        raise SettingError(f"--seed {options.seed}: expected at most {2**64 - options.count}")
    z = latents_for(model.description, seeds, options.truncation)
    with writing_to(out):
        out.mkdir(parents=True, exist_ok=True)
    shown: list[np.ndarray] = []
    drawn = draw(model.generator, z, labels_for(model.description, seeds, options.label))
    for seed, picture in zip(seeds, drawn, strict=True):
        if options.singles:
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
    with writing_to(out):
        out.mkdir(parents=True, exist_ok=True)
    columns = min(8, len(originals))
    rows = [part[at : at + columns] for at in range(0, len(originals), columns) for part in (originals, rebuilt)]
    path = out / "rebuilt.png"
    save_grid(path, np.concatenate(rows), columns=columns if len(originals) % columns == 0 else None)
    return path
