"""What commands that are tried with odd values, or on a full disk, work on."""

from pathlib import Path

from bench.faults.trials import draw_noise

from ganvas.model.weights import Model, save_model


def furnish(folder: Path, model: Model) -> None:
    """Put twelve pictures of 16 px of noise into `folder`/pictures, and a model into `folder`/model."""
    draw_noise(folder / "pictures")
    save_model(folder / "model", model.description, model.generator)
