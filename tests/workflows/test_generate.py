import numpy as np
import pytest
from PIL import Image

from ganvas.formats.images import picture_grid
from ganvas.model.weights import save_model
from ganvas.workflows import generate
from ganvas.workflows.generate import DrawOptions, draw_pictures


@pytest.fixture
def folder(make_model, tmp_path):
    model = make_model()
    save_model(tmp_path / "model", model.description, model.generator)
    return tmp_path / "model"


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_every_seed_has_its_file_and_the_grid_shows_the_first_of_them(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "MOST_ON_GRID", 4)
    draw_pictures(folder, DrawOptions(6, 3, 1.0, None, None, singles=True), tmp_path / "six")
    draw_pictures(folder, DrawOptions(4, 3, 1.0, None, None, singles=False), tmp_path / "four")
    names = sorted(path.name for path in (tmp_path / "six").iterdir())
    assert names == [*(f"{seed:06d}.png" for seed in range(3, 9)), "grid.png"]
    assert (tmp_path / "six" / "grid.png").read_bytes() == (tmp_path / "four" / "grid.png").read_bytes()
    first = np.stack([pixels(tmp_path / "six" / f"{seed:06d}.png") for seed in range(3, 7)])
    sheet, grid = picture_grid(first), pixels(tmp_path / "six" / "grid.png")
    scale = grid.shape[0] // sheet.shape[0]
    assert np.array_equal(grid[::scale, ::scale], sheet)
