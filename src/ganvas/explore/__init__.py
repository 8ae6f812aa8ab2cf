"""Drawing from a trained model."""

from ganvas.explore.sample import draw, draw_all, labels_for, latents_for, rebuild

__all__ = ["draw", "draw_all", "labels_for", "latents_for", "rebuild"]
