"""What keeps the players in balance: the margin rule of the `balanced` recipe, augmentation that adapts, and noise.

The margin rule: after each batch the player with the higher loss is updated again, until the two losses differ by less
than a margin or cross. The discriminator's loss is the sum of two means, over real and over generated pictures, the
generator's a single mean; they are compared per picture, so the discriminator's is halved.
"""

from typing import Literal

from ganvas.config import NoiseSettings

Player = Literal["discriminator", "generator"]


def player_behind(discriminator_loss: float, generator_loss: float, margin: float) -> Player | None:
    """The player whose loss per picture is higher by at least `margin`; None if neither's is.

    Args:
        discriminator_loss: nats per pair of a real and a generated picture.
        generator_loss: nats per generated picture.
        margin: nats per picture, > 0.
    """
    lead = discriminator_loss / 2 - generator_loss
    if abs(lead) < margin:
        return None
    return "discriminator" if lead > 0 else "generator"


def adapted_share(share: float, real_sign: float, target: float, images: int, over_images: int) -> float:
    """The share of pictures to augment from here on, in [0, 1].

    A discriminator that learns the training pictures by heart scores ever more of them as real. While the mean sign of
    its scores on them is above `target`, augmentation grows; below, it shrinks; from none to all in `over_images`.

    Args:
        real_sign: in [-1, 1], of the last step. images: those that this step showed.
    Source: Karras et al. 2020, arXiv:2006.06676 (r_t of its section 3).
    """
    moved = share + (images if real_sign > target else -images) / over_images
    return min(max(moved, 0.0), 1.0)


def averaged_loss(average: float, loss: float, images: int, over_images: int) -> float:
    """The moving average over the last `over_images` of a loss that was `loss` on the last `images` of them."""
    return average + (loss - average) * min(images / over_images, 1.0)


def noise_deviation(discriminator_loss: float, images: int, settings: NoiseSettings, *, lasting: bool) -> float:
    """The deviation of the instance noise for a discriminator of this loss, of pictures in [-1, 1].

    The gradient of a saturated discriminator says little, and the generator collapses. Noise makes the distributions of
    real and of generated pictures overlap; the higher the loss, the less of it. It is for a discriminator whose loss
    was once under `saturated_loss`: others come near it in passing and recover by themselves.

    From `fades_from_images` on it falls to none; but where more than `lasting_deviation` was needed until then, the
    generator would collapse without, and only `lasting_decrease` is taken off.

    Args:
        images: those shown so far.
        lasting: whether so much was needed, or the run was rescued.
    Source: Sønderby et al. 2016, arXiv:1610.04490, section 3 (instance noise); that the loss decides is our own.
    """
    noise = settings.largest_deviation * max(1 - discriminator_loss / settings.under_loss, 0.0)
    fallen = risen(images - settings.fades_from_images, settings.fades_over_images)
    return max(noise - settings.lasting_decrease * fallen, 0.0) if lasting else noise * (1 - fallen)


def risen(images: int, over: int) -> float:
    """0 to 1: how far a rise has come that takes `over` images, of which `images` were shown."""
    return min(max(images / over, 0.0), 1.0)
