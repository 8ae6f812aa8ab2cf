"""What the players minimise: pure functions from tensors to tensors."""

from ganvas.objectives.augment import AUGMENTS, augment
from ganvas.objectives.losses import LOSSES, Loss
from ganvas.objectives.penalties import gradient_penalty_at, interpolation_penalty
from ganvas.objectives.vae import kl_divergence, reparameterise

__all__ = [
    "AUGMENTS",
    "LOSSES",
    "Loss",
    "augment",
    "gradient_penalty_at",
    "interpolation_penalty",
    "kl_divergence",
    "reparameterise",
]
