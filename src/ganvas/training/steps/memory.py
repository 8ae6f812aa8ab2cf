"""What the swift step keeps from step to step besides the networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ganvas.config import NoiseSettings, RunConfig
from ganvas.training.balance import averaged_loss, noise_deviation
from ganvas.training.feature_cache import FeatureCache


@dataclass
class SwiftMemory:
    """The state of the instance noise, and the frozen features of the set's pictures.

    discriminator_loss: nats, a moving average (balance.averaged_loss).
    was_saturated: whether that average was ever under `noise.saturated_loss`.
    noise_lasts: whether noise stays to the end, because much was needed or the run was rescued.
    features: changes nothing but the speed, and is not saved.
    """

    saved: ClassVar[Mapping[str, type[float] | type[bool]]] = {
        "discriminator_loss": float,
        "was_saturated": bool,
        "noise_lasts": bool,
    }

    discriminator_loss: float
    was_saturated: bool = False
    noise_lasts: bool = False
    features: FeatureCache = field(default_factory=FeatureCache)

    def follow(self, loss: float, images_before: int, step_images: int, settings: NoiseSettings) -> None:
        """Take in the discriminator's loss in one step; when noise begins to fade, decide whether it stays.

        Args:
            images_before: shown before the step. step_images: shown in it.
        """
        self.discriminator_loss = averaged_loss(self.discriminator_loss, loss, step_images, settings.average_images)
        self.was_saturated = self.was_saturated or self.discriminator_loss < settings.saturated_loss
        if images_before < settings.fades_from_images <= images_before + step_images:
            noise = noise_deviation(self.discriminator_loss, images_before, settings, lasting=False)
            self.noise_lasts = self.was_saturated and noise > settings.lasting_deviation

    def after_rescue(self) -> None:
        """Keep the noise: the run may have collapsed because it faded."""
        self.noise_lasts = True


def swift_memory(config: RunConfig) -> SwiftMemory:
    """Before the first step, without noise."""
    assert config.noise is not None
    return SwiftMemory(discriminator_loss=config.noise.under_loss)
