"""Pictures that are the same, or nearly: found by what they show, whatever files they are in."""

import numpy as np
import pytest
from PIL import Image

from ganvas.data.near import near_duplicates
from ganvas.errors import PicturesError


def test_other_files_of_the_same_pixels_are_duplicates(folder, load, draw):
    draw(3).save(folder / "packed.png", compress_level=0)
    draw(3).save(folder / "windows.bmp")
    draw(3).save(folder / "field.tif")
    draw(3).convert("RGBA").save(folder / "opaque.webp", lossless=True)
    report = load(folder).report
    assert report.used == 10
    assert {(one.file, one.same_as) for one in report.duplicates} == {
        (name, "03.png") for name in ("packed.png", "windows.bmp", "field.tif", "opaque.webp")
    }


def test_pictures_that_differ_where_the_network_cannot_see_it_are_not_the_same(tmp_path, load, draw):
    for i in range(9):
        picture = draw(0, 512, 512)
        picture.putpixel((i, 0), (1, 2, 3))
        picture.save(tmp_path / f"{i}.png")
    assert load(tmp_path).report.duplicates == ()


def test_one_stored_picture_turned_two_ways_is_two(folder, load, draw):
    for turn in (1, 3, 6):
        exif = Image.Exif()
        exif[0x0112] = turn
        draw(50).save(folder / f"turn{turn}.png", exif=exif)
    assert load(folder).report.used == 13


def test_what_was_packed_or_shrunk_again_is_near_and_left_in_unless_asked(folder, load, draw):
    draw(3).save(folder / "again.jpg", quality=60)
    draw(4).resize((40, 40)).save(folder / "small.png")
    report = load(folder).report
    assert report.used == 12
    assert {(one.file, one.same_as) for one in report.near} == {("again.jpg", "03.png"), ("small.png", "04.png")}
    assert "2 near-duplicates, left in; --drop-near 0.98 leaves them out: again.jpg (like 03.png)" in report.summary()
    for _ in range(2):  # decoded, then known
        dropped = load(folder, drop_near=0.98)
        assert len(dropped.images) == dropped.report.used == 10
        assert "2 near-duplicates, left out" in dropped.report.summary()
    np.testing.assert_array_equal(dropped.images, load(folder).images[:10])


def test_a_copy_of_a_set_without_its_near_duplicates_has_the_same_pictures(folder, load, draw):
    draw(3).save(folder / "again.jpg", quality=60)
    first = load(folder, drop_near=0.98)
    folder.rename(folder.parent / "renamed")
    again = load(folder.parent / "renamed", drop_near=0.98)
    assert (again.key, again.report.near) == (first.key, first.report.near)


@pytest.mark.parametrize("shape", [(16, 16, 1), (20, 33, 3), (12, 256, 4)])
def test_near_is_symmetric_in_brightness_and_finds_the_first(shape):
    rows = np.random.default_rng(0).integers(50, 200, (1500, *shape), dtype=np.uint8)
    rows[1400], rows[1200], rows[3] = rows[7] + 20, rows[7] - 20, 9
    rows[4] = 9
    assert near_duplicates(rows, 0.98) == {1200: 7, 1400: 7}


def test_pictures_of_one_colour_are_similar_to_none():
    rows = np.zeros((9, 32, 32, 3), np.uint8)
    rows[:, :, :, 0] = np.arange(9, dtype=np.uint8)[:, None, None] * 20
    assert near_duplicates(rows, 0.98) == {}


def test_a_set_of_which_too_little_is_left_says_what_was_left_out(folder, load, draw):
    for i in range(1, 10):
        draw(0, 48 + i, 48).save(folder / f"{i:02d}.png")
    with pytest.raises(
        PicturesError, match="1 picture can be used, at least 8 are needed; 9 are left out by --drop-near"
    ):
        load(folder, drop_near=0.9)
