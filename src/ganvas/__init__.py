"""Ganvas turns a folder of pictures into a small generator of new ones.

    run = ganvas.train("my-pictures", time="10m")
    generator = ganvas.load(run)
    generator.draw(seeds=range(16)).grid()
    print(ganvas.score(generator, against="my-pictures"))

Every name below is imported when it is first used, so that `import ganvas` takes no time.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# onnxruntime and the Hub's library tell their makers that they are used, unless they find these as they are imported.
for _quiet in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ.setdefault(_quiet, "1")

if TYPE_CHECKING:
    from ganvas.errors import DivergedError, GanvasError, ModelError, PicturesError, SettingError
    from ganvas.metrics import Card
    from ganvas.recipes import RECIPES
    from ganvas.studio.opening import open_studio
    from ganvas.workflows.generate import Generator
    from ganvas.workflows.public.models import load
    from ganvas.workflows.public.pictures import look, pack
    from ganvas.workflows.public.playing import blend, directions, mix, neighbours, project, walk
    from ganvas.workflows.public.publishing import compare, export, publish
    from ganvas.workflows.public.scoring import score, score_many
    from ganvas.workflows.public.serving import serve
    from ganvas.workflows.public.training import resume, train
    from ganvas.workflows.runs import Run
    from ganvas.workflows.tune import Tuning, tune

__version__ = "0.1.0"

__all__ = [
    "RECIPES",
    "Card",
    "DivergedError",
    "GanvasError",
    "Generator",
    "ModelError",
    "PicturesError",
    "Run",
    "SettingError",
    "Tuning",
    "blend",
    "compare",
    "directions",
    "export",
    "load",
    "look",
    "mix",
    "neighbours",
    "open_studio",
    "pack",
    "project",
    "publish",
    "resume",
    "score",
    "score_many",
    "serve",
    "train",
    "tune",
    "walk",
]

_HOME = {
    **dict.fromkeys(("DivergedError", "GanvasError", "ModelError", "PicturesError", "SettingError"), "errors"),
    "load": "workflows.public.models",
    **dict.fromkeys(("look", "pack"), "workflows.public.pictures"),
    **dict.fromkeys(("blend", "directions", "mix", "neighbours", "project", "walk"), "workflows.public.playing"),
    **dict.fromkeys(("compare", "export", "publish"), "workflows.public.publishing"),
    **dict.fromkeys(("score", "score_many"), "workflows.public.scoring"),
    "serve": "workflows.public.serving",
    **dict.fromkeys(("resume", "train"), "workflows.public.training"),
    "Card": "metrics",
    "Generator": "workflows.generate",
    "RECIPES": "recipes",
    "open_studio": "studio.opening",
    "Run": "workflows.runs",
    **dict.fromkeys(("Tuning", "tune"), "workflows.tune"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ganvas' has no attribute {name!r}")
    value = getattr(import_module(f"ganvas.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
