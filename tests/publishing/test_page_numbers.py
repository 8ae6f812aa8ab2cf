"""What the page works out is what Python does: a shared seed, link or photo is a shared picture."""

import json
import subprocess
from pathlib import Path

import numpy as np
import playwright
import pytest
from PIL import Image

import ganvas.publishing
from ganvas.explore.photo import fitted, read_photo
from ganvas.explore.project import project
from ganvas.formats.latents import latents, random_labels, random_words
from ganvas.formats.paths import EASES, along, harmonics, noise_loop
from ganvas.formats.point import Point, point_of
from ganvas.model.onnx import drawn_by_pytorch, smallest_graph, to_onnx
from ganvas.model.weights import load_model
from ganvas.workflows.publish import Quality, Wording, write_export

NODE = Path(playwright.__file__).parent / "driver" / "node"
MODULES = "latents.js", "paths.js", "link.js", "photo.js", "motion.js", "presets.js", "view.js", "record.js"
IMPORTS = "".join(f'import * as {name[:-3]} from "./{name}";' for name in MODULES)
SPREAD = ", ".join(f"...{name[:-3]}" for name in MODULES)
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
    for name in MODULES:
        (folder / name).write_bytes((PAGE / name).read_bytes())
    (folder / "seeds.json").write_text(json.dumps(list(map(str, SEEDS))), encoding="utf-8")

    def value_of(expression):
        (folder / "main.js").write_text(
            'import { readFileSync } from "node:fs";\n'
            f"{IMPORTS}\n"
            f"const page = {{ {SPREAD} }};\n"
            'const seeds = JSON.parse(readFileSync("seeds.json")).map(BigInt);\n'
            f"console.log(JSON.stringify({expression}));\n",
            encoding="utf-8",
        )
        done = subprocess.run([NODE, "main.js"], cwd=folder, capture_output=True, text=True, check=True)
        return np.array(json.loads(done.stdout))

    value_of.folder = folder
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


@pytest.mark.parametrize("ease", EASES)
def test_tours_are_the_same(from_page, ease):
    stops, seconds = latents([1, 2, 3], 8), [0.5, 2.0, 1.0]
    times = [0, 0.3, 0.5, 1.7, 3.4, 3.5, 5.1]
    found = from_page(
        f'{times}.map((time) => [...page.along([1n, 2n, 3n].map((seed) => page.latent(seed, 8, "normal")), {seconds}, '
        f"Array(3).fill('{ease}'), time)])"
    )
    np.testing.assert_allclose(found, along(stops, seconds, np.array(times), [ease] * 3), atol=1e-5)


@pytest.mark.parametrize("radius", [0, 0.4, 1, 3])
def test_noise_loops_are_the_same(from_page, radius):
    count = 2 * len(harmonics(radius)) - 1
    found = from_page(
        f"[0, 0.1, 0.77].map((share) => [...page.noiseLoop(seeds.slice(0, {count}).map((seed) => page.latent(seed, 8, "
        f'"normal")), page.harmonics({radius}), share)])'
    )
    expected = noise_loop(latents(range(count), 8), radius, np.array([0, 0.1, 0.77]))
    np.testing.assert_allclose(found, expected, atol=1e-5)


LINKS = [
    "seed=42",
    "seed=18446744073709551615&truncation=0.8&mix=7:0.5&1=2.5",
    "seed=1&label=cat&fine=9:4&2=-1.25",
    Point(seed=3, z=tuple(latents([5], 8)[0].tolist()), mix=((4, 0.25), (9, 0.5))).to_link(),
]


@pytest.mark.parametrize("link", LINKS)
def test_links_say_the_same(from_page, link):
    described = {"z_dim": 8, "classes": ["cat", "dog"], "published": {"truncation": 1, "directions": [{}, {}, {}]}}
    found = from_page(
        f"[page.toLink(page.fromLink({json.dumps(link)}, {json.dumps(described)}), {json.dumps(described)})]"
    )
    assert point_of(str(found[0])) == point_of(link)


@pytest.mark.parametrize("size", [(24, 32), (31, 90), (200, 60), (7, 5)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_photos_are_fitted_alike(from_page, size, channels, tmp_path):
    numbers = np.random.default_rng(0)
    photo = numbers.integers(0, 256, (*size, 4), dtype=np.uint8)
    photo[..., 3] = numbers.choice([0, 255], size) if channels == 4 else 255
    kind = {1: "grey", 3: "rgb", 4: "rgba"}[channels]
    Image.fromarray(photo).save(tmp_path / "photo.png")
    (from_page.folder / "photo.json").write_text(json.dumps(photo.ravel().tolist()), encoding="utf-8")
    found = from_page(
        f'[...page.fitted({{ width: {size[1]}, height: {size[0]}, data: JSON.parse(readFileSync("photo.json")) }}, '
        f"32, 24, {channels})]"
    )
    expected = fitted(read_photo(tmp_path / "photo.png", kind), 32, 24, "crop")
    np.testing.assert_allclose(found, expected.ravel(), atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [{}, {"channels": 1}, {"channels": 4}, {"classes": ("cat", "dog")}, {"width": 132, "height": 100}, {"z_dim": 6}],
)
def test_a_photo_has_the_latent_of_the_command(from_page, make_model, changes, tmp_path):
    model = make_model(**changes)
    described = model.description
    graph = smallest_graph(to_onnx(model), described, drawn_by_pytorch(model))
    published = write_export(tmp_path / "exported", model, graph, Wording(), Quality())
    model = load_model(tmp_path / "exported")  # whose weights are as exact as those of the graph
    photo = np.random.default_rng(0).integers(0, 256, (90, 150, 4), dtype=np.uint8)
    photo[..., 3] = 255
    Image.fromarray(photo).save(tmp_path / "photo.png")
    (from_page.folder / "photo.json").write_text(json.dumps(photo.ravel().tolist()), encoding="utf-8")
    (from_page.folder / "model.onnx").write_bytes((tmp_path / "exported" / "model.onnx").read_bytes())
    height, width = published.components
    shape = {"width": described.width, "height": described.height, "channels": described.channels}
    found = from_page(
        f'[...page.latentOfPhoto(page.components(new Uint8Array(readFileSync("model.onnx"))), page.reduced(page.fitted('
        f'{{ width: 150, height: 90, data: JSON.parse(readFileSync("photo.json")) }}, {described.width}, '
        f"{described.height}, {described.channels}), {json.dumps(shape)}, {{ width: {width}, height: {height} }}), 0)]"
    )
    pixels = fitted(
        read_photo(tmp_path / "photo.png", described.channel_setting), described.width, described.height, "crop"
    )
    expected = project(model, pixels, steps=0, label=0 if described.classes else None).z
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_model_without_components_sees_no_photos(from_page, make_model):
    (from_page.folder / "model.onnx").write_bytes(to_onnx(make_model("dcgan", width=32, height=32)).SerializeToString())
    assert from_page('[page.components(new Uint8Array(readFileSync("model.onnx")))]').tolist() == [None]
