"""Drawing from a trained model."""

from ganvas.explore.sample import draw, labels_for, latents_for, rebuild

__all__ = ["draw", "labels_for", "latents_for", "rebuild"]
