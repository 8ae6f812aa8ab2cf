"""Nearest neighbours: published toy examples, naive twins, and copies that are found whatever hides them."""

import math

import pytest
import torch
from torch import Tensor

from ganvas.metrics.neighbours import Neighbourhoods, nearest_training, neighbourhoods, share_interval

FEATURES = [2, 64, 1280]


def clusters(centres: list[float], each: int, features: int, seed: int) -> Tensor:
    """(len(centres) * each, features): clusters of deviation 1 around (c, ..., c) / sqrt(features)."""
    rows = torch.randn(len(centres), each, features, generator=torch.Generator().manual_seed(seed))
    return (rows + torch.tensor(centres).view(-1, 1, 1)).flatten(0, 1)


def distance(x: Tensor, y: Tensor) -> float:
    return math.dist(x.tolist(), y.tolist())


def naive_neighbourhoods(real: Tensor, fake: Tensor, k: int) -> Neighbourhoods:
    def reach(rows: Tensor, i: int) -> float:
        return sorted(distance(rows[i], rows[j]) for j in range(len(rows)) if j != i)[k - 1]

    n, m = len(real), len(fake)
    in_real = [[distance(real[i], fake[j]) <= reach(real, i) for j in range(m)] for i in range(n)]
    in_fake = [[distance(real[i], fake[j]) <= reach(fake, j) for j in range(m)] for i in range(n)]
    return Neighbourhoods(
        precision=sum(any(in_real[i][j] for i in range(n)) for j in range(m)) / m,
        recall=sum(any(in_fake[i]) for i in range(n)) / n,
        density=sum(map(sum, in_real)) / (k * m),
        coverage=sum(any(in_real[i]) for i in range(n)) / n,
    )


@pytest.mark.parametrize(("real", "fake", "neighbours"), [(9, 7, 1), (15, 12, 3), (12, 20, 5), (6, 6, 5)])
def test_neighbourhoods_are_the_loops_of_their_definitions(real, fake, neighbours):
    first, second = clusters([0.0], real, 3, 1), clusters([0.7], fake, 3, 2)
    found, expected = (
        neighbourhoods(first, second, neighbours=neighbours),
        naive_neighbourhoods(first, second, neighbours),
    )
    assert vars(found) == pytest.approx(vars(expected), rel=1e-6)


def test_neighbourhoods_on_a_line_are_counted_by_hand():
    real, fake = torch.tensor([[0.0], [1], [2], [10.25]]), torch.tensor([[1.5], [9], [9.5]])
    found = neighbourhoods(real, fake, neighbours=2)  # the real reach 2, 1, 2, 9.25, the fake 8, 7.5, 8
    assert found.precision == 1
    assert found.density == pytest.approx((4 + 1 + 1) / (2 * 3))
    assert found.coverage == 1
    assert found.recall == 1
    nearer = neighbourhoods(real, fake, neighbours=1)  # the real reach 1, 1, 1, 8.25, the fake 7.5, 0.5, 0.5
    assert nearer.precision == 1
    assert nearer.density == pytest.approx((2 + 1 + 1) / 3)
    assert nearer.coverage == pytest.approx(3 / 4)
    assert nearer.recall == pytest.approx(3 / 4)


@pytest.mark.parametrize("features", FEATURES)
def test_a_set_covers_itself(features):
    """Each ball holds its k neighbours and its centre."""
    real = clusters([0.0], 60, features, 1)
    found = neighbourhoods(real, real.clone())
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    assert found.density == pytest.approx(6 / 5)


@pytest.mark.parametrize("features", [2, 16])
def test_density_is_on_average_1_and_coverage_as_published_for_equal_distributions(features):
    """A real row is not covered if its k nearest of all other rows are real: Naeem et al. 2020, arXiv:2002.09797."""
    found = [
        neighbourhoods(clusters([0.0], 100, features, 2 * i), clusters([0.0], 100, features, 2 * i + 1))
        for i in range(40)
    ]
    density, coverage = (sum(getattr(one, name) for one in found) / 40 for name in ("density", "coverage"))
    expected = 1 - math.comb(99, 5) / math.comb(199, 5)
    assert density == pytest.approx(1, abs=0.03)
    assert coverage == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("features", FEATURES)
def test_sets_that_are_far_apart_share_nothing(features):
    found = neighbourhoods(clusters([0.0], 30, features, 1), clusters([50.0], 40, features, 2))
    assert found == Neighbourhoods(0, 0, 0, 0)


def test_a_lost_mode_lowers_recall_and_coverage_and_leaves_precision():
    real = clusters([-20.0, 0.0, 20.0, 40.0], 50, 4, 1)
    whole = neighbourhoods(real, clusters([-20.0, 0.0, 20.0, 40.0], 50, 4, 2))
    lost = neighbourhoods(real, clusters([-20.0, 0.0, 20.0], 50, 4, 3))
    assert whole.recall > 0.9
    assert whole.coverage > 0.9
    assert lost.precision == pytest.approx(whole.precision, abs=0.05)
    assert lost.recall == pytest.approx(whole.recall * 3 / 4, abs=0.05)
    assert lost.coverage == pytest.approx(whole.coverage * 3 / 4, abs=0.05)


def test_an_invented_mode_lowers_precision_and_density_and_leaves_recall():
    real = clusters([-20.0, 0.0], 60, 4, 1)
    whole = neighbourhoods(real, clusters([-20.0, 0.0], 60, 4, 2))
    invented = neighbourhoods(real, clusters([-20.0, 0.0, 30.0, 60.0], 60, 4, 3))
    assert invented.precision == pytest.approx(whole.precision / 2, abs=0.05)
    assert invented.density == pytest.approx(whole.density / 2, abs=0.1)
    assert invented.recall == pytest.approx(whole.recall, abs=0.05)


def test_an_outlier_among_the_real_pulls_precision_but_not_density():
    """The picture of the paper that proposed density: one stray real row, whose ball holds all the wrong fakes."""
    real = torch.cat([clusters([0.0], 100, 2, 1), torch.full((1, 2), 30.0)])
    found = neighbourhoods(real, clusters([20.0], 100, 2, 2))
    assert found.precision == 1
    assert found.density == pytest.approx(1 / 5)
    assert found.coverage == pytest.approx(1 / 101)


def test_swapping_the_sets_swaps_precision_and_recall():
    first, second = clusters([0.0], 40, 3, 1), clusters([0.8], 30, 3, 2)
    found, swapped = neighbourhoods(first, second), neighbourhoods(second, first)
    assert found.precision != found.recall
    assert (found.precision, found.recall) == pytest.approx((swapped.recall, swapped.precision))


@pytest.mark.parametrize("features", FEATURES)
def test_pictures_of_a_set_full_of_repeats_lie_in_it_all_the_same(features):
    """Balls of radius 0, whose distances to their own rows come out of float32 as anything up to 0.001."""
    rows = clusters([5.0], 40, features, 1)
    fake = rows[torch.randint(40, (37,), generator=torch.Generator().manual_seed(2))]
    found = neighbourhoods(rows.repeat(6, 1), fake)
    assert found.precision == 1
    assert found.density == pytest.approx(6 / 5)
    equal = neighbourhoods(rows[:1].repeat(9, 1), rows[:1].repeat(7, 1))
    assert vars(equal) == pytest.approx({"precision": 1, "recall": 1, "density": 9 / 5, "coverage": 1})


@pytest.mark.parametrize(
    ("real", "fake"), [((5, 3), (9, 3)), ((9, 3), (5, 3)), ((9, 3), (9, 4)), ((9,), (9,)), ((0, 3), (0, 3))]
)
def test_sets_without_five_neighbours_or_of_other_features_are_refused(real, fake):
    with pytest.raises(ValueError, match="expected"):
        neighbourhoods(torch.zeros(real), torch.zeros(fake))


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("way", ["upright", "mirrored"])
def test_a_replayed_picture_is_found_and_lies_nearer_than_all_others(way, features):
    training = clusters([0.0], 50, features, 1)
    mirrored = clusters([0.0], 50, features, 2)
    replayed = {"upright": training, "mirrored": mirrored}[way][[30, 3, 17]]
    found = nearest_training(replayed, training, mirrored)
    assert found.index.tolist() == [30, 3, 17]
    assert (found.ratio < 0.01).all()
    nearly = nearest_training(replayed + 0.05 * clusters([0.0], 3, features, 3), training, mirrored)
    assert nearly.index.tolist() == [30, 3, 17]
    assert (nearly.ratio < 1 / 3).all()


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("repeats", [2, 5, 6, 20])
def test_a_replayed_picture_is_found_where_the_training_set_repeats_it(repeats, features):
    others = clusters([5.0], 60, features, 1)
    training = torch.cat([others, others[:1].repeat(repeats - 1, 1)])
    found = nearest_training(others[:1], training, training.flip(1))
    assert found.ratio.item() < 0.01
    assert torch.equal(training[found.index], others[:1])


def test_the_ratio_is_the_nearest_over_the_fifth_nearest_picture():
    training = torch.tensor([[1.0], [2], [3], [5], [8], [13], [21]])
    found = nearest_training(torch.tensor([[0.0], [4.4]]), training, training + 100)
    assert found.index.tolist() == [0, 3]
    assert found.ratio.tolist() == pytest.approx([1 / 8, 0.6 / 3.6])


def test_a_picture_and_its_mirror_image_count_as_one_neighbour():
    """With both rows counted the fifth nearest would be the third picture."""
    training = torch.tensor([[1.0], [2], [3], [4], [5], [6]])
    found = nearest_training(torch.zeros(1, 1), training, -training)
    assert found.ratio.item() == pytest.approx(1 / 5)


def test_random_pictures_are_not_much_nearer_to_one_than_to_five():
    training, mirrored, pictures = (clusters([0.0], 100, 64, seed) for seed in (1, 2, 3))
    found = nearest_training(pictures, training, mirrored)
    assert (found.ratio > 0.7).all()
    assert (found.ratio <= 1).all()
    assert found.ratio.mean() > 0.9


@pytest.mark.parametrize("features", FEATURES)
def test_no_training_picture_is_its_own_neighbour_upright_or_mirrored(features):
    training = clusters([0.0], 60, features, 1)
    found = nearest_training(training, training, training.clone(), own=True)  # every picture is symmetric
    assert (found.index != torch.arange(60)).all()
    for row in (0, 31, 59):
        others = torch.cat([training[:row], training[row + 1 :]])
        held_out = nearest_training(training[row : row + 1], others, others)
        assert found.ratio[row].item() == pytest.approx(held_out.ratio.item(), abs=1e-4)


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("own", [False, True])
def test_in_a_set_of_equal_pictures_everything_is_a_copy(own, features):
    training = clusters([5.0], 1, features, 1).repeat(30, 1)
    found = nearest_training(training, training, training, own=own)
    assert found.ratio.tolist() == [0] * 30


def test_a_picture_far_from_a_set_of_equal_pictures_is_no_copy():
    training = torch.ones(10, 3)
    assert nearest_training(torch.full((1, 3), 9.0), training, training).ratio.item() == pytest.approx(1)


@pytest.mark.parametrize(("training", "own"), [(5, False), (6, True), (0, False)])
def test_training_sets_without_five_neighbours_are_refused(training, own):
    rows = torch.zeros(training, 3)
    with pytest.raises(ValueError, match="expected more than"):
        nearest_training(rows, rows, rows, own=own)
    more = torch.zeros(training + 7, 3)
    assert len(nearest_training(more, more, more, own=own).ratio) == training + 7


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_a_share_is_wilsons_as_published(count, of, low, high):
    assert share_interval(count, of) == pytest.approx((low, high), abs=5e-5)
    assert share_interval(of - count, of) == pytest.approx((1 - high, 1 - low), abs=5e-5)


@pytest.mark.parametrize("of", [1, 2, 7, 100, 398, 5000])
def test_the_interval_of_a_share_contains_it_and_stays_within_0_and_1(of):
    for count in {0, 1, of // 3, of // 2, of - 1, of}:
        low, high = share_interval(count, of)
        assert 0 <= low < high <= 1
        assert low <= count / of <= high + 1e-12


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_the_interval_of_a_share_contains_the_true_one_95_times_in_100(share):
    """Summed over the binomial of 100, without drawing."""
    held = 0.0
    for count in range(101):
        low, high = share_interval(count, 100)
        held += (low <= share <= high) * math.comb(100, count) * share**count * (1 - share) ** (100 - count)
    assert held == pytest.approx(0.95, abs=0.025)
