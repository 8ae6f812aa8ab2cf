"""Every augmentation is tested by being listed in AUGMENTS."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from ganvas.config import AugmentationSettings
from ganvas.errors import SettingError
from ganvas.objectives import AUGMENTS, augment

EVERYTHING = tuple(AUGMENTS)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 64, channels: int = 3, height: int = 16, width: int = 24) -> Tensor:
    images = torch.rand(count, channels, height, width, generator=seeded(9)) * 2 - 1
    return images.to(memory_format=torch.channels_last)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("names", [*((name,) for name in AUGMENTS), EVERYTHING], ids="-".join)
def test_shape_type_and_layout_stay(names, channels):
    images = pictures(channels=channels)
    changed = augment(images, names, seeded())
    assert changed.shape == images.shape
    assert changed.dtype == images.dtype
    assert changed.is_contiguous(memory_format=torch.channels_last)
    assert changed.isfinite().all()
    assert not torch.equal(changed, images)


@pytest.mark.parametrize("name", AUGMENTS)
def test_one_seed_gives_one_result_and_another_seed_another(name):
    images = pictures()
    assert torch.equal(augment(images, (name,), seeded(1)), augment(images, (name,), seeded(1)))
    assert not torch.equal(augment(images, (name,), seeded(1)), augment(images, (name,), seeded(2)))


@pytest.mark.parametrize("name", AUGMENTS)
def test_every_picture_of_a_batch_is_changed_differently(name):
    same = pictures(1).expand(64, -1, -1, -1)
    assert len(augment(same, (name,), seeded()).flatten(1).unique(dim=0)) > 1


@pytest.mark.parametrize("name", AUGMENTS)
def test_a_picture_does_not_leak_into_its_neighbours(name):
    images = pictures(4)
    other = images.clone()
    other[2] = 0.5
    before, after = augment(images, (name,), seeded()), augment(other, (name,), seeded())
    assert_close(after[[0, 1, 3]], before[[0, 1, 3]])


@pytest.mark.parametrize("name", AUGMENTS)
def test_the_global_random_numbers_are_left_alone(name):
    before = torch.get_rng_state()
    augment(pictures(), (name,), seeded())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("name", AUGMENTS)
def test_gradients_are_right_once_and_twice(name, channels):
    images = pictures(3, channels, 8, 8).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: augment(x, (name,), seeded()), images, fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda x: augment(x, (name,), seeded()).square(), images, fast_mode=True)


def test_augmentations_apply_in_the_order_given():
    images = pictures()
    generator = seeded()
    by_hand = AUGMENTS["color"](AUGMENTS["cutout"](images, generator), generator)
    assert torch.equal(augment(images, ("cutout", "color"), seeded()), by_hand)


def test_no_augmentation_is_no_change():
    images = pictures()
    assert augment(images, (), seeded()) is images


STRENGTHS = {"color": (0.5, 1.0, 0.5), "tint": (0.2, 0.5, 0.25)}


@pytest.mark.parametrize("name", STRENGTHS)
def test_color_and_tint_are_three_steps_one_after_the_other(name):
    images = pictures()
    numbers = seeded()
    brightness, saturation, contrast = (torch.rand(64, generator=numbers).view(-1, 1, 1, 1) for _ in range(3))
    most = STRENGTHS[name]
    plain = images + (2 * brightness - 1) * most[0]
    grey = plain.mean(1, keepdim=True)
    plain = (plain - grey) * (1 + (2 * saturation - 1) * most[1]) + grey
    mean = plain.mean((1, 2, 3), keepdim=True)
    plain = (plain - mean) * (1 + (2 * contrast - 1) * most[2]) + mean
    assert_close(augment(images, (name,), seeded()), plain)


def test_color_changes_the_mean_by_brightness_alone():
    images = pictures(4096, height=4, width=4)
    shift = (augment(images, ("color",), seeded()) - images).mean((1, 2, 3))
    assert shift.abs().max() <= 0.5 + 1e-5
    assert shift.mean().item() == pytest.approx(0, abs=0.02)
    assert shift.std().item() == pytest.approx(1 / 12**0.5, rel=0.05)


def test_color_leaves_opacity_alone():
    images = pictures(channels=4)
    assert torch.equal(augment(images, ("color",), seeded())[:, 3], images[:, 3])


def test_color_of_a_grey_picture_is_the_color_of_the_same_picture_in_rgb():
    grey = pictures(channels=1)
    as_rgb = augment(grey.expand(-1, 3, -1, -1), ("color",), seeded())
    assert_close(as_rgb, augment(grey, ("color",), seeded()).expand(-1, 3, -1, -1))


def test_translation_moves_a_pixel_by_whole_pixels_up_to_an_eighth_both_ways():
    images = torch.zeros(2000, 1, 16, 24)
    images[:, :, 8, 12] = 1
    moved = augment(images, ("translation",), seeded())
    assert torch.equal(moved.flatten(1).sort(dim=1).values, images.flatten(1).sort(dim=1).values)
    _, _, rows, columns = moved.nonzero(as_tuple=True)
    assert rows.unique().tolist() == [6, 7, 8, 9, 10]
    assert columns.unique().tolist() == [9, 10, 11, 12, 13, 14, 15]


def test_translation_brings_in_middle_grey_and_keeps_the_rest():
    images = torch.ones(64, 3, 16, 24)
    moved = augment(images, ("translation",), seeded())
    assert moved.unique().tolist() == [0, 1]
    assert (moved.mean((1, 2, 3)) >= (14 / 16) * (21 / 24)).all()


def test_cutout_takes_half_of_each_side_or_less_at_the_edge():
    kept = augment(torch.ones(2000, 3, 16, 24), ("cutout",), seeded())
    assert kept.unique().tolist() == [0, 1]
    gone = kept[:, 0] == 0
    heights, widths = gone.any(2).sum(1), gone.any(1).sum(1)
    assert torch.equal(heights * widths, gone.sum((1, 2)))
    assert (heights.min(), heights.max()) == (4, 8)
    assert (widths.min(), widths.max()) == (6, 12)


def test_flip_mirrors_about_half_of_the_pictures():
    images = pictures(1000)
    flipped = augment(images, ("flip",), seeded())
    mirrored = (flipped == images.flip(3)).all(3).all(2).all(1)
    untouched = (flipped == images).all(3).all(2).all(1)
    assert (mirrored ^ untouched).all()
    assert 400 < mirrored.sum() < 600


def test_real_and_fake_batches_change_alike_under_one_seed():
    real, fake = pictures(), -pictures()
    names = ("translation", "cutout", "flip")
    assert_close(augment(fake, names, seeded()), -augment(real, names, seeded()))


@pytest.mark.parametrize("names", [*((name,) for name in AUGMENTS), EVERYTHING], ids="-".join)
def test_a_share_of_none_changes_nothing(names):
    images = pictures()
    assert torch.equal(augment(images, names, seeded(), share=0.0), images)


def test_a_share_of_one_draws_no_coins():
    images, generator = pictures(), seeded()
    by_hand = images
    for name in EVERYTHING:
        by_hand = AUGMENTS[name](by_hand, generator)
    after = seeded()
    assert torch.equal(augment(images, EVERYTHING, after, share=1.0), by_hand)
    assert torch.equal(after.get_state(), generator.get_state())


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_share_is_that_of_the_pictures_that_change_as_they_would_have_anyway(share):
    images = pictures(2000, height=4, width=4)
    changed = augment(images, ("color",), seeded(), share=share)
    all_changed = augment(images, ("color",), seeded())
    same = (changed == images).flatten(1).all(1)
    assert torch.equal(changed[~same], all_changed[~same])
    assert (~same).float().mean().item() == pytest.approx(share, abs=0.05)  # 4.5 standard deviations or more


def test_every_augmentation_has_a_coin_of_its_own():
    kept = augment(torch.ones(4000, 1, 8, 8), ("color", "cutout"), seeded(), share=0.5)
    corners = kept[:, 0, [0, 0, 7, 7], [0, 7, 0, 7]]
    has_hole, has_colour = (kept == 0).flatten(1).any(1), (corners != 1).all(1)
    for hole in (False, True):
        for colour in (False, True):
            assert 0.2 < ((has_hole == hole) & (has_colour == colour)).float().mean() < 0.3


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_real_and_fake_batches_change_alike_under_one_seed_at_any_share(share):
    real, fake = pictures(), -pictures()
    names = ("translation", "cutout", "flip")
    assert_close(augment(fake, names, seeded(), share=share), -augment(real, names, seeded(), share=share))


@pytest.mark.parametrize("name", AUGMENTS)
def test_a_share_keeps_layout_and_gradients(name):
    images = pictures(6, height=8, width=8)
    changed = augment(images, (name,), seeded(), share=0.5)
    assert changed.is_contiguous(memory_format=torch.channels_last)
    wanting = images.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: augment(x, (name,), seeded(), share=0.5), wanting, fast_mode=True)


def test_an_unknown_augmentation_is_a_setting_to_mend():
    with pytest.raises(SettingError, match="color, "):
        augment(pictures(), ("colour",), seeded())


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="images"):
        augment(torch.zeros(3, 16, 16), ("flip",), seeded())


def test_the_strengths_of_the_settings_are_those_that_are_used():
    none = AugmentationSettings(**dict.fromkeys(AugmentationSettings.model_fields, 0.0))
    names = ("color", "tint", "translation", "cutout")
    assert_close(augment(pictures(), names, seeded(), strengths=none), pictures())
    half, whole = (
        augment(pictures(), ("cutout",), seeded(), strengths=AugmentationSettings(cut_side=side)) for side in (0.5, 1.0)
    )
    assert (whole == 0).sum() > (half == 0).sum() > 0
