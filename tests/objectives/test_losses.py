"""Every loss is tested by being listed in LOSSES."""

import math

import pytest
import torch
from torch.testing import assert_close

from ganvas.objectives import LOSSES

TIE = {  # name -> both losses when every score is 0
    "bce": (2 * math.log(2), math.log(2)),
    "lsgan": (0.5, 0.5),
    "hinge": (2.0, 0.0),
    "wasserstein": (0.0, 0.0),
    "relativistic": (math.log(2), math.log(2)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_a_discriminator_that_cannot_tell_have_a_closed_form(name):
    zeros = torch.zeros(8)
    discriminator, generator = TIE[name]
    assert LOSSES[name].discriminator(zeros, zeros).item() == pytest.approx(discriminator)
    assert LOSSES[name].generator(zeros, zeros).item() == pytest.approx(generator)


@pytest.mark.parametrize("name", LOSSES)
def test_discriminator_loss_pulls_real_scores_up_and_fake_scores_down(name):
    real, fake = torch.zeros(8, requires_grad=True), torch.full((8,), 0.1, requires_grad=True)
    LOSSES[name].discriminator(real, fake).backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_generator_loss_pulls_fake_scores_up(name):
    real, fake = torch.zeros(8, requires_grad=True), torch.zeros(8, requires_grad=True)
    LOSSES[name].generator(real, fake).backward()
    assert (fake.grad < 0).all()
    if LOSSES[name].generator_sees_real:
        assert (real.grad > 0).all()
    else:
        assert real.grad is None


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_means_so_that_the_batch_size_does_not_matter(name):
    real, fake = torch.tensor([0.3, -1.2]), torch.tensor([-0.4, 0.9])
    for loss in (LOSSES[name].discriminator, LOSSES[name].generator):
        assert loss(real, fake).shape == ()
        assert_close(loss(real.repeat(3), fake.repeat(3)), loss(real, fake))


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_huge_scores_stay_finite(name):
    huge = torch.tensor([1e4, -1e4])
    assert LOSSES[name].discriminator(huge, -huge).isfinite()
    assert LOSSES[name].generator(huge, -huge).isfinite()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(("real_shape", "fake_shape"), [((4, 1), (4,)), ((4,), (4, 1)), ((1,), (4,)), ((4, 1), (4, 1))])
def test_scores_that_would_broadcast_are_refused(name, real_shape, fake_shape):
    for loss in (LOSSES[name].discriminator, LOSSES[name].generator):
        with pytest.raises(ValueError, match="scores"):
            loss(torch.zeros(real_shape), torch.zeros(fake_shape))


@pytest.mark.parametrize("name", LOSSES)
def test_the_generator_can_do_without_real_scores_unless_it_says_otherwise(name):
    loss, fake = LOSSES[name], torch.tensor([0.5, -0.5])
    if loss.generator_sees_real:
        with pytest.raises(ValueError, match="real_scores"):
            loss.generator(None, fake)
    else:
        assert_close(loss.generator(None, fake), loss.generator(fake + 3, fake))


@pytest.mark.parametrize("name", ["wasserstein", "relativistic"])
def test_losses_of_differences_do_not_change_when_all_scores_shift(name):
    real, fake = torch.tensor([0.3, -1.2, 2.0]), torch.tensor([-0.4, 0.9, 0.1])
    assert_close(LOSSES[name].discriminator(real + 7, fake + 7), LOSSES[name].discriminator(real, fake))


def test_the_relativistic_players_play_the_same_game_from_both_sides():
    real, fake = torch.tensor([0.3, -1.2]), torch.tensor([-0.4, 0.9])
    loss = LOSSES["relativistic"]
    assert_close(loss.generator(real, fake), loss.discriminator(fake, real))


def test_the_relativistic_loss_compares_pairs_and_not_means():
    real = torch.tensor([0.0, 10.0])
    together, crossed = torch.tensor([0.0, 10.0]), torch.tensor([10.0, 0.0])
    loss = LOSSES["relativistic"].discriminator
    assert loss(real, together).item() == pytest.approx(math.log(2))
    assert loss(real, crossed).item() == pytest.approx(5, abs=1e-3)


def test_least_squares_are_least_at_their_targets():
    assert LOSSES["lsgan"].discriminator(torch.ones(3), torch.zeros(3)) == 0
    assert LOSSES["lsgan"].generator(None, torch.ones(3)) == 0


def test_hinge_asks_no_more_once_the_margin_is_reached():
    real, fake = torch.full((3,), 1.5, requires_grad=True), torch.full((3,), -1.5, requires_grad=True)
    loss = LOSSES["hinge"].discriminator(real, fake)
    loss.backward()
    assert loss == 0
    assert not real.grad.any()
    assert not fake.grad.any()


def test_bce_is_the_cross_entropy_of_the_two_answers():
    real, fake = torch.tensor([0.3, -1.2]), torch.tensor([-0.4, 0.9])
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits
    expected = cross_entropy(real, torch.ones(2)) + cross_entropy(fake, torch.zeros(2))
    assert_close(LOSSES["bce"].discriminator(real, fake), expected)
    assert_close(LOSSES["bce"].generator(real, fake), cross_entropy(fake, torch.ones(2)))
