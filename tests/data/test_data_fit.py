"""Any shape becomes the network's shape: crop, pad, stretch; and grey is told from colour."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from ganvas.data.fit import CHANNELS, cut_file, fit_array, is_grey, kept_share, resize, shrink_file, to_grey
from ganvas.data.limits import BrokenPicture

SIDES = st.integers(4, 300)


@settings(max_examples=60)
@given(SIDES, SIDES, st.sampled_from([(16, 16), (64, 48), (20, 256)]), st.sampled_from(["crop", "pad", "stretch"]))
def test_every_shape_fits_and_a_plain_colour_stays_that_colour(width, height, target, fit):
    plain = np.full((height, width, 3), (10, 200, 90), np.uint8)
    row = fit_array(plain, *target, fit, "rgb").row
    assert row.shape == (target[1], target[0], 3)
    padding = (row == 255).all(axis=2)
    assert_allclose(row[~padding], np.broadcast_to([10, 200, 90], row[~padding].shape), atol=1)
    assert fit == "pad" or not padding.any()


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (8, 8, 3), (8, 8, 4)])
def test_every_array_becomes_the_channels_that_are_asked(channels, shape):
    row = fit_array(np.full(shape, 255, np.uint8), 16, 20, "crop", channels).row
    assert row.shape == (20, 16, CHANNELS[channels])
    assert (row == 255).all()


def test_crop_keeps_the_middle_of_a_wide_and_of_a_tall_picture():
    wide = np.zeros((20, 100), np.uint8)
    wide[:, 40:60] = 200
    assert_array_equal(fit_array(wide, 20, 20, "crop", "grey").row, np.full((20, 20, 1), 200))
    assert_array_equal(fit_array(wide.T, 20, 20, "crop", "grey").row, np.full((20, 20, 1), 200))


def test_pad_keeps_everything_on_white_or_on_nothing():
    wide = np.full((16, 64, 3), 7, np.uint8)
    row = fit_array(wide, 64, 64, "pad", "rgb").row
    assert (row[24:40] == 7).all()
    assert (row[:24] == 255).all()
    assert (row[40:] == 255).all()
    clear = fit_array(wide, 64, 64, "pad", "rgba").row
    assert_array_equal(clear[0, 0], [255, 255, 255, 0])
    assert_array_equal(clear[32, 32], [7, 7, 7, 255])


def test_stretch_keeps_every_edge():
    halves = np.zeros((10, 100), np.uint8)
    halves[:, 50:] = 255
    row = fit_array(halves, 20, 20, "stretch", "grey").row[..., 0]
    assert row[:, :8].max() < 10
    assert row[:, 12:].min() > 245


def test_a_very_wide_picture_is_cropped_and_a_hair_is_padded():
    wide = np.random.default_rng(0).integers(0, 256, (5, 20_000, 3), dtype=np.uint8)
    for fit in ("crop", "pad", "stretch"):
        assert fit_array(wide, 64, 64, fit, "rgb").row.shape == (64, 64, 3)


def test_reducing_does_not_alias_a_fine_checkerboard():
    board = (np.indices((512, 512)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert_allclose(fit_array(board, 64, 64, "crop", "grey").row, 127.5, atol=2)


def test_a_big_reduction_is_as_good_as_the_slow_exact_one():
    fine = Image.effect_noise((900, 900), 60)
    fast = np.asarray(resize(fine, (32, 32), "crop"), np.float64)
    exact = np.asarray(fine.resize((32, 32), Image.Resampling.LANCZOS), np.float64)
    assert np.abs(fast - exact).mean() < 1.0


def test_chroma_noise_is_grey_and_a_tint_or_one_coloured_spot_is_not():
    rng = np.random.default_rng(1)
    grey = np.repeat(rng.integers(20, 230, (32, 32, 1)), 3, axis=2)
    assert is_grey(np.clip(grey + rng.integers(-2, 3, grey.shape), 0, 255).astype(np.uint8))
    assert not is_grey((grey * [1.0, 0.9, 0.75]).astype(np.uint8))
    grey[3, 3] = [255, 0, 0]
    assert not is_grey(grey.astype(np.uint8))


def test_grey_rows_keep_their_values_and_colours_get_their_luma():
    rows = np.zeros((3, 4, 5, 3), np.uint8)
    rows[0], rows[1], rows[2] = 77, (255, 0, 0), (0, 255, 0)
    assert_allclose(to_grey(rows)[:, 0, 0, 0], [77, 76, 150], atol=1)
    assert to_grey(rows).shape == (3, 4, 5, 1)


def test_the_share_that_a_crop_keeps_is_the_ratio_of_the_shapes():
    assert kept_share(400, 100, (64, 64)) == kept_share(100, 400, (64, 64)) == 0.25
    assert kept_share(96, 64, (96, 64)) == 1.0


def stored(image, form="PNG", **options):
    encoded = io.BytesIO()
    image.save(encoded, form, **options)
    return encoded.getvalue()


def halves(width, height):
    """Black on the left, white on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, width // 2 :] = 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize(("form", "options"), [("PNG", {}), ("JPEG", {"quality": 100}), ("WEBP", {"lossless": True})])
@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_a_file_is_shrunk_upright_and_whole(form, options, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    small = shrink_file(stored(halves(400, 200), form, exif=exif, **options), 100)
    assert small.size == ((50, 100) if turn in (6, 8) else (100, 50))
    first, last = small.getpixel((5, 5)), small.getpixel((small.width - 6, small.height - 6))
    dark, light = (last, first) if turn in (3, 8) else (first, last)
    assert max(dark) < 10
    assert min(light) > 245


def test_a_small_picture_is_not_enlarged_when_it_is_shrunk():
    assert shrink_file(stored(halves(40, 20)), 100).size == (40, 20)


def test_a_part_is_cut_out_of_the_upright_picture_without_loss(draw):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = draw(3, width=60, height=40)
    asked = []

    def window(width, height):
        asked.append((width, height))
        return 5, 10, 25, 40

    part = cut_file(stored(picture, exif=exif), window)
    upright = picture.transpose(Image.Transpose.ROTATE_270)
    assert asked == [(40, 60)]
    assert_array_equal(np.asarray(part), np.asarray(upright.crop((5, 10, 25, 40))))


def test_a_part_of_a_picture_of_16_bits_has_8(draw):
    deep = Image.fromarray((np.arange(64 * 64, dtype=np.uint16) * 16).reshape(64, 64))
    part = cut_file(stored(deep), lambda width, height: (0, 0, 64, 1))
    assert (part.mode, part.size) == ("L", (64, 1))


def test_what_is_no_picture_is_neither_shrunk_nor_cut():
    with pytest.raises(BrokenPicture, match="text, not a picture"):
        shrink_file(b"words", 100)
    with pytest.raises(BrokenPicture, match="empty"):
        cut_file(b"", lambda width, height: (0, 0, 1, 1))
