"""Settings as a page shows them: what each means, what it may be, from the settings' own descriptions."""

from collections.abc import Mapping
from types import NoneType
from typing import Any, get_args

from fastapi import APIRouter

from ganvas.config import RunConfig
from ganvas.recipes import DEFAULT, RECIPES, Recipe
from ganvas.settings import Settings

_UNITS = {"px": "px", "images": "images", "seconds": "s", "bytes": "bytes", "epochs": "epochs", "pictures": "pictures"}
_LEFT_OUT = ("limits", "start", "recipe")  # what the page asks for in other ways


def described(kind: type[Settings], values: Mapping[str, Any] | None = None, prefix: str = "") -> list[dict[str, Any]]:
    """Each field of a class of settings.

    Args:
        values: their defaults; None: the class's own.
        prefix: of their paths, as "network.".
    Returns:
        {path, kind, default, description, minimum, maximum, step, choices, unit, optional}; kind: switch, whole,
        number, choice, list or text. A bound may itself not be allowed, as 0 of what must be above it.
    """
    schema = kind.model_json_schema()
    defaults = values if values is not None else {}
    return [
        _described(f"{prefix}{name}", name, _resolved(one, schema), defaults.get(name, one.get("default")))
        for name, one in schema["properties"].items()
    ]


def recipe_settings(recipe: Recipe) -> list[dict[str, Any]]:
    """Every setting that a recipe's run may be given, with the recipe's values as defaults."""
    values, found = recipe.config.model_dump(mode="json"), list[dict[str, Any]]()
    plain: dict[str, Any] = {}
    for name, field in RunConfig.model_fields.items():
        if name in _LEFT_OUT or values[name] is None:
            continue
        kinds = [one for one in (field.annotation, *get_args(field.annotation)) if one not in (None, NoneType)]
        section = next((one for one in kinds if isinstance(one, type) and issubclass(one, Settings)), None)
        if section is None:
            plain[name] = values[name]
        else:
            found += described(section, values[name], f"{name}.")
    return [*(one for one in described(RunConfig, plain) if one["path"] in plain), *map(_with_names, found)]


def routes() -> APIRouter:
    """The recipes."""
    router = APIRouter()

    @router.get("/api/recipes")
    def recipes() -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "about": known.title,
                "source": known.source,
                "reached": known.reached,
                "failings": known.failings,
                "how": known.how,
                "is_default": name == DEFAULT,
                "settings": recipe_settings(known),
            }
            for name, known in RECIPES.items()
        ]

    return router


def _described(path: str, name: str, schema: Mapping[str, Any], default: object) -> dict[str, Any]:
    kinds = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    choices = [value for one in kinds for value in one.get("enum", [one["const"]] if "const" in one else [])]
    types = {one.get("type") for one in kinds if not ("enum" in one or "const" in one)}
    bounds = {key: one[key] for one in kinds for key in one}
    return {
        "path": path,
        "kind": _kind(types, choices),
        "default": default,
        "description": schema.get("description", ""),
        "minimum": bounds.get("minimum", bounds.get("exclusiveMinimum")),
        "maximum": bounds.get("maximum", bounds.get("exclusiveMaximum")),
        "step": bounds.get("multipleOf"),
        "choices": choices or None,
        "unit": next((unit for ending, unit in _UNITS.items() if name == ending or name.endswith(f"_{ending}")), None),
        "optional": len(kinds) < len(schema.get("anyOf", [schema])),
    }


def _kind(types: set[str], choices: list[Any]) -> str:
    for kind, name in (
        ("boolean", "switch"),
        ("array", "list"),
        ("integer", "whole"),
        ("number", "number"),
    ):
        if kind in types:
            return name
    return "choice" if choices else "text"


def _resolved(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """With what it refers to in its place."""
    reference = schema.get("$ref")
    return schema if reference is None else {**whole["$defs"][reference.rpartition("/")[2]], **schema}


def _with_names(one: dict[str, Any]) -> dict[str, Any]:
    """The names that a table has, where a setting is one of them."""
    from ganvas.objectives import AUGMENTS, LOSSES  # which bring PyTorch
    from ganvas.training import ARCHITECTURES

    tables = {
        "network.architecture": ARCHITECTURES,
        "objective.loss": LOSSES,
        "objective.augment": AUGMENTS,
        "objective.rescue_augment": AUGMENTS,
    }
    if (table := tables.get(one["path"])) is None:
        return one
    return {**one, "kind": "list" if one["kind"] == "list" else "choice", "choices": list(table)}
