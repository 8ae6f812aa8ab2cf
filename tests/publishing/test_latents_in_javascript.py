"""The page's latents are those of Python: a shared seed is a shared picture."""

import json
import subprocess
from pathlib import Path

import numpy as np
import playwright
import pytest

import ganvas.publishing
from ganvas.formats.latents import latents, random_labels, random_words
from ganvas.formats.paths import along

NODE = Path(playwright.__file__).parent / "driver" / "node"
PAGE = Path(ganvas.publishing.__file__).parent / "page"
SEEDS = [
    *range(5000),
    *np.random.default_rng(0).integers(0, 2**64, 4990, dtype=np.uint64).tolist(),
    *(2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**53 + 1, 2**63, 2**64 - 2, 2**64 - 1, 10**6, 10**18),
]


@pytest.fixture(scope="module")
def from_page(tmp_path_factory):
    """A function: an expression over the page's own functions and `seeds`, BigInts -> what it is in JavaScript."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (folder / "latents.js").write_bytes((PAGE / "latents.js").read_bytes())
    (folder / "seeds.json").write_text(json.dumps(list(map(str, SEEDS))), encoding="utf-8")

    def value_of(expression):
        (folder / "main.js").write_text(
            'import { readFileSync } from "node:fs";\n'
            'import * as page from "./latents.js";\n'
            'const seeds = JSON.parse(readFileSync("seeds.json")).map(BigInt);\n'
            f"console.log(JSON.stringify({expression}));\n",
            encoding="utf-8",
        )
        done = subprocess.run([NODE, "main.js"], cwd=folder, capture_output=True, text=True, check=True)
        return np.array(json.loads(done.stdout))

    return value_of


def test_ten_thousand_seeds_give_the_same_words(from_page):
    np.testing.assert_array_equal(from_page("seeds.map((seed) => page.randomWords(seed, 6))"), random_words(SEEDS, 6))


def test_ten_thousand_seeds_give_the_same_normal_latents(from_page):
    found = from_page('seeds.map((seed) => [...page.latent(seed, 9, "normal")])')
    np.testing.assert_allclose(found, latents(SEEDS, 9), rtol=0, atol=1e-6)


def test_ten_thousand_seeds_give_the_same_uniform_latents(from_page):
    found = from_page('seeds.map((seed) => [...page.latent(seed, 5, "uniform")])')
    np.testing.assert_allclose(found, latents(SEEDS, 5, "uniform"), rtol=0, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_ten_thousand_seeds_give_the_same_labels(from_page, classes):
    found = from_page(f"seeds.map((seed) => page.randomLabel(seed, {classes}))")
    np.testing.assert_array_equal(found, random_labels(SEEDS, classes))


def test_the_way_between_two_latents_is_the_same(from_page):
    found = from_page(
        'seeds.slice(0, 50).map((seed, at) => [...page.between(page.latent(seed, 8, "normal"), '
        'page.latent(seeds[at + 1], 8, "normal"), 0.3)])'
    )
    expected = [along(latents([seed, seed + 1], 8), [1, 1], np.array([0.3]))[0] for seed in range(50)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_the_way_from_a_latent_to_itself_stays_there(from_page):
    found = from_page('[...page.between(page.latent(7n, 8, "normal"), page.latent(7n, 8, "normal"), 0.4)]')
    np.testing.assert_allclose(found, latents([7], 8)[0], rtol=0, atol=1e-6)
