"""A moment of a run, as a page asks for it: "best", "last", or images shown."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ganvas.formats.manifest import DESCRIPTION_FILE, model_folder
from ganvas.studio.problems import Problem

Moment = Annotated[int, Field(ge=0)] | Literal["best", "last"]
MOMENTS = "moments"


def kept_moments(run: Path) -> dict[int, Path]:
    """Images shown -> weights, of the moments whose model is kept."""
    found = (run / MOMENTS).glob("*.safetensors")
    return {int(path.stem): path for path in found if path.stem.isascii() and path.stem.isdecimal()}


def moment_of(run: Path, at: int | str) -> int | None:
    """The kept moment that is meant: the last one not after `at`; None for the best model, which the run ships.

    Raises:
        Problem: there is none.
    """
    if at == "best" and (model_folder(run) / DESCRIPTION_FILE).exists():
        return None
    kept = kept_moments(run)
    until = [images for images in kept if at in ("best", "last") or images <= int(at)]
    if not until:
        raise Problem(404, f"{run.name}: no model is kept of that moment; choose a later one", "at")
    return max(until)


def weights_of(run: Path, at: int | None) -> Path:
    """The file of the weights of a moment, or of the best model."""
    return kept_moments(run)[at] if at is not None else model_folder(run) / "generator.safetensors"
