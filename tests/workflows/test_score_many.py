"""KD and FD in blocks: of models and of pictures, by one process and by several."""

import numpy as np
import pytest
from PIL import Image

import ganvas
from ganvas.errors import SettingError
from ganvas.features import extract, load_extractor
from ganvas.files import cache_folder
from ganvas.metrics import frechet_distance
from ganvas.model.weights import save_model
from ganvas.workflows.score import ScoreOptions
from ganvas.workflows.score_many import score_many


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
