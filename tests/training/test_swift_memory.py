import pytest

from ganvas.config import NoiseSettings
from ganvas.recipes import RECIPES
from ganvas.training.steps.memory import SwiftMemory, swift_memory

SETTINGS = NoiseSettings()
FADES_FROM = SETTINGS.fades_from_images


def test_a_discriminator_was_saturated_once_its_loss_averaged_over_five_hundred_images_is_low():
    memory = swift_memory(RECIPES["swift"].config)

    def was_saturated_after(loss, steps):
        for _ in range(steps):
            memory.follow(loss, 0, 4, SETTINGS)
        return memory.was_saturated

    assert not was_saturated_after(0.0, 86)  # of 4 images: 0.2 * 0.992 ** 86 is 0.1002
    assert was_saturated_after(0.0, 1)
    assert memory.discriminator_loss == pytest.approx(0.2 * 0.992**87)
    assert was_saturated_after(2.0, 500)  # and ever after
    assert memory.discriminator_loss == pytest.approx(2.0, rel=0.02)


@pytest.mark.parametrize(
    ("images", "loss", "was_saturated", "lasts"),
    [
        (FADES_FROM - 4, 0.14, True, True),  # noise of 0.18
        (FADES_FROM - 4, 0.16, True, False),  # of 0.12
        (FADES_FROM - 4, 0.14, False, False),  # of none, for it never was saturated
        (FADES_FROM - 8, 0.14, True, False),  # not yet
        (FADES_FROM, 0.14, True, False),  # too late
    ],
)
def test_whether_noise_lasts_is_decided_once_by_how_much_is_needed_when_it_begins_to_fade(
    images, loss, was_saturated, lasts
):
    memory = SwiftMemory(loss, was_saturated)
    memory.follow(loss, images, 4, SETTINGS)
    assert memory.noise_lasts is lasts


def test_a_rescue_keeps_the_noise():
    memory = SwiftMemory(0.2)
    memory.after_rescue()
    assert memory.noise_lasts
