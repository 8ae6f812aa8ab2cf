"""What keeps the players in balance: the margin rule of the `balanced` recipe, and augmentation that adapts.

The margin rule: after each batch the player with the higher loss is updated again, until the two losses differ by less
than a margin or cross. The discriminator's loss is the sum of two means, over real and over generated pictures, the
generator's a single mean; they are compared per picture, so the discriminator's is halved.
"""

from typing import Literal

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


def risen(images: int, over: int) -> float:
    """0 to 1: how far a rise has come that takes `over` images, of which `images` were shown."""
    return min(max(images / over, 0.0), 1.0)
