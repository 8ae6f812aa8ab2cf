import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganvas.errors import SettingError
from ganvas.formats.latents import latents
from ganvas.formats.manifest import Description
from ganvas.formats.paths import between
from ganvas.formats.point import Point, point_of


def described(**changes) -> Description:
    facts = {"architecture": "swift", "width": 16, "height": 16, "channels": 3, "z_dim": 6, "z_distribution": "normal"}
    told = {"multiplier": 1.0, "recipe": "swift", "images": 0, "averaged": True, "ganvas": "0"}
    return Description(**(facts | told | changes))


SEEDS = st.integers(0, 2**64 - 1)
FLOATS = st.floats(-1000, 1000, width=32)
POINTS = st.builds(
    Point,
    seed=SEEDS,
    z=st.none() | st.lists(FLOATS, min_size=1, max_size=9).map(tuple),
    truncation=st.none() | st.floats(0, 2),
    label=st.none() | st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()),
    mix=st.lists(st.tuples(SEEDS, st.floats(0, 1)), max_size=4).map(tuple),
    fine=st.none() | st.tuples(SEEDS, st.integers(0, 64)),
    steps=st.dictionaries(st.integers(1, 64), st.floats(-4, 4).filter(bool), max_size=5),
)


@given(POINTS)
def test_a_link_says_all_of_a_point(point):
    link = point.to_link()
    assert point_of(link) == point
    assert point_of(f"https://example.org/cars/?q=1#{link}") == point


@given(SEEDS)
def test_a_seed_alone_is_a_link(seed):
    assert point_of(f" {seed} ") == Point(seed=seed)


@pytest.mark.parametrize(
    "link",
    [
        *(
            "",
            "#",
            "hello",
            "seed=",
            "seed=-1",
            f"seed={2**64}",
            "seed=1.5",
            "seed=1&truncation=9",
            "seed=1&truncation=nan",
        ),
        *("seed=1&mix=2", "seed=1&mix=2:2", "seed=1&mix=a:0.5", "seed=1&fine=2:3:4", "seed=1&1=5", "seed=1&0=1"),
        *("seed=1&colour=red", "seed=1&z=%%%", "seed=1&z=AAAA", "seed=1&z=AADAfw", "seed=1&1=inf", "9" * 50_000),
    ],
)
def test_what_is_no_link_is_refused_in_one_line(link):
    with pytest.raises(SettingError) as refused:
        point_of(link)
    assert len(str(refused.value)) < 600
    assert "\n" not in str(refused.value)


def test_of_two_words_of_a_name_the_first_counts_as_in_a_browser():
    assert point_of("seed=1&seed=2").seed == 1


def test_a_point_is_mixed_then_shortened_then_moved():
    direction = np.eye(6)[2]
    point = point_of("seed=1&mix=2:0.25&truncation=0.5&1=2")
    mixed = between(latents([1], 6), latents([2], 6), np.array([[0.25]]))[0]
    np.testing.assert_allclose(point.latent(described(), [direction]), 0.5 * mixed + 2 * direction, atol=1e-6)


def test_mixtures_are_made_in_turn():
    first = between(latents([1], 6), latents([2], 6), np.array([[0.25]]))
    both = between(first, latents([3], 6), np.array([[0.5]]))[0]
    np.testing.assert_allclose(point_of("seed=1&mix=2:0.25,3:0.5").latent(described()), both, atol=1e-6)


def test_the_fine_numbers_come_from_another_seed():
    found = point_of("seed=1&fine=2:4").latent(described())
    np.testing.assert_array_equal(found, np.concatenate([latents([1], 6)[0, :4], latents([2], 6)[0, 4:]]))


def test_uniform_latents_stay_in_their_cube():
    found = point_of("seed=1&mix=2:0.5").latent(described(z_distribution="uniform"))
    assert np.abs(found).max() <= 1


@pytest.mark.parametrize("link", ["seed=1&3=1", Point(z=(1.0, 2.0)).to_link()])
def test_what_a_model_does_not_have_is_refused(link):
    with pytest.raises(SettingError, match="this model"):
        point_of(link).latent(described(), [np.ones(6)] * 2)


def test_labels_are_those_of_the_model():
    classes = ("cat", "dog")
    assert point_of("seed=1&label=dog").label_index(classes) == 1
    assert point_of("seed=1").label_index(classes) in (0, 1)
    assert point_of("seed=1").label_index(()) is None
    with pytest.raises(SettingError, match="not one of this model"):
        point_of("seed=1&label=cow").label_index(classes)
