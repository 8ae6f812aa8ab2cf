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


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def pictures(tmp_path):
    """A function: a name and a seed -> a folder of 12 pictures, in two classes."""

    def draw(name="pictures", seed=0):
        numbers = np.random.default_rng(seed)
        for at in range(12):
            folder = tmp_path / name / ("left" if at % 2 else "right")
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(numbers.integers(0, 255, (16, 16, 3)).astype(np.uint8)).save(folder / f"{at}.png")
        return tmp_path / name

    return draw


@pytest.fixture
def train(pictures, tmp_path):
    """A function: the name of the run, images to show and options -> its folder."""

    def go(name, images=32, *, source=None, recipe="swift", settings=(), **options):
        given = SMALL | RECIPES.get(recipe, {}) | dict(settings)
        out = tmp_path / name
        chosen = pictures() if source is None else source
        ganvas.train(
            chosen,
            recipe=recipe,
            size=16,
            images=images,
            out=out,
            settings=given,
            progress=False,
            device="cpu",
            **options,
        )
        return out

    return go


def networks(run):
    (saved,) = (run / "checkpoint").glob("state-*.safetensors")
    return {name: tensor for name, tensor in load_file(saved).items() if not name.startswith("optimizer.")}


def assert_same(one, other):
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_fork_of_the_last_state_first_draws_what_its_parent_drew_last(recipe, train):
    parent = train("parent", recipe=recipe)
    child = train("child", recipe=recipe, start=parent)
    assert (child / "samples" / "000000000.png").read_bytes() == (parent / "samples" / "000000032.png").read_bytes()
    assert from_toml(child / "run.toml").config.start.model == str(parent)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_fork_of_a_moment_first_draws_what_its_parent_drew_then(recipe, train):
    parent = train("parent", recipe=recipe)
    child = train("child", recipe=recipe, start=parent, start_at=8)
    then, first = ganvas.load(parent, at=8), ganvas.load(child, at=0)
    assert (then.draw(seeds=range(4)) == first.draw(seeds=range(4))).all()
    assert not (ganvas.load(parent, at=32).draw(seeds=range(4)) == first.draw(seeds=range(4))).all()


def test_a_fork_of_the_best_moment_has_its_weights_whole(train):
    """Kept moments are at half precision; the model that is shipped is not."""
    parent = train("parent")
    shutil.rmtree(parent / "checkpoint")
    child = train("child", start=parent, start_at=32)
    assert (child / "samples" / "000000000.png").read_bytes() == (parent / "samples" / "000000032.png").read_bytes()


def test_a_model_alone_will_do(train, tmp_path):
    parent = train("parent")
    shutil.copytree(parent / "model", tmp_path / "model")
    child = train("child", start=tmp_path / "model")
    assert (child / "samples" / "000000000.png").read_bytes() == (parent / "samples" / "000000032.png").read_bytes()


def test_a_generator_is_begun_with_as_it_was_loaded(train):
    parent = train("parent")
    child = train("child", start=ganvas.load(parent, at=8))
    assert from_toml(child / "run.toml").config.start.at == 8


@pytest.mark.parametrize(("average", "then"), [(16, 0), (0, 16)])
def test_what_is_shown_first_is_the_average_wherever_there_was_one(average, then, train):
    parent = train("parent", settings={"training.average_half_life_images": average})
    child = train("child", settings={"training.average_half_life_images": then}, start=parent)
    assert (child / "samples" / "000000000.png").read_bytes() == (parent / "samples" / "000000032.png").read_bytes()


def test_the_discriminator_comes_with_the_last_state_and_with_no_other(train):
    parent = train("parent")
    own, forked, earlier = (
        networks(train(name, images=4, settings={"optimizer.discriminator_rate": 1e-30}, **options))
        for name, options in (("own", {}), ("forked", {"start": parent}), ("earlier", {"start": parent, "start_at": 8}))
    )
    heads = [name for name in own if name.startswith("discriminator.") and "head" in name and name.endswith("weight")]
    assert heads
    for name in heads:
        torch.testing.assert_close(forked[name], networks(parent)[name])
        torch.testing.assert_close(earlier[name], own[name])
    assert any(not torch.equal(own[name], forked[name]) for name in heads)


def test_what_a_discriminator_computed_of_other_pictures_is_computed_anew(train, pictures):
    parent = train("parent")
    other = pictures("others", seed=1)
    own = networks(train("own", images=4, source=other))
    forked = networks(train("forked", images=4, source=other, start=parent))
    of_the_set = [name for name in own if name.startswith("discriminator.") and ".mean" in name]
    assert of_the_set
    for name in of_the_set:
        torch.testing.assert_close(forked[name], own[name])
        assert not torch.equal(forked[name], networks(parent)[name])


@pytest.mark.parametrize("start_at", [None, 8])
def test_a_fork_that_stops_and_goes_on_is_the_fork_that_did_not(start_at, train):
    parent = train("parent")
    whole = train("whole", images=48, start=parent, start_at=start_at)
    parts = train("parts", images=24, start=parent, start_at=start_at)
    shutil.rmtree(parent)  # which is not needed any more
    ganvas.resume(parts, images=48, progress=False)
    assert_same(networks(parts), networks(whole))


def test_a_fork_is_repeated_exactly(train, tmp_path):
    fork = train("fork", start=train("parent"))
    ganvas.train(config=fork / "run.toml", out=tmp_path / "again", progress=False)
    assert_same(networks(tmp_path / "again"), networks(fork))


def test_a_fork_of_what_has_changed_since_is_not_taken_for_a_repeat(train, tmp_path):
    parent = train("parent")
    fork = train("fork", start=parent)
    ganvas.resume(parent, images=40, progress=False)
    with pytest.raises(SettingError, match="others by now"):
        ganvas.train(config=fork / "run.toml", out=tmp_path / "again", progress=False)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"recipe": "dcgan"}, r"network\.architecture cascade-narrow, this run would have dcgan; give --recipe swift"),
        ({"settings": {"network.z_dim": 8}}, r"network\.z_dim 64, this run would have 8; set network\.z_dim=64"),
        ({"settings": {"pictures.width": 20}}, "size 16x16, this run would have 20x16; give --size 16x16"),
        ({"settings": {"network.width": 0.5}}, r"network\.width 1\.0, this run would have 0\.5; give --width 1"),
        ({"settings": {"network.z_distribution": "uniform"}}, "network.z_distribution normal"),
        ({"settings": {"pictures.channels": "grey"}}, r"channels 3, this run would have 1; set pictures\.channels=rgb"),
        ({"conditional": True}, "classes 0, this run would have 2; leave --conditional out"),
    ],
)
def test_networks_of_other_shapes_are_refused_with_the_reason(options, reason, train):
    parent = train("parent")
    with pytest.raises(SettingError, match=reason):
        train("child", start=parent, **options)


def test_a_start_that_is_not_there_says_so(train, tmp_path):
    with pytest.raises(GanvasError, match=r"model\.json is missing"):
        train("child", start=tmp_path / "nowhere")
    with pytest.raises(SettingError, match="give it with --start"):
        train("child", start_at=8)


def test_a_width_that_is_planned_is_that_of_the_start(train):
    parent = train("parent", images=16, settings={"network.wide_from_images": 8})
    assert from_toml(parent / "run.toml").plan.width == 1.5
    child = train("child", images=4, start=parent)
    found = from_toml(child / "run.toml")
    assert (found.config.network.width, found.plan.width) == ("planned", 1.5)
