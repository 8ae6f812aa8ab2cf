"""Runs that begin with the weights of another: `ganvas train --start`."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import ganvas
from ganvas.config import from_toml
from ganvas.errors import GanvasError, SettingError

SMALL = {"training.batch": 4, "recording.report": False, "measuring.share": 0.0, "recording.save_seconds": 0.0}
RECIPES = {"swift": {}, "dcgan": {"network.width": 0.1}, "vaegan": {"network.width": 0.1}}
SHOWN = 32  # images, by a parent


def draw(folder, seed=0):
    """12 pictures in two classes."""
    numbers = np.random.default_rng(seed)
    for at in range(12):
        place = folder / ("left" if at % 2 else "right")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(numbers.integers(0, 255, (16, 16, 3)).astype(np.uint8)).save(place / f"{at}.png")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with pictures, and a cache of its own for the whole module."""
    folder = tmp_path_factory.mktemp("starting")
    draw(folder / "pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANVAS_CACHE", str(folder / "cache"))
        yield folder


@pytest.fixture(scope="module")
def trained(place):
    """A function: the run folder, images to show and options -> that folder."""

    def go(out, images=SHOWN, *, source=None, recipe="swift", settings=(), **options):
        given = {"blind": recipe == "swift", "device": "cpu", "progress": False} | options
        changes = SMALL | RECIPES.get(recipe, {}) | dict(settings)
        pictures = place / "pictures" if source is None else source
        ganvas.train(pictures, recipe=recipe, size=16, images=images, out=out, settings=changes, **given)
        return out

    return go


@pytest.fixture
def train(trained, tmp_path):
    """The same with the name of a run of this test alone."""
    return lambda name, *images, **options: trained(tmp_path / name, *images, **options)


@pytest.fixture
def parent(trained, place, tmp_path):
    """A function: a recipe -> a run of it that a test may change."""

    def copied(recipe="swift"):
        once = place / recipe
        if not once.exists():
            trained(once, recipe=recipe)
        return shutil.copytree(once, tmp_path / "parent")

    return copied


def networks(run):
    (saved,) = (run / "checkpoint").glob("state-*.safetensors")
    return {name: tensor for name, tensor in load_file(saved).items() if not name.startswith("optimizer.")}


def first_sheet(run):
    return (run / "samples" / "000000000.png").read_bytes()


def last_sheet(run):
    return (run / "samples" / f"{SHOWN:09d}.png").read_bytes()


def assert_same(one, other):
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_fork_of_the_last_state_first_draws_what_its_parent_drew_last(recipe, train, parent):
    begun = parent(recipe)
    child = train("child", 4, recipe=recipe, start=begun)
    assert first_sheet(child) == last_sheet(begun)
    assert from_toml(child / "run.toml").config.start.model == str(begun)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_fork_of_a_moment_first_draws_what_its_parent_drew_then(recipe, train, parent):
    begun = parent(recipe)
    child = train("child", 4, recipe=recipe, start=begun, start_at=8)
    then, first = ganvas.load(begun, at=8), ganvas.load(child, at=0)
    assert (then.draw(seeds=range(4)) == first.draw(seeds=range(4))).all()
    assert not (ganvas.load(begun, at=SHOWN).draw(seeds=range(4)) == first.draw(seeds=range(4))).all()


def test_a_fork_of_the_best_moment_has_its_weights_whole(train, parent):
    """Kept moments are at half precision; the model that is shipped is not."""
    begun = parent()
    shutil.rmtree(begun / "checkpoint")
    assert first_sheet(train("child", 4, start=begun, start_at=SHOWN)) == last_sheet(begun)


def test_a_model_alone_will_do(train, parent, tmp_path):
    begun = parent()
    shutil.copytree(begun / "model", tmp_path / "model")
    assert first_sheet(train("child", 4, start=tmp_path / "model")) == last_sheet(begun)


def test_a_generator_is_begun_with_as_it_was_loaded(train, parent):
    child = train("child", 4, start=ganvas.load(parent(), at=8))
    assert from_toml(child / "run.toml").config.start.at == 8


@pytest.mark.parametrize(("average", "then"), [(16, 0), (0, 16)])
def test_what_is_shown_first_is_the_average_wherever_there_was_one(average, then, train):
    begun = train("begun", settings={"training.average_half_life_images": average})
    child = train("child", 4, settings={"training.average_half_life_images": then}, start=begun)
    assert first_sheet(child) == last_sheet(begun)


def test_the_discriminator_comes_with_the_last_state_and_with_no_other(train, parent):
    begun = parent()
    own, forked, earlier = (
        networks(train(name, 4, settings={"optimizer.discriminator_rate": 1e-30}, **options))
        for name, options in (("own", {}), ("forked", {"start": begun}), ("earlier", {"start": begun, "start_at": 8}))
    )
    heads = [name for name in own if name.startswith("discriminator.") and "head" in name and name.endswith("weight")]
    assert heads
    for name in heads:
        torch.testing.assert_close(forked[name], networks(begun)[name])
        torch.testing.assert_close(earlier[name], own[name])
    assert any(not torch.equal(own[name], forked[name]) for name in heads)


def test_what_a_discriminator_computed_of_other_pictures_is_computed_anew(train, tmp_path):
    begun = train("begun", 4, blind=False)
    other = draw(tmp_path / "others", seed=1)
    own = networks(train("own", 4, source=other, blind=False))
    forked = networks(train("forked", 4, source=other, start=begun, blind=False))
    of_the_set = [name for name in own if name.startswith("discriminator.") and ".mean" in name]
    assert of_the_set
    for name in of_the_set:
        torch.testing.assert_close(forked[name], own[name])
        assert not torch.equal(forked[name], networks(begun)[name])


@pytest.mark.parametrize("start_at", [None, 8])
def test_a_fork_that_stops_and_goes_on_is_the_fork_that_did_not(start_at, train, parent):
    begun = parent()
    whole = train("whole", 48, start=begun, start_at=start_at)
    parts = train("parts", 24, start=begun, start_at=start_at)
    shutil.rmtree(begun)  # which is not needed any more
    ganvas.resume(parts, images=48, progress=False)
    assert_same(networks(parts), networks(whole))


def test_a_fork_is_repeated_exactly(train, parent, tmp_path):
    fork = train("fork", start=parent())
    ganvas.train(config=fork / "run.toml", out=tmp_path / "again", progress=False)
    assert_same(networks(tmp_path / "again"), networks(fork))


def test_a_fork_of_what_has_changed_since_is_not_taken_for_a_repeat(train, parent, tmp_path):
    begun = parent()
    fork = train("fork", 4, start=begun)
    ganvas.resume(begun, images=40, progress=False)
    with pytest.raises(SettingError, match="others by now"):
        ganvas.train(config=fork / "run.toml", out=tmp_path / "again", progress=False)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"recipe": "dcgan"}, r"architecture cascade-narrow-blind, this run would have dcgan; give --recipe swift"),
        ({"blind": False}, r"would have cascade-narrow; set network\.architecture=cascade-narrow-blind"),
        ({"settings": {"network.z_dim": 8}}, r"network\.z_dim 64, this run would have 8; set network\.z_dim=64"),
        ({"settings": {"pictures.width": 20}}, "size 16x16, this run would have 20x16; give --size 16x16"),
        ({"settings": {"network.width": 0.5}}, r"network\.width 1\.0, this run would have 0\.5; give --width 1"),
        ({"settings": {"network.z_distribution": "uniform"}}, "network.z_distribution normal"),
        ({"settings": {"pictures.channels": "grey"}}, r"channels 3, this run would have 1; set pictures\.channels=rgb"),
        ({"conditional": True}, "classes 0, this run would have 2; leave --conditional out"),
    ],
)
def test_networks_of_other_shapes_are_refused_with_the_reason(options, reason, train, parent):
    with pytest.raises(SettingError, match=reason):
        train("child", start=parent(), **options)


def test_a_start_that_is_not_there_says_so(train, tmp_path):
    with pytest.raises(GanvasError, match=r"model\.json is missing"):
        train("child", start=tmp_path / "nowhere")
    with pytest.raises(SettingError, match="give it with --start"):
        train("child", start_at=8)


def test_a_width_that_is_planned_is_that_of_the_start(train):
    begun = train("begun", 16, settings={"network.wide_from_images": 8})
    assert from_toml(begun / "run.toml").plan.width == 1.5
    child = train("child", 4, start=begun)
    found = from_toml(child / "run.toml")
    assert (found.config.network.width, found.plan.width) == ("planned", 1.5)
