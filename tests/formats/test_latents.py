import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganvas.formats.latents import latents, philox, random_labels, random_words


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_the_published_answers(counter, key, expected):
    assert philox(np.array(counter, dtype=np.uint32), np.array(key, dtype=np.uint32)).tolist() == expected


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=8), st.integers(1, 33))
def test_a_latent_depends_on_its_seed_alone(seeds, z_dim):
    together = latents(seeds, z_dim)
    alone = np.concatenate([latents([seed], z_dim) for seed in seeds])
    np.testing.assert_array_equal(together, alone)


def test_a_shorter_latent_is_the_beginning_of_a_longer_one():
    np.testing.assert_array_equal(latents([5], 7), latents([5], 100)[:, :7])


def test_normal_latents_have_the_moments_of_a_standard_normal():
    z = latents(range(2000), 100)
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.01
    assert abs((z**4).mean() - 3) < 0.1
    assert abs(np.corrcoef(z[:, 0], z[:, 1])[0, 1]) < 0.1


def test_uniform_latents_fill_the_interval_and_stay_inside_it():
    z = latents(range(2000), 100, "uniform")
    assert -1 <= z.min() < -0.999
    assert 0.999 < z.max() <= 1
    assert abs((z**2).mean() - 1 / 3) < 0.01


def test_random_labels_are_even_and_independent_of_the_latent_words():
    labels = random_labels(range(10000), 10)
    assert np.bincount(labels, minlength=10).min() > 850
    first_words = random_words(range(10000), 1)[:, 0]
    assert abs(np.corrcoef(labels, first_words)[0, 1]) < 0.05


@pytest.mark.parametrize("seeds", [[-1], [2**64]])
def test_seeds_outside_64_bits_are_refused(seeds):
    with pytest.raises(ValueError, match="seeds"):
        latents(seeds, 4)


def test_an_unknown_distribution_is_refused():
    with pytest.raises(ValueError, match="cauchy"):
        latents([1], 4, "cauchy")
