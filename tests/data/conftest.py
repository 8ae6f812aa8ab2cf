"""Pictures that the tests of this room draw for themselves, and a cache of their own for each."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganvas.config import PictureSettings
from ganvas.data import PictureSet, load_pictures


def drawn(seed: int, width: int = 48, height: int = 48) -> Image.Image:
    """A smooth colour picture, different for every seed."""
    corners = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    return Image.fromarray(corners).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def draw() -> Callable[..., Image.Image]:
    return drawn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of ten good pictures, 00.png to 09.png."""
    path = tmp_path / "pictures"
    path.mkdir()
    for seed in range(10):
        drawn(seed).save(path / f"{seed:02d}.png")
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def load(cache: Path) -> Callable[..., PictureSet]:
    """load(source, width=32, ...) at 32x32 unless told otherwise, in a cache of this test's own."""

    def load_with(source: object, progress: Callable[[int, int], None] | None = None, **settings: object) -> PictureSet:
        values = {"width": 32, "height": 32, **settings, "source": str(source)}
        return load_pictures(PictureSettings.model_validate(values), progress=progress, cache=cache)

    return load_with
