"""Drawing from a trained model."""

from ganvas.explore.directions import MainDirection, main_directions
from ganvas.explore.sample import draw, draw_all, labels_for, latents_for, rebuild

__all__ = ["MainDirection", "draw", "draw_all", "labels_for", "latents_for", "main_directions", "rebuild"]
