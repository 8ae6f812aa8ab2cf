import tracemalloc
import warnings

import numpy as np
import pytest
from PIL import Image

from ganvas.errors import SettingError
from ganvas.explore.photo import fitted, read_photo

NUMBERS = np.random.default_rng(0)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_a_photo_of_the_right_size_stays_as_it_is(fit):
    photo = NUMBERS.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    np.testing.assert_allclose(fitted(photo, 32, 24, fit), photo, atol=1e-9)


@pytest.mark.parametrize(
    ("size", "fit"), [((90, 40), "crop"), ((40, 90), "pad"), ((200, 30), "stretch"), ((5, 7), "crop")]
)
def test_a_photo_of_one_colour_keeps_it(size, fit):
    photo = np.full((*size, 3), (10, 100, 200), np.uint8)
    found = fitted(photo, 32, 24, fit)
    inside = found[8:16, 14:18]
    np.testing.assert_allclose(inside, np.broadcast_to([10, 100, 200], inside.shape), atol=1e-9)
    if fit == "pad":
        np.testing.assert_allclose(found[0], 255)


def test_it_is_what_pillow_makes_of_it_but_for_rounding():
    photo = NUMBERS.integers(0, 256, (96, 128, 3), dtype=np.uint8)
    pillow = np.asarray(Image.fromarray(photo).resize((32, 24), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(fitted(photo, 32, 24, "stretch"), pillow, atol=1.5)


def test_a_large_photo_is_fitted_in_parts():
    photo = np.zeros((8000, 100, 3), np.uint8)  # 19 MB in double precision
    tracemalloc.start()
    fitted(photo, 16, 16, "stretch")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12_000_000


def test_a_decoder_does_not_speak_of_a_large_photo(tmp_path, monkeypatch):
    Image.new("L", (30, 20)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        read_photo(tmp_path / "large.png", "grey")
    assert said == []


def test_cropping_keeps_the_middle():
    photo = np.zeros((20, 60, 1), np.uint8)
    photo[:, 20:40] = 255
    np.testing.assert_allclose(fitted(photo, 20, 20, "crop"), 255)


def test_beside_a_padded_transparent_photo_nothing_is_seen():
    photo = np.full((20, 60, 4), 255, np.uint8)
    assert fitted(photo, 20, 20, "pad")[0, 0].tolist() == [255, 255, 255, 0]


def test_a_photo_is_read_upright_at_its_own_size(tmp_path):
    photo = NUMBERS.integers(0, 256, (10, 30, 3), dtype=np.uint8)
    turned = Image.fromarray(photo).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned to the right
    turned.save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.png", "rgb"), photo)


def test_a_folder_is_no_photo(tmp_path):
    with pytest.raises(SettingError, match=str(tmp_path)):
        read_photo(tmp_path, "rgb")
