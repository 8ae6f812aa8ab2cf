import torch
from torch import nn
from torch.testing import assert_close

from ganvas.config import TrainingSettings
from ganvas.training.ema import update_average


def half_life(images):
    return TrainingSettings(average_half_life_images=images)


def one_weight(value):
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, value)
    return module


def test_after_one_half_life_old_and_new_count_the_same():
    averaged, generator = one_weight(0.0), one_weight(1.0)
    update_average(averaged, generator, images=10**9, step_images=1000, settings=half_life(1000))
    assert_close(averaged.weight.item(), 0.5)


def test_two_half_steps_are_one_whole_step():
    once, twice, generator = one_weight(0.0), one_weight(0.0), one_weight(1.0)
    update_average(once, generator, images=10**9, step_images=200, settings=half_life(1000))
    for _ in range(2):
        update_average(twice, generator, images=10**9, step_images=100, settings=half_life(1000))
    assert_close(once.weight, twice.weight)


def test_an_odd_step_at_the_start_hardly_shows():
    averaged, steady, swung = one_weight(0.0), one_weight(0.0), one_weight(1.0)
    for step in range(1, 41):
        update_average(
            averaged, swung if step == 40 else steady, images=16 * step, step_images=16, settings=half_life(2000)
        )
    assert averaged.weight.item() < 0.09  # 1 - 0.5^(1/8); at 5% of 640 images alone it was 0.29


def test_the_initial_weights_are_forgotten_within_a_hundred_steps():
    averaged, generator = one_weight(100.0), one_weight(1.0)
    for step in range(1, 101):
        update_average(averaged, generator, images=64 * step, step_images=64, settings=half_life(10**6))
    assert_close(averaged.weight.item(), 1.0, atol=0.02, rtol=0)


def test_later_the_half_life_is_a_twentieth_of_the_images_shown():
    averaged, generator = one_weight(0.0), one_weight(1.0)
    update_average(averaged, generator, images=20_000, step_images=100, settings=half_life(10**6))
    assert_close(averaged.weight.item(), 1 - 0.5 ** (100 / 1000), atol=1e-6, rtol=0)


def test_counters_are_copied_and_statistics_follow():
    averaged, generator = nn.BatchNorm2d(2), nn.BatchNorm2d(2)
    generator(torch.randn(8, 2, 3, 3) + 5)
    update_average(averaged, generator, images=10**9, step_images=1000, settings=half_life(1000))
    assert averaged.num_batches_tracked == generator.num_batches_tracked == 1
    assert_close(averaged.running_mean, generator.running_mean / 2)


def test_how_short_the_half_life_starts_is_a_setting():
    averaged, generator = one_weight(0.0), one_weight(1.0)
    settings = TrainingSettings(average_half_life_images=10**6, average_ramp=0.5, average_fewest_steps=1)
    update_average(averaged, generator, images=2000, step_images=1000, settings=settings)
    assert_close(averaged.weight.item(), 0.5)  # the half-life is 1000 images
    averaged = one_weight(0.0)
    settings = TrainingSettings(average_half_life_images=10**6, average_ramp=0, average_fewest_steps=1)
    update_average(averaged, generator, images=10**9, step_images=10, settings=settings)
    assert_close(averaged.weight.item(), 0.5)  # it is one step
