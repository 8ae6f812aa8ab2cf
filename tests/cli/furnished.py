"""What commands that are tried with odd values, or on a full disk, work on."""

from pathlib import Path

import numpy as np
from PIL import Image

from ganvas.model.weights import Model, save_model


def furnish(folder: Path, model: Model) -> None:
    """Put twelve pictures of 16 px of noise into `folder`/pictures, and a model into `folder`/model."""
    (folder / "pictures").mkdir()
    numbers = np.random.default_rng(0)
    for index in range(12):
        levels = numbers.integers(0, 255, (16, 16, 3)).astype(np.uint8)
        Image.fromarray(levels).save(folder / "pictures" / f"{index}.png")
    save_model(folder / "model", model.description, model.generator)
