"""Training on shards: every recipe, exact resumption, and what a lost shard leaves in the log."""

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from ganvas.config import LimitSettings, PictureSettings, with_settings
from ganvas.data import load_pictures, open_source
from ganvas.data.shards.pack import pack_pictures
from ganvas.errors import PicturesError
from ganvas.formats.log_events import PicturesLost
from ganvas.ranks import ALONE, Ranks
from ganvas.recipes import RECIPES
from ganvas.workflows.train import batches_of, train

SIDES = {"dcgan28": 28}


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """Six shards of ten pictures, and the folder that they were."""
    numbers = np.random.default_rng(0)
    for index in range(60):
        folder = tmp_path / "pictures" / "ab"[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(numbers.integers(0, 255, (20, 20, 3)).astype(np.uint8)).save(folder / f"{index}.png")
    source = open_source(PictureSettings(source=str(tmp_path / "pictures")))
    pack_pictures(source, tmp_path / "shards", shards=6, shard_bytes=1, progress=None)
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "shards", tmp_path / "pictures"


@pytest.fixture
def go(packed, tmp_path):
    """A function: images to show or limits, settings, recipe -> the events of a run on the shards."""

    def run(limit, *assignments, recipe="swift", out="run"):
        side = SIDES.get(recipe, 16)
        small = [
            f"pictures.source={packed[0]}",
            f"pictures.width={side}",
            f"pictures.height={side}",
            "pictures.sample=20",
            "pictures.shuffle=8",
            "network.width=0.1",
            "training.batch=4",
            "recording.report=false",
            "measuring.share=0",
            "device=cpu",
        ]
        config = with_settings(RECIPES[recipe].config, [*small, *assignments])
        limits = limit if isinstance(limit, LimitSettings) else LimitSettings(images=limit)
        return list(train(config.model_copy(update={"limits": limits}), tmp_path / out))

    return run


def weights(folder):
    return load_file(next((folder / "checkpoint").glob("*.safetensors")))


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_trains_on_shards(recipe, go, tmp_path):
    go(16, recipe=recipe)
    assert (tmp_path / "run" / "model" / "generator.safetensors").exists()


def test_a_run_that_was_stopped_goes_on_bit_for_bit(go, tmp_path):
    go(96, out="whole")
    for images in (40, 72, 96):
        go(images, out="parts")
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    for name, value in whole.items():
        np.testing.assert_array_equal(parts[name], value, err_msg=name)


def test_a_run_that_goes_on_with_another_number_of_processes_shows_the_pictures_of_one_process(packed):
    for source in packed:
        config = with_settings(RECIPES["quick"].config, ["training.batch=12", "pictures.shuffle=8"])
        pictures = load_pictures(PictureSettings(source=str(source), width=16, height=16, shuffle=8, sample=20))
        with batches_of(pictures, config, ALONE) as alone:
            for images, processes in ((0, 1), (12, 2), (36, 3), (60, 4)):
                whole = alone.batch_at(images, 24)
                for rank in range(processes):
                    with batches_of(pictures, config, Ranks(rank, processes)) as stream:
                        part = stream.batch_at(images, 24)
                    for one, all_of_it in (
                        (part.images, whole.images),
                        (part.labels, whole.labels),
                        (part.indices, whole.indices),
                        (part.mirrored, whole.mirrored),
                    ):
                        np.testing.assert_array_equal(one, all_of_it[rank::processes])


def test_classes_are_trained_on(go, tmp_path):
    go(16, "pictures.conditional=true")
    assert '"a"' in (tmp_path / "run" / "model" / "model.json").read_text()


def test_passes_are_counted_over_the_whole_set(go):
    steps = 8  # images a step
    assert go(LimitSettings(epochs=2))[-1].images == -(-2 * 60 // steps) * steps


def test_a_lost_shard_is_told_in_the_log(go, tmp_path):
    (tmp_path / "shards" / "000003.tar").unlink()
    events = go(120, "pictures.most_lost=0.5")
    lost = [event for event in events if isinstance(event, PicturesLost)]
    assert sum(event.pictures for event in lost) == 20
    assert "000003.tar" in (tmp_path / "run" / "log.jsonl").read_text()


def test_too_much_that_is_lost_ends_the_run(go, tmp_path):
    for number in (1, 2, 3):
        (tmp_path / "shards" / f"00000{number}.tar").unlink()
    with pytest.raises(PicturesError, match="can no longer be read, more than 5%"):
        go(120)
