"""Drawing from a trained model."""

from ganvas.model.directions import MainDirection, main_directions, strips
from ganvas.model.sampling import draw, draw_all, drawn_at_once, labels_for, latents_for, rebuild

__all__ = [
    "MainDirection",
    "draw",
    "draw_all",
    "drawn_at_once",
    "labels_for",
    "latents_for",
    "main_directions",
    "rebuild",
    "strips",
]
