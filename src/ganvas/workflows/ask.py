"""What was asked of a training: options, as people type them or call them, become a configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganvas.config import Plan, RunConfig, from_toml, with_settings, with_values
from ganvas.data import source_name
from ganvas.errors import SettingError
from ganvas.recipes import DEFAULT, RECIPES, recipe

DEFAULT_SECONDS = 600.0  # where no limit is given


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
    given: Mapping[str, object],
    settings: Mapping[str, object] | Sequence[str] = (),
    *,
    resume: bool = False,
    blind: bool = False,
) -> WantedRun:
    """The run that is asked for: a recipe, a run.toml or the run in `out`, changed by what is given.

    Args:
        given: 'section.field' -> value; None where the option was not given.
        settings: 'section.field' -> value, or 'section.field=value' with a value in TOML; they win over `given`.
        blind: without pretrained weights in training.
    Raises:
        SettingError: a name or a value is wrong, or there is nothing to resume.
    """
    if config_path is not None and recipe_name is not None:
        raise SettingError("--config and --recipe were both given; the configuration holds its own recipe")
    if resume:
        out = out or _default_out(given.get("pictures.source"), recipe_name or DEFAULT)
        if not (out / "run.toml").exists():
            raise SettingError(f"--resume: there is no run in {out}; leave --resume out to start one")
        config_path = config_path or out / "run.toml"
    if config_path is not None:
        start, plan = from_toml(config_path)
    elif given.get("pictures.source") is None:
        raise SettingError("which pictures? As in `ganvas train my-folder`, or `ganvas train avatars` to try it")
    else:
        start, plan = recipe(DEFAULT if recipe_name is None else recipe_name).config, None
    changes = {path: value for path, value in given.items() if value is not None}
    if blind:
        changes |= _without_pretrained_weights(start)
    if any(path.startswith("limits.") for path in changes):  # a limit takes the place of all that there were
        start_limits = dict.fromkeys((f"limits.{name}" for name in type(start.limits).model_fields), None)
        changes = start_limits | changes
    config = with_values(start, changes)
    config = with_values(config, settings) if isinstance(settings, Mapping) else with_settings(config, settings)
    if config.limits != start.limits:
        plan = None
    if config.limits == type(config.limits)():
        config = with_values(config, {"limits.seconds": DEFAULT_SECONDS})
    return WantedRun(config, plan, out or _default_out(config.pictures.source, config.recipe))


def _without_pretrained_weights(start: RunConfig) -> dict[str, object]:
    known = RECIPES.get(start.recipe)
    if known is None or not known.blind:
        having = ", ".join(name for name, each in RECIPES.items() if each.blind)
        raise SettingError(f"--blind: recipe {start.recipe} knows nothing of ImageNet anyway; it goes with {having}")
    return dict(known.blind)


def _default_out(source: object, recipe_name: str) -> Path:
    name = source_name(str(Path(str(source or "pictures").replace(":", "-").rstrip("/")).resolve()))
    return Path("runs") / f"{name.split('.')[0]}-{recipe_name}"
