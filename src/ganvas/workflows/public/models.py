"""A trained model as the public functions take it, and the one that reads it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ganvas.settings import HUB_PREFIX
from ganvas.workflows.parse import parse_moment

if TYPE_CHECKING:
    from ganvas.workflows.generate import Generator

ModelLike: TypeAlias = "str | os.PathLike[str] | Generator"


def load(model: ModelLike, *, at: int | str | None = None) -> "Generator":
    """A trained model, ready to draw.

    Args:
        model: a run folder, a model folder, "hf:owner/name", or what `train` returned.
        at: that moment of the run, images shown, or "last"; None: the best that was measured.
    Raises:
        ModelError: there is no model, or it cannot be read.
        SettingError: the Hub cannot be reached, or its library is not installed.
    """
    from ganvas.workflows.generate import Generator

    if isinstance(model, Generator) and at is None:
        return model
    return Generator.read(folder_of(model), parse_moment(at))


def is_remote(model: ModelLike) -> bool:
    """Whether it is one of the Hub."""
    return isinstance(model, str | os.PathLike) and os.fspath(model).startswith(HUB_PREFIX)


def folder_of(model: ModelLike) -> Path:
    """Where a model lies; one of the Hub is fetched first."""
    if not isinstance(model, str | os.PathLike):
        return model.path
    if not is_remote(model):
        return Path(model)
    from ganvas.publishing.hub import pull

    return pull(os.fspath(model))
