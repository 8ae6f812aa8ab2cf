"""KD and FD in blocks: of models and of pictures, by one process and by several."""

import shutil

import numpy as np
import pytest
from PIL import Image

import ganvas
from ganvas.config import PictureSettings
from ganvas.data import load_pictures
from ganvas.errors import SettingError
from ganvas.features import extract, load_extractor
from ganvas.files import cache_folder
from ganvas.metrics import frechet_distance
from ganvas.model.weights import save_model
from ganvas.workflows.score import ScoreOptions
from ganvas.workflows.score_many import _Pictures, score_many


def write(folder, count, seed, size=16):
    folder.mkdir()
    numbers = np.random.default_rng(seed)
    for index in range(count):
        coarse = numbers.integers(0, 256, (4, 4, 3)).astype(np.uint8)
        Image.fromarray(coarse).resize((size, size)).save(folder / f"{index}.png")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A cache of its own, 24 real pictures and 40 others."""
    folder = tmp_path_factory.mktemp("many")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANVAS_CACHE", str(folder / "cache"))
        write(folder / "real", 24, seed=0)
        write(folder / "made", 40, seed=1)
        yield folder


def measured(subject, place, count=40, **options):
    real = str(place / "real")
    return score_many(ScoreOptions(subject, real, count=count, extractor="lite"), block=10, **options)


def features(folder):
    pictures = [np.asarray(Image.open(path)) for path in sorted(folder.iterdir())]
    extractor = load_extractor("lite", (16, 16), cache_folder() / "downloads")
    return extract(extractor, np.stack(pictures))


def test_fd_of_blocks_is_that_of_all_pictures_at_once(place):
    found = measured(place / "made", place)
    assert (found.count, found.real_count, found.blocks) == (40, 24, 4)
    assert found.frechet_distance == pytest.approx(
        frechet_distance(features(place / "real"), features(place / "made")), rel=1e-3
    )


def test_pictures_of_the_set_itself_are_no_further_than_its_halves(place):
    found = measured(place / "real", place, count=24)
    assert found.frechet_distance == pytest.approx(0, abs=0.05)
    assert found.kernel_distance.value < found.floor.high


@pytest.mark.parametrize("kind", ["model", "pictures"])
def test_several_processes_find_what_one_does(kind, place, make_model, tmp_path):
    subject = place / "made"
    if kind == "model":
        model = make_model()
        save_model(tmp_path / "model", model.description, model.generator)
        subject = tmp_path / "model"
        real = write(tmp_path / "real", 24, seed=0, size=model.description.width)
        one, two = (
            score_many(ScoreOptions(subject, str(real), count=40, extractor="lite"), block=10, processes=count)
            for count in (1, 2)
        )
    else:
        one, two = measured(subject, place), measured(subject, place, processes=2)
    assert two.kernel_distance.value == pytest.approx(one.kernel_distance.value, rel=1e-4)
    assert two.frechet_distance == pytest.approx(one.frechet_distance, rel=1e-4)
    assert (two.count, two.blocks) == (one.count, one.blocks)


@pytest.fixture
def shards(place, tmp_path):
    """The real pictures in four shards."""
    ganvas.pack(place / "real", tmp_path / "shards", shards=4, progress=False)
    return tmp_path / "shards"


def test_of_shards_every_picture_is_seen_once_and_not_their_sample_alone(place, shards):
    settings = PictureSettings(source=str(shards), width=16, height=16, sample=8, shuffle=7)
    side = _Pictures(load_pictures(settings), 100, 10)
    shown = np.concatenate([side.block(number)[0] for number in range(len(side.parts))])
    side.close()
    assert side.count == 24
    wanted = [np.asarray(Image.open(path)) for path in (place / "real").iterdir()]
    assert sorted(map(bytes, shown)) == sorted(map(bytes, wanted))


@pytest.mark.parametrize("processes", [1, 2])
def test_shards_are_scored_as_the_pictures_in_them(place, shards, processes):
    options = ScoreOptions(place / "made", str(shards), count=40, extractor="lite")
    found = score_many(options, block=10, processes=processes)
    assert (found.count, found.real_count, found.notes) == (40, 24, ())
    assert found.frechet_distance == pytest.approx(measured(place / "made", place).frechet_distance, rel=1e-3)


def test_of_shards_as_many_are_seen_as_are_scored(place, shards):
    found = score_many(ScoreOptions(shards, str(shards), count=20, extractor="lite"), block=10)
    assert (found.count, found.real_count) == (20, 20)


def test_what_cannot_be_read_is_not_counted_and_told(place, shards, tmp_path):
    shard = shards / "000001.tar"
    shard.write_bytes(shard.read_bytes().replace(b"IDAT", b"XXXX", 1))
    (shards / "index.json").unlink()
    found = score_many(ScoreOptions(place / "made", str(shards), count=40, extractor="lite"), block=10)
    assert found.real_count == 23
    assert "1 picture of the real pictures could not be read: 000001.tar/" in str(found)
    shutil.copytree(place / "made", tmp_path / "made")
    (tmp_path / "made" / "broken.png").write_bytes(b"no picture")
    assert "broken.png" in str(measured(tmp_path / "made", place))


def test_it_says_what_it_found_and_on_what(place):
    found = measured(place / "made", place)
    said = str(found)
    assert "40 pictures against 24" in said
    assert f"{found.kernel_distance.value:.4g}" in said
    assert "4 blocks" in said
    assert found.to_dict()["kernel_distance"]["value"] == found.kernel_distance.value


def test_features_with_too_many_numbers_for_a_covariance_have_a_kd_alone(place):
    found = score_many(ScoreOptions(place / "made", str(place / "real"), count=20), block=10)
    assert found.frechet_distance is None
    assert found.kernel_distance.error > 0
    assert "FD is left out" in str(found)


def test_too_few_for_two_blocks_are_refused(place):
    with pytest.raises(SettingError, match="two blocks of 1,000"):
        ganvas.score_many(place / "made", place / "real")
    with pytest.raises(SettingError, match="--processes 0"):
        measured(place / "made", place, processes=0)
