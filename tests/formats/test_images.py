import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganvas.formats.images import PAPER, over_checkerboard, over_white, picture_grid, reduced, save_grid, save_png


def test_every_picture_stands_unchanged_at_its_place_in_reading_order():
    images = np.random.default_rng(0).integers(0, 255, (6, 5, 7, 3), dtype=np.uint8)
    grid = picture_grid(images, columns=3, gutter=2)
    assert grid.shape == (2 * 7 + 2, 3 * 9 + 2, 3)
    for place, image in enumerate(images):
        top, left = 2 + place // 3 * 7, 2 + place % 3 * 9
        assert (grid[top : top + 5, left : left + 7] == image).all()


def test_gutters_and_empty_places_are_paper():
    grid = picture_grid(np.zeros((3, 4, 4, 1), np.uint8), columns=2, gutter=1)
    assert (grid == 0).sum() == 3 * 16
    assert set(np.unique(grid)) == {0, PAPER}


def test_a_saved_grid_shows_transparent_pictures_over_a_checkerboard(tmp_path):
    images = np.zeros((2, 16, 16, 4), np.uint8)
    save_grid(tmp_path / "new" / "grid.png", images, columns=2)
    drawn = np.asarray(Image.open(tmp_path / "new" / "grid.png"))
    scale = drawn.shape[1] // (2 * 18 + 2)
    assert drawn.shape[2] == 3
    corner = drawn[2 * scale : 18 * scale : scale, 2 * scale : 18 * scale : scale]
    assert (corner == over_checkerboard(images)[0]).all()


def test_paper_is_opaque_where_pictures_are_transparent():
    grid = picture_grid(np.zeros((3, 4, 4, 4), np.uint8), columns=2, gutter=1)
    assert (grid[..., 3] == 0).sum() == 3 * 16
    assert (grid[grid[..., 3] == 255] == [PAPER, PAPER, PAPER, 255]).all()


@given(st.integers(4, 150), st.integers(4, 40), st.integers(4, 40))
def test_a_sheet_is_nearly_square_in_pixels_and_has_no_empty_row(count, height, width):
    grid = picture_grid(np.zeros((count, height, width, 1), np.uint8), gutter=0)
    columns, rows = grid.shape[1] // width, grid.shape[0] // height
    assert (rows - 1) * columns < count <= rows * columns
    if max(height, width) < 2 * min(height, width):
        assert 0.3 < grid.shape[0] / grid.shape[1] < 3


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (4, 2), (9, 3), (16, 4), (64, 8)])
def test_square_pictures_make_square_sheets(count, columns):
    assert picture_grid(np.zeros((count, 8, 8, 3), np.uint8), gutter=0).shape[1] == 8 * columns


def test_wide_pictures_are_stacked_higher_than_broad():
    assert picture_grid(np.zeros((8, 10, 20, 3), np.uint8), gutter=0).shape[:2] == (40, 40)


@pytest.mark.parametrize(
    "images", [np.zeros((2, 4, 4, 3), np.float32), np.zeros((4, 4, 3), np.uint8), np.zeros((0, 4, 4, 3), np.uint8)]
)
def test_other_arrays_are_refused(images):
    with pytest.raises(ValueError, match="uint8"):
        picture_grid(images)


def test_opaque_pictures_hide_the_checkerboard_and_clear_ones_show_it():
    images = np.full((1, 16, 16, 4), 200, np.uint8)
    images[..., 3] = 255
    assert (over_checkerboard(images) == 200).all()
    images[..., 3] = 0
    board = over_checkerboard(images)
    assert len(np.unique(board)) == 2
    assert (board[0, 0, 0] != board[0, 0, 8]).all()


@pytest.mark.parametrize("shape", [(9, 11), (9, 11, 1), (9, 11, 3), (9, 11, 4)])
def test_a_saved_picture_is_read_back_exactly_with_every_pixel_a_square(tmp_path, shape):
    picture = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    save_png(tmp_path / "new" / "one.png", picture, scale=3)
    with Image.open(tmp_path / "new" / "one.png") as opened:
        read = np.asarray(opened)
    assert read.shape[:2] == (27, 33)
    assert (read[1::3, 1::3].reshape(shape) == picture).all()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["one.png"]


def test_small_sheets_are_enlarged_and_large_ones_are_not(tmp_path):
    for side, saved in ((28, 700), (122, 610), (800, 800)):
        save_png(tmp_path / "one.png", np.zeros((side, side), np.uint8))
        with Image.open(tmp_path / "one.png") as opened:
            assert opened.size == (saved, saved)


@pytest.mark.parametrize(("mode", "laid"), [("LA", "L"), ("RGBA", "RGB")])
def test_over_white_what_is_clear_is_white_and_what_is_opaque_stays(mode, laid):
    clear, opaque, half = (Image.new(mode, (2, 2), (100,) * (len(mode) - 1) + (alpha,)) for alpha in (0, 255, 128))
    assert over_white(clear).mode == laid
    assert set(np.unique(over_white(clear))) == {255}
    assert set(np.unique(over_white(opaque))) == {100}
    assert set(np.unique(over_white(half))) == {round(255 - 155 * 128 / 255)}


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_picture_without_transparency_is_not_touched(mode):
    picture = Image.new(mode, (2, 2))
    assert over_white(picture) is picture


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_large_pictures_are_made_smaller_in_their_shape_and_others_left(channels):
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 512, channels), np.uint8)
    images[:, :, :256, :3], images[:, :, 256:, :3], images[..., 3:] = 40, 200, 255
    small = reduced(images)
    assert small.shape == (2, 48, 256, channels)
    assert small.dtype == np.uint8
    assert (small[:, :, :120, :3] == 40).all()
    assert (small[:, :, 136:, :3] == 200).all()
    assert reduced(small) is small


def test_hidden_colours_do_not_bleed_into_a_smaller_picture():
    images = np.zeros((1, 8, 8, 4), np.uint8)
    images[:, :, :4] = 255, 0, 0, 0  # red that is not seen
    images[:, :, 4:] = 0, 0, 255, 255
    small = reduced(images, 4)
    assert (small[..., 0][small[..., 3] > 0] == 0).all()


def test_a_sliver_keeps_a_pixel():
    assert reduced(np.zeros((1, 2, 600, 3), np.uint8), 100).shape == (1, 1, 100, 3)
