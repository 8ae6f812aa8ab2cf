import pytest
import torch
from torch.testing import assert_close

from ganvas.errors import ModelError
from ganvas.training import load_checkpoint, rescue, save_checkpoint, training_loop
from ganvas.training.updates import Numbers, augmented

RECIPES_WITH_AND_WITHOUT_AN_ENCODER = ["dcgan", "vaegan"]


def run(state, stream, config, steps):
    for _ in training_loop(state, stream, config, state.images + steps * config.training.step_images):
        pass


def everything(state):
    parts = {name: module.state_dict() for name, module in state.modules().items()}
    parts |= {f"{name} moments": optimizer.tensors() for name, optimizer in state.optimizers.items()}
    return {part: {name: tensor.clone() for name, tensor in tensors.items()} for part, tensors in parts.items()}


def adapted(state):
    rates = {name: optimizer.rate * optimizer.rate_scale for name, optimizer in state.optimizers.items()}
    return state.images, state.rescues, state.augment_share, state.tally.sums(), rates


def collapsed(tiny, folder, name="dcgan", *settings):
    """Configuration, stream, and a state two steps after the good one that is in `folder`, with that one's tensors."""
    config, stream, fresh = tiny(name, "training.average_half_life_images=16", *settings)
    state = fresh()
    run(state, stream, config, 2)
    save_checkpoint(state, folder)
    good = everything(state)
    run(state, stream, config, 2)
    return config, stream, fresh, state, good


@pytest.mark.parametrize("name", RECIPES_WITH_AND_WITHOUT_AN_ENCODER)
def test_a_rescue_gives_every_tensor_of_the_good_state_back_and_lets_the_clock_go_on(name, tiny, tmp_path):
    config, _, _, state, good = collapsed(tiny, tmp_path, name)
    images, seconds = state.images, state.seconds
    assert rescue(state, tmp_path) == 2 * config.training.step_images
    assert_close(everything(state), good, rtol=0, atol=0)
    assert (state.images, state.seconds) == (images, seconds)
    assert state.images == 4 * config.training.step_images
    assert state.tally.sums() == {}


@pytest.mark.parametrize(("settings", "factor"), [((), 0.5), (("measuring.rescue_rate_factor=0.25",), 0.25)])
def test_each_rescue_multiplies_every_learning_rate_with_the_factor(settings, factor, tiny, tmp_path):
    *_, state, _ = collapsed(tiny, tmp_path, "vaegan", *settings)
    before = adapted(state)[-1]
    assert set(before) == {"generator", "discriminator", "encoder"}
    for count in (1, 2, 3):
        rescue(state, tmp_path)
        assert state.rescues == count
        assert adapted(state)[-1] == {name: rate * factor**count for name, rate in before.items()}


def test_half_the_rate_is_half_the_first_update_of_adam(tiny):
    config, stream, fresh = tiny("dcgan")
    moved = []
    for rescues in (0, 1):
        state = fresh()
        state.rescues, state.augment_share = rescues, 0.0  # a rescued run augments, which would change the gradients
        state.slow_down()
        before = [weight.detach().clone() for weight in state.optimizers["discriminator"].weights]
        run(state, stream, config, 1)
        after = state.optimizers["discriminator"].weights
        moved.append(torch.cat([(new - old).flatten() for new, old in zip(after, before, strict=True)]).detach())
    assert moved[0].abs().max() > 0
    assert_close(2 * moved[1], moved[0], rtol=1e-3, atol=1e-6)


def test_a_rescue_augments_everything_with_the_configured_names_or_the_rescuers_own(tiny, tmp_path):
    config, _, _, state, _ = collapsed(tiny, tmp_path)
    images = torch.rand(4, 3, 16, 16)

    def seen(by):
        return augmented(images, state, by, Numbers.at(0, 0))

    flipping = tiny("dcgan", "objective.augment=flip")[0]
    assert torch.equal(seen(config), images)
    rescue(state, tmp_path)
    assert (seen(config) != images).flatten(1).any(1).all()
    assert torch.equal(seen(flipping).sort(dim=3).values, images.sort(dim=3).values)
    assert torch.equal(seen(tiny("dcgan", "objective.rescue_augment=")[0]), images)


def test_a_rescue_augments_everything_even_where_augmentation_adapts_and_was_low(tiny, tmp_path):
    *_, state, _ = collapsed(tiny, tmp_path, "dcgan", "objective.augment_target=0.99")
    assert state.augment_share < 0.1
    rescue(state, tmp_path)
    assert state.augment_share == 1.0


def test_what_follows_a_rescue_depends_on_the_clock_so_that_the_collapse_is_not_played_again(tiny, tmp_path):
    config, stream, _, state, _ = collapsed(tiny, tmp_path)
    step, drawn = config.training.step_images, []
    for images in (2 * step, 4 * step):
        rescue(state, tmp_path)
        state.images = images
        state.rescues = 0
        state.slow_down()
        run(state, stream, config, 2)
        drawn.append(torch.cat([weight.detach().flatten() for weight in state.generator.parameters()]))
    assert not torch.equal(*drawn)


@pytest.mark.parametrize("name", RECIPES_WITH_AND_WITHOUT_AN_ENCODER)
def test_a_rescued_run_that_stops_and_goes_on_is_the_one_that_did_not(name, tiny, tmp_path):
    config, stream, fresh, whole, _ = collapsed(tiny, tmp_path / "good", name)
    rescue(whole, tmp_path / "good")
    save_checkpoint(whole, tmp_path / "now")
    resumed = fresh()
    assert load_checkpoint(resumed, tmp_path / "now")
    assert adapted(resumed) == adapted(whole)
    for state in (whole, resumed):
        run(state, stream, config, 2)
    assert adapted(resumed) == adapted(whole)
    assert_close(everything(resumed), everything(whole), rtol=0, atol=0)


def test_a_good_state_from_after_a_rescue_does_not_take_the_count_back(tiny, tmp_path):
    config, stream, _, state, _ = collapsed(tiny, tmp_path)
    rescue(state, tmp_path)
    rescue(state, tmp_path)
    run(state, stream, config, 1)
    save_checkpoint(state, tmp_path)
    run(state, stream, config, 1)
    rescue(state, tmp_path)
    assert state.rescues == 3
    assert state.optimizers["generator"].rate_scale == 1 / 8


def test_nothing_to_go_back_to_is_a_model_error_that_leaves_the_state_alone(tiny, tmp_path):
    *_, state, _ = collapsed(tiny, tmp_path / "good")
    before, tensors = adapted(state), everything(state)
    with pytest.raises(ModelError, match="no saved state"):
        rescue(state, tmp_path / "empty")
    assert adapted(state) == before
    assert_close(everything(state), tensors, rtol=0, atol=0)
