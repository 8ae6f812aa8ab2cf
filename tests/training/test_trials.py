"""What is tried before a run, on a copy of its state: whether it fits, and whether it can be compiled."""

import pytest
import torch
from torch.testing import assert_close

from ganvas.errors import SettingError
from ganvas.training import training_loop
from ganvas.training.trials import check_batch, compile_parts, fits, largest_step, why_not_compiled


def holds(most):
    """A step on a device that holds `most` pictures."""

    def step(state, stream, config):
        if config.training.step_images > most:
            raise torch.OutOfMemoryError("out of memory")

    return step


@pytest.mark.parametrize(("name", "settings"), [("dcgan", ["training.double_batch_at=20"]), ("wgan-gp", [])])
def test_the_largest_step_is_taken_on_a_copy_and_on_the_next_pictures(name, settings, tiny):
    config, stream, fresh = tiny(name, *settings, device="meta")
    state, asked = fresh(), []

    class Noted:
        def batch_at(self, images_shown, count):
            asked.append((images_shown, count))
            return stream.batch_at(images_shown, count)

    largest_step(state, Noted(), config)
    assert asked == [(0, config.training.step_images)]
    assert state.images == 0
    assert state.tally.sums() == {}


def test_on_the_cpu_nothing_is_tried(tiny):
    config, _, fresh = tiny("dcgan")
    largest_step(fresh(), None, config)


def test_a_batch_that_fits_is_left_alone(tiny):
    config, stream, fresh = tiny("dcgan")
    check_batch(fresh(), stream, config, holds(4))


@pytest.mark.parametrize(
    ("batch", "held", "message"),
    [
        (48, 16, r"training\.batch = 48 does not fit .* cpu .*; 12 fits: --set training\.batch=12"),
        (48, 1, "; 1 fits"),
        (48, 0, "; not even 1 does; choose a smaller --size"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_with_one_that_does(batch, held, message, tiny):
    config, stream, fresh = tiny("dcgan", f"training.batch={batch}")
    with pytest.raises(SettingError, match=message):
        check_batch(fresh(), stream, config, holds(held))


def test_what_else_goes_wrong_in_a_step_is_not_taken_for_a_want_of_memory(tiny):
    config, stream, fresh = tiny("dcgan")

    def broken(*arguments):
        raise RuntimeError("no kernel")

    with pytest.raises(RuntimeError, match="no kernel"):
        fits(fresh(), stream, config, broken)


def is_missing(module):
    raise ImportError("no compiler\nhere")


def breaks_when_it_is_called(module):
    module.register_forward_pre_hook(lambda *arguments: is_missing(module))


def breaks_in_the_gradient(module):
    for weight in module.parameters():
        weight.register_hook(is_missing)


@pytest.mark.parametrize("name", ["swift", "dcgan"])
def test_a_compiler_that_fails_at_any_moment_leaves_the_state_as_it_was(name, tiny):
    config, stream, fresh = tiny(name, "training.double_batch_at=4")
    state = fresh()
    before = {
        part: {key: one.clone() for key, one in each.state_dict().items()} for part, each in state.modules().items()
    }
    for compile in (is_missing, breaks_when_it_is_called):
        assert why_not_compiled(state, stream, config, compile) == "ImportError: no compiler here"
    assert "no compiler" in why_not_compiled(state, stream, config, breaks_in_the_gradient)
    assert why_not_compiled(state, stream, config, lambda module: None) == ""
    assert_close({part: each.state_dict() for part, each in state.modules().items()}, before, rtol=0, atol=0)
    assert state.images == 0


def test_a_discriminator_that_is_differentiated_twice_is_not_compiled(tiny):
    for settings, expected in ([], True), (["objective.r1_weight=1"], False), (["objective.r2_weight=1"], False):
        config, _, fresh = tiny("dcgan", *settings)
        state, parts = fresh(), []
        compile_parts(state, config, parts.append)
        assert state.generator in parts
        assert (state.discriminator in parts) == expected


def test_a_step_that_cannot_be_compiled_is_not_tried(tiny):
    config, stream, fresh = tiny("vaegan")
    assert why_not_compiled(fresh(), stream, config, is_missing) == "the step of vaegan is not one that can be"


def traced(network):
    """All of PyTorch's compiler but the kernels, which take minutes to make."""
    network.compile(backend="aot_eager")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # the compiler's own, of itself
@pytest.mark.parametrize("name", ["swift", "dcgan", "wgan-gp"])
def test_a_compiled_step_has_the_losses_of_another(name, tiny):
    config, stream, fresh = tiny(name)
    plain, compiled = fresh(), fresh()
    compile_parts(compiled, config, traced)
    (one,), (other,) = (list(training_loop(state, stream, config, until_images=1)) for state in (plain, compiled))
    assert_close(one.report, other.report, rtol=1e-3, atol=1e-4)
