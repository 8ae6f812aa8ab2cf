"""Variety: mean distances, equal pictures, and which classes are reached according to a classifier fit on the spot."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from ganvas.metrics.diversity import fit_classifier, mode_coverage, same_share, spread


def labelled(
    each: list[int], features: int, apart: float, generator: torch.Generator, shift: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Clusters of deviation 1, each `apart` along an axis of its own: (N, F) and (N,), shuffled."""
    labels = torch.cat([torch.full((count,), label) for label, count in enumerate(each)])
    labels = labels[torch.randperm(len(labels), generator=generator)]
    rows = torch.randn(len(labels), features, generator=generator) + shift
    rows[torch.arange(len(labels)), labels] += apart
    return rows, labels


def test_spread_is_the_mean_distance_of_pairs():
    triangle = torch.tensor([[0.0, 0], [3, 0], [0, 4]])
    assert spread(triangle) == pytest.approx((3 + 4 + 5) / 3)
    assert spread(triangle[:2]) == pytest.approx(3)
    assert spread(triangle + 1000) == pytest.approx(4)
    assert spread(triangle[[2, 0, 1]] * 2) == pytest.approx(8)


def test_spread_of_equal_rows_is_0():
    assert spread(torch.full((20, 1280), 0.3)) == 0


def test_spread_of_normal_rows_is_the_mean_of_a_chi_distribution(generator):
    rows = torch.randn(400, 8, generator=generator)
    expected = 2**0.5 * 2**0.5 * math.gamma(4.5) / math.gamma(4)
    assert spread(rows) == pytest.approx(expected, rel=0.03)


def test_spread_falls_to_the_share_of_different_pairs_when_a_mode_repeats():
    rows = torch.cat([torch.zeros(6, 2), torch.ones(2, 2)])
    assert spread(rows) == pytest.approx(2**0.5 * 6 * 2 / (8 * 7 / 2))


@pytest.mark.parametrize("measure", [spread, same_share])
@pytest.mark.parametrize("count", [0, 1])
def test_one_picture_has_no_pairs(measure, count):
    with pytest.raises(ValueError, match="expected two"):
        measure(torch.zeros(count, 3))


@pytest.mark.parametrize(
    ("levels", "expected"),
    [([7, 7, 7, 7], 1), ([0, 9, 18, 27], 0), ([0, 1, 2, 3], 3 / 6), ([0, 0, 0, 255], 3 / 6), ([0, 1, 1, 255], 3 / 6)],
)
@pytest.mark.parametrize("shape", [(4, 4, 1), (16, 16, 3), (7, 5, 4)])
def test_the_same_are_pairs_within_one_grey_level(levels, expected, shape):
    images = torch.tensor(levels, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, *shape)
    assert same_share(images) == pytest.approx(expected)


def test_the_same_is_judged_by_the_root_mean_square_over_all_pixels():
    images = torch.zeros(2, 8, 8, 1, dtype=torch.uint8)
    images[1, 0, 0, 0] = 8  # 8^2 / 64 = 1 level squared
    assert same_share(images) == 1
    images[1, 0, 0, 0] = 9
    assert same_share(images) == 0
    assert same_share(images, levels=9 / 8) == 1


@pytest.mark.parametrize("each", [[5, 5], [40, 7, 100], [20] * 10])
def test_separate_clusters_are_told_apart_without_an_error(each, generator):
    rows, labels = labelled(each, len(each), 30.0, generator)
    classifier = fit_classifier(rows, labels, generator)
    assert classifier.accuracy == 1
    assert classifier.low < classifier.high == pytest.approx(1)
    fresh, expected = labelled([10] * len(each), len(each), 30.0, generator)
    assert torch.equal(classifier.classes(fresh), expected)


@pytest.mark.parametrize("classes", [2, 5])
def test_labels_at_random_are_guessed_no_better_than_by_chance(classes, generator):
    rows = torch.randn(500, 8, generator=generator)
    labels = torch.arange(500)[torch.randperm(500, generator=generator)] % classes
    classifier = fit_classifier(rows, labels, generator)
    assert classifier.low < 1 / classes < classifier.high
    assert classifier.accuracy == pytest.approx(1 / classes, abs=0.15)


def test_more_features_than_pictures_can_be_learned_by_heart_but_not_called_right(generator):
    """On what it learned the classifier is always right: the accuracy is of pictures it has not seen."""
    rows, labels = torch.randn(100, 400, generator=generator), torch.arange(100) % 2
    classifier = fit_classifier(rows, labels, generator)
    assert (classifier.classes(rows) == labels).double().mean() >= 0.8
    assert classifier.low < 0.5 < classifier.high


def test_accuracy_of_two_normal_clusters_comes_near_that_of_the_best_line(generator):
    """Means sqrt(2) d apart: no rule beats Phi(d / sqrt 2)."""
    rows, labels = labelled([2500, 2500], 4, 1.5, generator)
    classifier = fit_classifier(rows, labels, generator)
    best = torch.distributions.Normal(0, 1).cdf(torch.tensor(1.5 / 2**0.5)).item()
    assert best - 0.03 < classifier.accuracy < best + 0.03
    assert classifier.high - classifier.low < 0.05


def test_a_classifier_does_not_depend_on_scale_or_origin(generator):
    rows, labels = labelled([60, 60, 60], 6, 2.0, generator)
    first = fit_classifier(rows, labels, torch.Generator().manual_seed(2))
    scaled = fit_classifier(40 * rows + 3, labels, torch.Generator().manual_seed(2))
    assert torch.equal(first.classes(rows), scaled.classes(40 * rows + 3))


def test_a_ring_around_a_cluster_is_told_apart(generator):
    angle = torch.rand(100, generator=generator) * 2 * math.pi
    ring = 4 * torch.stack([angle.cos(), angle.sin()], 1)
    rows = torch.cat([torch.randn(100, 2, generator=generator) / 2, ring])
    labels = torch.arange(200) // 100
    assert fit_classifier(rows, labels, generator).accuracy > 0.95


def test_a_constant_set_is_guessed_without_an_error():
    labels = torch.arange(40) % 2
    classifier = fit_classifier(torch.ones(40, 3), labels, torch.Generator().manual_seed(0))
    assert classifier.accuracy == 0.5


def test_fitting_touches_no_random_numbers_but_its_generators(generator):
    rows, labels = labelled([30, 30], 4, 1.0, generator)
    before = torch.get_rng_state()
    first, again = (fit_classifier(rows, labels, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.accuracy == again.accuracy
    assert_close(first.votes, again.votes, rtol=0, atol=0)


def test_a_fifth_of_every_class_is_held_out(generator):
    """Labels that nothing tells: always the larger class, which is right as often as it is among the held out."""
    rows, labels = torch.zeros(100, 2), (torch.arange(100) % 5 == 4).long()
    classifier = fit_classifier(rows, labels, generator)
    assert classifier.classes(rows).tolist() == [0] * 100
    assert classifier.accuracy == pytest.approx(16 / 20)


def test_which_pictures_are_held_out_is_drawn():
    rows, labels = torch.randn(60, 2, generator=torch.Generator().manual_seed(1)), torch.arange(60) % 2
    assert len({fit_classifier(rows, labels, torch.Generator().manual_seed(seed)).accuracy for seed in range(6)}) > 1


@pytest.mark.parametrize("labels", [[0] * 20, [0] * 20 + [1] * 4, [0] * 20 + [2] * 20, [0] * 4 + [1] * 4, []])
def test_classes_that_cannot_be_learned_are_refused(labels, generator):
    with pytest.raises(ValueError, match="expected two classes or more with 5 pictures"):
        fit_classifier(torch.zeros(len(labels), 3), torch.tensor(labels, dtype=torch.int64), generator)


@pytest.mark.parametrize(
    ("real", "fake", "reached", "divergence"),
    [
        ([10, 10], [3, 3], 2, 0),
        ([10, 10], [4, 0], 1, math.log(2)),
        ([1, 1, 1, 1], [2, 1, 1, 0], 3, 0.5 * math.log(2)),
        ([3, 1], [1, 3], 2, 0.5 * math.log(3)),
        ([50, 30, 20], [5, 3, 2], 3, 0),
        ([8, 0], [4, 4], 2, 0.5 * math.log(0.5) + 0.5 * math.log(0.5 * 16)),  # half a picture of eight
        ([5] * 10, [0] * 9 + [7], 1, math.log(10)),
    ],
)
def test_coverage_counts_classes_and_the_divergence_of_their_shares(real, fake, reached, divergence):
    def drawn(counts: list[int]) -> Tensor:
        return torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))

    found = mode_coverage(drawn(real), drawn(fake), len(real))
    assert (found.reached, found.of) == (reached, len(real))
    assert found.divergence == pytest.approx(divergence, abs=1e-12)
