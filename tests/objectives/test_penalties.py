import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ganvas.objectives import gradient_penalty_at, interpolation_penalty

SLOPE = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)


def linear(images):
    return (images * SLOPE).sum((1, 2, 3))


def curved() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(12, 1), nn.Flatten(0)).double()


def pictures(seed: int = 0) -> torch.Tensor:
    return torch.randn(5, 2, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_penalty_of_a_linear_discriminator_is_its_squared_slope():
    images = torch.zeros(5, 2, 1, 1, requires_grad=True)
    assert_close(gradient_penalty_at([images], linear(images)), torch.full((5,), 25.0))


def test_penalty_of_a_quadratic_discriminator_belongs_to_each_picture():
    images = torch.tensor([0.0, 1.0, -2.0]).view(3, 1, 1, 1).requires_grad_()
    scores = images.square().sum((1, 2, 3))
    assert_close(gradient_penalty_at([images], scores), torch.tensor([0.0, 4.0, 16.0]))


def test_penalty_of_scores_of_several_maps_is_the_sum_of_their_squared_slopes():
    one, other = torch.zeros(3, 2, 1, 1, requires_grad=True), torch.zeros(3, 1, 2, 2, requires_grad=True)
    scores = 3 * one.sum((1, 2, 3)) + torch.arange(3) * other.sum((1, 2, 3))
    assert_close(gradient_penalty_at([one, other], scores), 2 * 3**2 + 4 * torch.arange(3.0) ** 2)


def test_penalty_is_differentiable_with_respect_to_the_weights():
    discriminator = curved()
    images = pictures().requires_grad_()

    def penalty(weight):
        scores = torch.func.functional_call(discriminator, {"0.weight": weight}, images)
        return gradient_penalty_at([images], scores)

    assert torch.autograd.gradcheck(penalty, discriminator[0].weight)


def test_interpolation_penalty_is_differentiable_with_respect_to_the_weights():
    discriminator = curved()

    def penalty(weight):
        def score(images):
            return torch.func.functional_call(discriminator, {"0.weight": weight}, images)

        return interpolation_penalty(score, pictures(), pictures(1), torch.linspace(0, 1, 5, dtype=torch.float64))

    assert torch.autograd.gradcheck(penalty, discriminator[0].weight)


def test_interpolation_penalty_of_a_linear_discriminator_is_its_distance_from_slope_one():
    real, fake, mix = torch.zeros(5, 2, 1, 1), torch.ones(5, 2, 1, 1), torch.rand(5)
    assert interpolation_penalty(linear, real, fake, mix).item() == pytest.approx(16)
    assert interpolation_penalty(lambda images: linear(images) / 5, real, fake, mix).item() == pytest.approx(
        0, abs=1e-9
    )


def test_interpolation_runs_from_the_real_picture_to_the_fake_one():
    seen = []

    def remember(images):
        seen.append(images.detach())
        return linear(images)

    real, fake = torch.zeros(3, 2, 1, 1), torch.ones(3, 2, 1, 1)
    interpolation_penalty(remember, real, fake, torch.tensor([0.0, 0.25, 1.0]))
    assert_close(seen[0][:, 0, 0, 0], torch.tensor([0.0, 0.25, 1.0]))


def test_interpolation_sends_no_gradient_to_the_pictures():
    fake = pictures(1).requires_grad_()
    discriminator = curved()
    interpolation_penalty(discriminator, pictures(), fake, torch.full((5,), 0.5, dtype=torch.float64)).backward()
    assert fake.grad is None
    assert all(weight.grad is not None for weight in discriminator[:3].parameters())


def test_a_flat_discriminator_has_a_finite_gradient():
    weight = torch.zeros(1, requires_grad=True)
    real, fake = torch.zeros(2, 2, 1, 1), torch.ones(2, 2, 1, 1)
    interpolation_penalty(lambda images: weight * linear(images), real, fake, torch.rand(2)).backward()
    assert weight.grad.isfinite().all()


def test_pictures_without_grad_are_refused():
    with pytest.raises(ValueError, match="require grad"):
        gradient_penalty_at([torch.zeros(2, 1, 4, 4)], torch.zeros(2))


def test_scores_that_do_not_pair_with_pictures_are_refused():
    images = torch.zeros(2, 1, 4, 4, requires_grad=True)
    with pytest.raises(ValueError, match="one score per picture"):
        gradient_penalty_at([images], images.sum((2, 3)))


def test_mixes_that_do_not_pair_with_pictures_are_refused():
    with pytest.raises(ValueError, match="mix"):
        interpolation_penalty(linear, torch.zeros(5, 2, 1, 1), torch.zeros(5, 2, 1, 1), torch.zeros(5, 1, 1, 1))
