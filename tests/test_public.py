"""The public API, as a notebook user would guess it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganvas
from ganvas.formats.log_events import Assessed, Ended
from ganvas.run.events import Drawn, Finished, Looked, Planned, Stepped

TINY = {"images": 64, "size": 16, "width": 0.1, "recipe": "quick", "settings": {"recording.report": False}}


@pytest.fixture(scope="module")
def pictures():
    """(40, 20, 20, 3) uint8 of coarse patterns."""
    coarse = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 3)).astype(np.uint8)
    return coarse.repeat(5, axis=1).repeat(5, axis=2)


@pytest.fixture(scope="module")
def place(pictures, tmp_path_factory):
    """A folder with the pictures as files, and a cache of its own for the whole module."""
    folder = tmp_path_factory.mktemp("api")
    (folder / "my-pictures").mkdir()
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / "my-pictures" / f"{index}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANVAS_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def run(place):
    return ganvas.train("my-pictures", progress=False, **TINY)


@pytest.fixture(scope="module")
def generator(run):
    return ganvas.load(run)


def test_all_names_are_there_and_documented():
    assert set(ganvas.__all__) <= set(dir(ganvas))
    for name in ganvas.__all__:
        assert getattr(ganvas, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = ganvas.trian


def test_importing_it_imports_nothing_heavy():
    code = "import sys, ganvas; print(sorted({n.split('.')[0] for n in sys.modules} & {'torch', 'numpy', 'pydantic'}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_a_run_says_what_it_is_and_what_came_of_it(run, place):
    assert run.path == Path("runs/my-pictures-quick")
    assert os.fspath(run) == "runs/my-pictures-quick"
    assert (run.images, run.interrupted) == (64, False)
    assert run.config.network.width == run.plan.width == 0.1
    assert run.log.numbers[-1]["images"] == 64
    assert isinstance(run.log.events[-1], Ended)
    assert "64 images in" in str(run)
    assert "64 images" in str(ganvas.Run("runs/my-pictures-quick"))
    assert repr(run) == "Run('runs/my-pictures-quick')"
    assert "data:image/png;base64," in run._repr_html_()


def test_a_folder_without_a_run_is_no_run(tmp_path):
    with pytest.raises(ganvas.SettingError, match="there is no run in this folder"):
        ganvas.Run(tmp_path)


def test_a_run_whose_log_lost_its_seconds_has_shown_its_images(tmp_path):
    (tmp_path / "run.toml").write_text("")
    (tmp_path / "log.jsonl").write_text('{"images": 64, "seconds": 2.5}\n{"images": 96, "loss": 1}\n')
    run = ganvas.Run(tmp_path)
    assert (run.images, run.seconds) == (96, 2.5)


def test_a_run_goes_on(place):
    begun = ganvas.train("my-pictures", out="runs/longer", progress=False, **TINY)
    longer = ganvas.resume(begun, images=96, progress=False)
    assert (longer.path, longer.images) == (begun.path, 96)
    again = ganvas.resume("runs/longer", images="0.096k", progress=False)
    assert again.images == 96


def test_whoever_builds_on_it_gets_events(place):
    events = list(ganvas.train("my-pictures", out="runs/events", events=True, **TINY))
    kinds = [type(event) for event in events]
    assert (kinds[0], kinds[1], kinds[-1]) == (Looked, Planned, Finished)
    assert {Drawn, Stepped} <= set(kinds)
    assert events[-1].root == Path("runs/events")


def test_seeds_and_latents_draw_the_same_pictures(generator):
    drawn = generator.draw(seeds=range(4))
    assert (drawn.shape, drawn.dtype) == ((4, 16, 16, 3), np.uint8)
    z = generator.latents(range(4))
    assert np.array_equal(generator.draw(z), drawn)
    assert np.array_equal(generator.draw(z[2]), drawn[2:3])
    assert np.array_equal(generator.draw(z.tolist()), drawn)
    assert drawn.grid().size[0] > 2 * 16
    with pytest.raises(ValueError, match="expected"):
        generator.draw(np.zeros((2, 3)))
    with pytest.raises(ganvas.SettingError, match="seeds"):
        generator.draw(seeds=[2**64])


def test_a_direction_can_be_walked_along(generator):
    direction = generator.directions[0]
    z = generator.latents(range(2))
    assert not np.array_equal(generator.draw(z + 3 * direction.vector), generator.draw(z))


def test_a_model_is_loaded_from_wherever_it_lies(run, generator, place):
    for model in (run, str(run.path), run.path, run.path / "model", generator):
        assert np.array_equal(ganvas.load(model).draw(seeds=[5]), generator.draw(seeds=[5]))
    first = ganvas.load(run, at=0)
    assert first.description.images == 0
    with pytest.raises(ganvas.ModelError):
        ganvas.load("no-such-run")


def test_a_card_has_fields_and_prints_itself(generator, place):
    card = ganvas.score(generator, against="my-pictures", count=8)
    assert isinstance(card, ganvas.Card)
    assert card.model.kernel_distance.value == card.to_dict()["model"]["kernel_distance"]["value"]
    assert "precision" in str(card)


def test_pictures_of_any_generator_are_scored(generator, place):
    card = ganvas.score(generator.draw(seeds=range(20)), "my-pictures", count=8, size=16)
    assert card.protocol.sample_count == 8


def test_runs_are_compared_and_a_model_is_exported_and_published(run, place):
    assert ganvas.compare([run, run.path]).read_text(encoding="utf-8").startswith("<!doctype html>")
    exported = ganvas.export(run, scored=False, title="Patterns")
    assert exported.out == run.path / "exported"
    with pytest.raises(ganvas.SettingError, match="webgpu"):
        ganvas.publish(run, "server", "site", webgpu=True)


class Labelled(torch.utils.data.Dataset):
    """A PyTorch Dataset of (C, H, W) in [0, 1] with labels."""

    def __init__(self, pictures):
        self.pictures = pictures

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, index):
        return torch.from_numpy(self.pictures[index]).permute(2, 0, 1) / 255, index % 2


def sources(pictures, folder):
    return {
        "a folder": str(folder / "my-pictures"),
        "a path": folder / "my-pictures",
        "an array": pictures,
        "paths": [folder / "my-pictures" / f"{index}.png" for index in range(len(pictures))],
        "PIL images": [Image.fromarray(picture) for picture in pictures],
        "arrays": list(pictures),
        "a Dataset": Labelled(pictures),
    }


def shown(found):
    """The pictures of a set, in an order of their own."""
    return sorted(picture.tobytes() for picture in np.asarray(found.images))


@pytest.mark.parametrize("kind", ["a path", "an array", "paths", "PIL images", "arrays", "a Dataset"])
def test_every_kind_of_source_is_the_same_pictures(kind, pictures, place):
    every = sources(pictures, place)
    found, again = (ganvas.look(every[kind], size=16, progress=False) for _ in range(2))
    assert shown(found) == shown(ganvas.look(every["a folder"], size=16, progress=False))
    assert found.key == again.key


def test_labels_of_a_dataset_are_classes(pictures, place):
    found = ganvas.look(Labelled(pictures), size=16, conditional=True, progress=False)
    assert found.classes == ("0", "1")
    assert np.bincount(found.labels).tolist() == [20, 20]


def test_a_run_on_pictures_handed_over_goes_on(pictures, place):
    begun = ganvas.train(pictures, progress=False, **TINY)
    again = ganvas.train(pictures, progress=False, **{**TINY, "images": 96})
    assert begun.path == again.path
    assert again.images == 96


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (3, "int"),
        (np.zeros((4, 8, 8, 3)), "float64"),
        (np.zeros((4, 8), np.uint8), "uint8"),
        (["no-such-file.png"] * 4, "no-such-file"),
        ([torch.zeros(3, 8, 8) + 2], r"expected \[0, 1\]"),
        ([object()], "no picture"),
        ([(np.zeros((8, 8), np.uint8), 1, 2)], "a tuple of 3"),
    ],
)
def test_what_is_no_source_is_named(wrong, told, place):
    with pytest.raises(ganvas.SettingError, match=told):
        ganvas.look(wrong, progress=False)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"time": "ten"}, "expected something like"),
        ({"time": -1}, "expected something like"),
        ({"size": 17}, "pictures.width"),
        ({"settings": {"optimizer.bet1": 0.5}}, "bet1"),
        ({"settings": {"magic.word": 0.5}}, "magic"),
        ({"recipe": "none"}, "no recipe"),
        ({"per_class": 2.0}, "share"),
    ],
)
def test_a_wrong_option_is_named(options, told, place):
    with pytest.raises(ganvas.SettingError, match=told):
        ganvas.train("my-pictures", progress=False, **options)


def test_settings_may_be_values_or_text(place):
    for settings in ({"optimizer.beta1": 0.25}, ["optimizer.beta1=0.25"]):
        events = ganvas.train("my-pictures", images=32, size=16, settings=settings, events=True, out="runs/settings")
        planned = next(event for event in events if isinstance(event, Planned))
        assert planned.config.optimizer.beta1 == 0.25
        events.close()


def test_the_verdict_is_a_value(run):
    assert run.verdict is None or isinstance(run.verdict, Assessed)


def test_a_run_is_not_written_among_its_pictures(place):
    for out in ("my-pictures", "my-pictures/run"):
        with pytest.raises(ganvas.SettingError, match="among your pictures"):
            ganvas.train("my-pictures", out=out, progress=False, **TINY)


def test_labels_that_are_tensors_are_named_by_their_number(pictures, place):
    labelled = [(picture, torch.tensor(index % 2)) for index, picture in enumerate(pictures)]
    assert ganvas.look(labelled, size=16, conditional=True, progress=False).classes == ("0", "1")
    with pytest.raises(ganvas.SettingError, match="a label of 2 numbers"):
        ganvas.look([(pictures[0], torch.tensor([0, 1]))], progress=False)


def test_pictures_of_any_mode_are_taken(pictures, place):
    modes = ("CMYK", "L", "HSV", "RGBA")
    images = [Image.fromarray(picture).convert(mode) for picture in pictures[:4] for mode in modes]
    found = ganvas.look(images, size=16, progress=False)
    assert len(found.images) + len(found.report.duplicates) == 16
    assert found.report.broken == ()


def test_numbers_of_numpy_are_numbers(run, generator, place):
    assert ganvas.load(run, at=np.int64(0)).at == 0
    assert np.array_equal(generator.draw(seeds=np.arange(2)), generator.draw(seeds=(seed for seed in (0, 1))))


@pytest.mark.parametrize("seeds", [[], [-1], [2**64], range(2**64 - 1, 2**64 + 1)])
def test_seeds_out_of_range_are_named(seeds, generator):
    with pytest.raises(ganvas.SettingError, match="seeds"):
        generator.draw(seeds=seeds)


@pytest.mark.parametrize(
    "wrong", [{"seeds": [1.5]}, {"seeds": ["7"]}, {"z": np.full((1, 100), np.nan)}, {"z": np.zeros((0, 100))}]
)
def test_what_is_no_seed_or_latent_is_a_wrong_call(wrong, generator):
    with pytest.raises(ValueError, match=r"seeds|latents"):
        generator.draw(**wrong)


def test_the_rest_of_what_a_newcomer_got_wrong_is_one_line(run, generator, place):
    with pytest.raises(ganvas.SettingError, match="at least two runs"):
        ganvas.compare([run])
    with pytest.raises(ganvas.SettingError, match="4 or more"):
        ganvas.score(generator, "my-pictures", count=0)
    with pytest.raises(ganvas.SettingError, match=r"network\.width = -1.*greater than 0"):
        ganvas.train("my-pictures", progress=False, **{**TINY, "width": -1})
    with pytest.raises(ganvas.SettingError, match="cannot be written"):
        ganvas.train("my-pictures", out="x" * 300, progress=False, **TINY)
    assert ganvas.load(generator, at=0).description.images == 0
    assert ganvas.load(run, at="last").at == 64
