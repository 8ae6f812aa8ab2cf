"""The real pictures' features: computed once, extended, made again where the file is damaged, in one fixed order."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ganvas.features.extractor import Extractor, extract
from ganvas.formats.images import reduced
from ganvas.metrics.reference import (
    MOST_REFERENCE,
    Sample,
    reference_features,
    reference_order,
    reference_sample,
    taken,
)


class Corners(nn.Module):
    """(B, 3, S, S) -> (B, 6): the first and the last pixel; counts the pictures it has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, images: Tensor) -> Tensor:
        self.seen += len(images)
        return torch.cat([images[:, :, 0, 0], images[:, :, 0, -1]], dim=1)


@pytest.fixture
def extractor() -> Extractor:
    return Extractor("corners", "Corners", Corners(), size_px=16, has_unit_length=False, sha256="0" * 64)


@pytest.fixture
def pictures() -> SimpleNamespace:
    """What is used of a PictureSet: forty pictures and a key."""
    images = np.random.default_rng(1).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    return SimpleNamespace(images=images, key="pictures")


def corners(images: np.ndarray) -> Tensor:
    """What the extractor makes of pictures, without it."""
    return torch.from_numpy(np.concatenate([images[:, 0, 0], images[:, 0, -1]], axis=1)).float() / 127.5 - 1


def kept_file(cache: Path) -> Path:
    (path,) = (cache / "features").iterdir()
    return path


def is_right(sample: Sample) -> bool:
    return torch.allclose(sample.features, corners(sample.images), atol=1e-6)


def test_the_order_is_a_shuffle_that_never_changes():
    order = reference_order(1000)
    assert sorted(order) == list(range(1000))
    assert reference_order(10).tolist() == [9, 5, 1, 8, 7, 6, 2, 0, 4, 3]
    assert np.array_equal(order, reference_order(1000))
    assert abs(np.corrcoef(order, np.arange(1000))[0, 1]) < 0.1


def test_no_more_than_5000_pictures_are_used():
    order = reference_order(7000)
    assert len(set(order)) == MOST_REFERENCE == 5000
    assert order.max() > 6000


def test_a_sample_is_the_beginning_of_the_order_with_its_features(pictures, extractor, tmp_path):
    sample = reference_sample(pictures, extractor, 12, tmp_path)
    assert np.array_equal(sample.images, pictures.images[reference_order(40)[:12]])
    assert len(sample) == 12
    assert is_right(sample)
    assert len(reference_sample(pictures, extractor, 999, tmp_path)) == 40


@pytest.mark.parametrize("again", [1, 5, 12])
def test_features_are_computed_once_for_as_many_or_fewer(again, pictures, extractor, tmp_path):
    first = reference_sample(pictures, extractor, 12, tmp_path)
    second = reference_sample(pictures, extractor, again, tmp_path)
    assert extractor.network.seen == 12
    assert torch.equal(second.features, first.features[:again])
    assert len(load_file(kept_file(tmp_path))["features"]) == 12


def test_more_pictures_extend_what_is_kept(pictures, extractor, tmp_path):
    first = reference_sample(pictures, extractor, 12, tmp_path)
    more = reference_sample(pictures, extractor, 30, tmp_path)
    assert extractor.network.seen == 30
    assert torch.equal(more.features[:12], first.features)
    assert is_right(more)
    assert len(load_file(kept_file(tmp_path))["features"]) == 30


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("not features")


def other_names(path: Path) -> None:
    save_file({"something": torch.zeros(12, 6)}, path)


def a_row(path: Path) -> None:
    save_file({"features": torch.zeros(12)}, path)


def not_numbers(path: Path) -> None:
    save_file({"features": torch.full((12, 6), float("nan"))}, path)


def too_many(path: Path) -> None:
    save_file({"features": torch.zeros(72, 1)}, path)


def whole_numbers(path: Path) -> None:
    save_file({"features": torch.zeros((12, 6), dtype=torch.int64)}, path)


@pytest.mark.parametrize("count", [8, 30])
@pytest.mark.parametrize("damage", [cut, empty, text, other_names, a_row, not_numbers, too_many, whole_numbers])
def test_a_damaged_file_is_made_again(damage, count, pictures, extractor, tmp_path):
    reference_sample(pictures, extractor, 12, tmp_path)
    damage(kept_file(tmp_path))
    assert is_right(reference_sample(pictures, extractor, count, tmp_path))
    assert extractor.network.seen == 12 + count
    reference_sample(pictures, extractor, count, tmp_path)
    assert extractor.network.seen == 12 + count


def test_features_of_another_length_are_not_extended(pictures, extractor, tmp_path):
    reference_sample(pictures, extractor, 12, tmp_path)
    save_file({"features": torch.zeros(6, 12)}, kept_file(tmp_path))
    assert is_right(reference_sample(pictures, extractor, 8, tmp_path))


def test_mirrored_pictures_are_turned_left_to_right_and_kept_apart(pictures, extractor, tmp_path):
    upright = reference_sample(pictures, extractor, 12, tmp_path)
    mirrored = reference_features(pictures, extractor, 12, tmp_path, mirrored=True)
    assert torch.equal(mirrored, upright.features[:, [3, 4, 5, 0, 1, 2]])
    assert len(list((tmp_path / "features").iterdir())) == 2
    assert is_right(reference_sample(pictures, extractor, 12, tmp_path))


def test_other_pictures_and_other_extractors_have_files_of_their_own(pictures, extractor, tmp_path):
    reference_sample(pictures, extractor, 12, tmp_path)
    others = SimpleNamespace(images=pictures.images[::-1], key="others")
    assert is_right(reference_sample(others, extractor, 12, tmp_path))
    reference_sample(pictures, replace(extractor, sha256="1" * 64), 12, tmp_path)
    assert len(list((tmp_path / "features").iterdir())) == 3


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(pictures, extractor, tmp_path):
    (tmp_path / "features").write_text("a file where the folder would be")
    for _ in range(2):
        assert is_right(reference_sample(pictures, extractor, 12, tmp_path))
    assert extractor.network.seen == 24


def test_a_part_of_a_sample_has_its_pictures_and_features(pictures, extractor, tmp_path):
    part = reference_sample(pictures, extractor, 12, tmp_path)[3:7]
    assert len(part) == 4
    assert is_right(part)


def test_large_pictures_are_scored_made_smaller_whichever_way_they_come(extractor, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (9, 512, 384, 3), np.uint8)
    pictures = SimpleNamespace(images=images, key="large")
    order = reference_order(9)[:5]
    assert np.array_equal(taken(pictures, order), reduced(images[order]))
    sample = reference_sample(pictures, extractor, 5, tmp_path)
    assert np.array_equal(sample.images, reduced(images[order]))
    assert torch.equal(sample.features, extract(extractor, reduced(images[order])))
