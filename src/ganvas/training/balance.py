"""The margin rule of the `balanced` recipe: who must be updated again so that neither player runs away.

After each batch the player with the higher loss is updated again, until the two losses differ by less than a margin
or cross. The discriminator's loss is the sum of two means, over real and over generated pictures, the generator's a
single mean; they are compared per picture, so the discriminator's is halved.
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
