import numpy as np
import pytest
from PIL import Image

from ganvas.formats.images import picture_grid
from ganvas.model.weights import save_model
from ganvas.workflows.generate import Generator


@pytest.fixture
def folder(make_model, tmp_path):
    model = make_model()
    save_model(tmp_path / "model", model.description, model.generator)
    return tmp_path / "model"


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_every_seed_has_its_file_and_the_grid_shows_the_first_of_them(folder, tmp_path):
    generator = Generator.read(folder)
    generator.save_pictures(tmp_path / "six", range(3, 9), most_on_grid=4)
    generator.save_pictures(tmp_path / "four", range(3, 7), singles=False)
    names = sorted(path.name for path in (tmp_path / "six").iterdir())
    assert names == [*(f"{seed:06d}.png" for seed in range(3, 9)), "grid.png"]
    assert (tmp_path / "six" / "grid.png").read_bytes() == (tmp_path / "four" / "grid.png").read_bytes()
    first = np.stack([pixels(tmp_path / "six" / f"{seed:06d}.png") for seed in range(3, 7)])
    sheet, grid = picture_grid(first), pixels(tmp_path / "six" / "grid.png")
    scale = grid.shape[0] // sheet.shape[0]
    assert np.array_equal(grid[::scale, ::scale], sheet)
