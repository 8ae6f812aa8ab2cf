"""The score card with a cheap stand-in for the network: its four columns in order, and numbers whatever is judged."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

import ganvas.metrics.card
from ganvas.features import EXTRACTORS
from ganvas.metrics.card import FEW, Card, Modes, Protocol, Scores, Wanted, score_card, scores
from ganvas.metrics.card_text import card_lines, table_lines, verdict_lines
from ganvas.metrics.copies import Copies, Share, Space, pixel_space
from ganvas.metrics.distances import Estimate
from ganvas.metrics.diversity import ModeCoverage
from ganvas.metrics.neighbours import Neighbourhoods
from ganvas.metrics.reference import Sample

PROTOCOL = Protocol(
    model="mine",
    against="theirs",
    held_out="",
    real_count=100,
    sample_count=50,
    width=16,
    height=16,
    resize="none",
    features="lite",
    extractor="EfficientNet-Lite0",
    extractor_px=16,
    extractor_sha256="0123456789abcdef",
    seed=0,
    ganvas="0",
)


def see(images: np.ndarray) -> Tensor:
    """(N, H, W, C) -> (N, 24), of one length: a projection of pixels and of their differences, where noise shows."""
    levels = torch.from_numpy(np.array(images)).float().div(127.5).sub(1)
    steps = (levels[:, 1:] - levels[:, :-1]).abs().mean((1, 2))
    rows = torch.cat([levels.flatten(1) / levels[0].numel() ** 0.5, 3 * steps], dim=1)
    projection = torch.randn(rows.shape[1], 24, generator=torch.Generator().manual_seed(7))
    return torch.nn.functional.normalize(rows @ projection, dim=1) * 24**0.5


def drawn(count: int, seed: int, channels: int = 3) -> np.ndarray:
    """(count, 16, 16, C) uint8: a bright square on dark ground, anywhere, of any size and colour; nothing Gaussian."""
    numbers = np.random.default_rng(seed)
    images = np.full((count, 16, 16, channels), 30, np.uint8)
    for image in images:
        side = numbers.integers(3, 9)
        top, left = numbers.integers(0, 16 - side, 2)
        image[top : top + side, left : left + side] = numbers.integers(100, 256, channels)
    return images


def wanted(real: np.ndarray, fake: np.ndarray, held_out: np.ndarray | None = None) -> Wanted:
    features = Space(see(real), see(real[:, :, ::-1]))
    others = None if held_out is None else Sample(held_out, see(held_out))
    spaces = features, pixel_space(real)
    return Wanted(PROTOCOL, Sample(real, see(real)), Sample(fake, see(fake)), spaces, others, None, (), see)


def scored(real: np.ndarray, fake: np.ndarray, held_out: np.ndarray | None = None) -> Card:
    return score_card(wanted(real, fake, held_out), torch.Generator().manual_seed(1))


def text(card: Card) -> str:
    return "\n".join(card_lines(card))


def check_numbers(card: Card) -> None:
    """Nothing is NaN or infinite, in the JSON and in the words."""
    again = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert again["protocol"]["model"] == "mine"
    for word in ("nan", "inf", "None"):
        assert word not in text(card).replace("information", "")
    for kind in (card.model, card.floor, card.pca, card.ceiling):
        distance = kind.kernel_distance
        assert distance.low <= distance.high
        assert distance.error >= 0


@pytest.fixture(scope="module")
def fair() -> Card:
    """Fresh pictures of the same distribution, judged against 200 real ones."""
    return scored(drawn(160, 1), drawn(80, 2))


def test_real_pictures_are_at_about_0_noise_is_far_above_and_linear_algebra_lies_between(fair):
    floor, eigen, ceiling = (one.kernel_distance for one in (fair.floor, fair.pca, fair.ceiling))
    assert floor.low <= 0 <= floor.high
    assert floor.high < eigen.low
    assert eigen.high < ceiling.low
    for measure in ("frechet_distance", "sliced_wasserstein"):
        assert getattr(fair.floor, measure) < getattr(fair.pca, measure) < getattr(fair.ceiling, measure)
    for share in ("recall", "coverage"):
        assert getattr(fair.ceiling.neighbourhoods, share) < 0.1 < 0.8 < getattr(fair.floor.neighbourhoods, share)
    assert fair.floor.spread == pytest.approx(1, abs=0.1)


def test_a_perfect_generator_cannot_be_told_from_the_floor(fair):
    assert fair.model.kernel_distance.low <= fair.floor.kernel_distance.high
    assert verdict_lines(fair)[0].startswith("No difference from real pictures could be measured")
    assert not fair.copies.is_copying
    check_numbers(fair)


def test_the_same_generator_gives_the_same_card():
    cards = [scored(drawn(40, 1), drawn(20, 2)) for _ in range(2)]
    assert cards[0] == cards[1]


def test_the_table_has_four_columns_and_a_line_for_each_measure(fair):
    lines = table_lines(fair)
    assert lines[0].split() == ["this", "real", "PCA", "noise"]
    assert len({len(line) for line in lines}) == 1
    for name in ("KD-lite", "FD-lite", "precision", "recall", "density", "coverage", "spread", "same", "sliced"):
        assert sum(line.startswith(name) for line in lines) == 1
    (precision,) = (line for line in lines if line.startswith("precision"))
    shares = [float(cell.rstrip("%")) / 100 for cell in precision.split()[1:]]
    kinds = (fair.model, fair.floor, fair.pca, fair.ceiling)
    assert shares == pytest.approx([kind.neighbourhoods.precision for kind in kinds], abs=5e-4)


def test_all_are_as_many_as_half_of_the_real_or_as_the_generated_pictures():
    """With half of the real pictures as reference the rest is the floor: they share none."""
    real = drawn(60, 1)
    fewer = scored(real, drawn(10, 2))
    alone = scored(real[:20], drawn(10, 2))
    assert fewer.model == replace(
        alone.model, kernel_distance=fewer.model.kernel_distance, sliced_wasserstein=fewer.model.sliced_wasserstein
    )
    assert fewer.model.kernel_distance.value == alone.model.kernel_distance.value
    assert fewer.model.frechet_distance == alone.model.frechet_distance
    more = scored(real[:20], drawn(50, 2))
    assert more.model.kernel_distance.value == alone.model.kernel_distance.value


def test_the_real_pictures_again_are_copies_and_as_good_as_real():
    real = drawn(120, 1)
    card = scored(real, real[:60])
    assert card.model.kernel_distance.low <= 0
    assert card.model.frechet_distance == pytest.approx(0, abs=1e-3)
    assert card.copies.share.value == 1
    assert card.copies.is_copying
    assert any(line.startswith("Copying: 100.0%") for line in verdict_lines(card))


def test_copies_are_counted_of_all_generated_pictures_and_chance_is_of_those_held_out():
    """Among few small squares some resemble each other anyway; ten and five that are copied come on top."""
    real, fresh, others = drawn(60, 1), drawn(30, 2), drawn(15, 3)
    by_chance = scored(real, fresh, held_out=others).copies
    card = scored(real, np.concatenate([fresh, real[:10]]), held_out=np.concatenate([others, real[:5]]))
    assert card.copies.share.value == pytest.approx((30 * by_chance.share.value + 10) / 40)
    assert card.copies.chance.value == pytest.approx((15 * by_chance.chance.value + 5) / 20)
    assert not card.copies.is_copying


def test_noise_in_place_of_a_generator_is_called_worse_than_linear_algebra():
    noise = np.random.default_rng(1).integers(0, 256, (60, 16, 16, 3), dtype=np.uint8)
    card = scored(drawn(120, 1), noise)
    assert verdict_lines(card)[0].startswith("Not yet as good as the PCA baseline")
    assert card.model.kernel_distance.value == pytest.approx(card.ceiling.kernel_distance.value, rel=0.1)


@pytest.mark.parametrize("count", [4, 5, 6, 12, FEW - 1, FEW])
def test_few_pictures_are_judged_and_noted(count):
    card = scored(drawn(2 * count, 1), drawn(count, 2))
    check_numbers(card)
    notes = " ".join(card.notes)
    assert (f"only {count} pictures" in notes) == (count < FEW)
    assert ("need more than 5 pictures" in notes) == (count <= 5) == (card.model.neighbourhoods is None)
    assert all(note in text(card) for note in card.notes)


@pytest.mark.parametrize("count", [4])
def test_the_interval_of_very_few_pictures_is_as_wide_as_their_scatter(count):
    """Resamples of one picture over and over, which have no distance, are left out."""
    found = []
    for seed in range(15):
        real, fake = (Sample(images, see(images)) for images in (drawn(count, seed), drawn(count, 100 + seed)))
        found.append(distance := scores(real, fake, torch.Generator().manual_seed(seed)).kernel_distance)
        assert distance.low < distance.value < distance.high
    errors, values = [one.error for one in found], [one.value for one in found]
    assert 0.3 < np.mean(errors) / np.std(values, ddof=1) < 3


@pytest.mark.parametrize(("real", "fake"), [(7, 10), (20, 3), (0, 10), (2, 2)])
def test_fewer_than_8_real_or_4_generated_pictures_are_refused(real, fake):
    made = wanted(drawn(8, 1), drawn(8, 2))
    with pytest.raises(ValueError, match="expected 8 real and 4 generated"):
        score_card(replace(made, real=made.real[:real], fake=made.fake[:fake]), torch.Generator())


def test_few_training_pictures_are_no_evidence_for_copies_and_that_is_said():
    made = wanted(drawn(20, 1), drawn(10, 2))
    for count in (6, 7):
        spaces = tuple(Space(space.upright[:count], space.mirrored[:count]) for space in made.training)
        card = score_card(replace(made, training=spaces), torch.Generator().manual_seed(1))
        assert (card.copies is None) == any("copies were not counted" in note for note in card.notes) == (count < 7)
        check_numbers(card)


def constant(level: int, count: int) -> np.ndarray:
    return np.full((count, 16, 16, 3), level, np.uint8)


def shades(count: int) -> np.ndarray:
    return np.linspace(0, 255, count).astype(np.uint8)[:, None, None, None] * np.ones((1, 16, 16, 3), np.uint8)


@pytest.mark.parametrize("count", [4, 12])
@pytest.mark.parametrize(
    ("real", "fake"),
    [
        (lambda count: drawn(count, 1), lambda count: np.repeat(drawn(1, 2), count, axis=0)),
        (lambda count: drawn(count, 1), lambda count: constant(0, count)),
        (lambda count: constant(255, count), lambda count: drawn(count, 2)),
        (lambda count: constant(0, count), lambda count: constant(0, count)),
        (lambda count: constant(0, count), lambda count: constant(255, count)),
        (shades, shades),
        (lambda count: drawn(count, 1, channels=1), lambda count: drawn(count, 2, channels=1)),
        (lambda count: drawn(count, 1, channels=4), lambda count: drawn(count, 2, channels=4)),
    ],
    ids=["repeated", "black", "real constant", "both black", "black and white", "shades", "grey", "transparent"],
)
def test_whatever_is_judged_gives_numbers(real, fake, count):
    check_numbers(scored(real(2 * count), fake(count)))


def test_a_single_picture_again_and_again_is_called_collapsed():
    card = scored(drawn(100, 1), np.repeat(drawn(1, 2), 50, axis=0))
    assert card.model.same == 1
    assert card.model.spread == pytest.approx(0, abs=1e-6)
    assert any(line.startswith("Collapsed: 100% of pairs") for line in verdict_lines(card))


def test_where_all_real_pictures_are_equal_a_spread_means_nothing():
    card = scored(constant(90, 40), drawn(20, 2))
    assert card.model.spread is None
    (line,) = (line for line in table_lines(card) if line.startswith("spread"))
    assert line.split()[-4:] == ["-"] * 4


def test_only_the_first_pictures_are_compared_in_pixels(monkeypatch):
    """Equal pairs are among the later ones alone; features are of all of them."""
    monkeypatch.setattr(ganvas.metrics.card, "MOST_IN_PIXELS", 10)
    fake = np.concatenate([drawn(10, 2), np.repeat(drawn(1, 3), 20, axis=0)])
    card = scored(drawn(60, 1), fake)
    assert card.model.same == 0
    assert card.model.spread < 0.7


def estimate(value: float, error: float = 0.001) -> Estimate:
    return Estimate(value, value - 2 * error, value + 2 * error, error)


def kind(distance: float, spread: float = 1.0, same: float = 0.0) -> Scores:
    return Scores(estimate(distance), 10.0, 20.0, Neighbourhoods(0.5, 0.4, 0.9, 0.6), spread, same)


@pytest.mark.parametrize(
    ("distance", "begins"),
    [
        (0.0, "No difference"),
        (0.0015, "No difference"),
        (0.02, "Better than the PCA baseline"),
        (0.05, "About as good as the PCA baseline"),
        (0.08, "Not yet as good as the PCA baseline"),
    ],
)
def test_the_first_sentence_follows_the_intervals(distance, begins):
    card = Card(PROTOCOL, kind(distance), kind(0.0), kind(0.05), kind(1.0), None, None, ())
    assert verdict_lines(card)[0].startswith(begins)
    assert len(verdict_lines(card)) == 1


def test_little_variety_is_said_with_its_number():
    card = Card(PROTOCOL, kind(0.02, spread=0.41), kind(0.0), kind(0.05), kind(1.0), None, None, ())
    assert "Hardly varied" in verdict_lines(card)[0]
    assert "0.41" in verdict_lines(card)[0]


def test_a_set_with_equal_pictures_of_its_own_excuses_some_of_a_generators():
    equal, excused = (
        Card(PROTOCOL, kind(0.02, same=0.05), kind(0.0, same=same), kind(0.05), kind(1.0), None, None, ())
        for same in (0.0, 0.02)
    )
    assert any(line.startswith("Collapsed: 5%") for line in verdict_lines(equal))
    assert not any(line.startswith("Collapsed") for line in verdict_lines(excused))


COPIES = Copies(Share(0.2, 0.15, 0.25), Share(0.01, 0.0, 0.02), ((0, 0),), (0.1,))


@pytest.mark.parametrize("distance", [0.0, 0.02, 0.05])
@pytest.mark.parametrize(
    ("same", "spread", "copies", "order"),
    [
        (1.0, 1.0, None, ["Collapsed: 100%"]),
        (1.0, 0.4, COPIES, ["Collapsed: 100%", "Copying"]),
        (0.0, 0.4, COPIES, ["Copying"]),
        (0.0, 0.4, None, ["Hardly varied"]),
        (0.0, 1.0, COPIES, ["Copying"]),
    ],
)
def test_the_worst_finding_leads_however_good_the_pictures_look_one_by_one(distance, same, spread, copies, order):
    model = kind(distance, spread=spread, same=same)
    lines = verdict_lines(Card(PROTOCOL, model, kind(0.0), kind(0.05), kind(1.0), copies, None, ()))
    assert all(line.startswith(begins) for line, begins in zip(lines, order, strict=False))


@pytest.mark.parametrize(("mine", "real"), [(-0.01, 0.001), (0.02, -0.01), (-0.01, -0.01), (0.02, 0.001)])
def test_a_distance_below_zero_is_explained_where_there_is_one(mine, real):
    card = Card(PROTOCOL, kind(mine), kind(real), kind(0.05), kind(1.0), None, None, ())
    assert ("KD-lite below 0: " in text(card)) == (min(mine, real) < 0)
    assert ("falls below 0" in verdict_lines(card)[0]) == (mine < 0)


def test_classes_that_are_reached_are_said_with_what_the_classifier_is_worth():
    modes = Modes(ModeCoverage(7, 10, 0.25), 0.93, 0.9, 0.96)
    copies = Copies(Share(0.2, 0.15, 0.25), Share(0.01, 0.0, 0.02), ((0, 0),), (0.1,))
    card = Card(PROTOCOL, kind(0.02), kind(0.0), kind(0.05), kind(1.0), copies, modes, ("a note",))
    lines = verdict_lines(card)
    assert lines[0].startswith("Copying: 20.0% [15.0, 25.0]")
    assert "7 of 10 classes" in lines[2]
    assert "93%" in lines[2]
    assert card_lines(card)[-1] == "a note"
    check_numbers(card)


@pytest.mark.parametrize(("features", "name"), [("lite", "KD-lite"), ("dinov2", "KD-dinov2"), ("inception", "KD,")])
def test_a_distance_is_named_by_its_extractor(features, name, fair):
    extractor = EXTRACTORS[features].title
    card = replace(fair, protocol=replace(PROTOCOL, features=features, extractor=extractor))
    assert table_lines(card)[1].startswith(name)
    assert extractor in text(card)
    assert "01234567" in text(card)
