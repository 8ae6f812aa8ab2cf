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
from ganvas.explore.walk import noise_loop_around
from ganvas.formats.latents import latents, random_labels, random_words
from ganvas.formats.manifest import Description
from ganvas.formats.paths import EASES, along, harmonics, nearest_stops, noise_loop
from ganvas.formats.point import Point, point_of
from ganvas.formats.preset import Keyframe, Preset
from ganvas.model.onnx import drawn_by_pytorch, smallest_graph, to_onnx
from ganvas.model.weights import load_model
from ganvas.workflows.publish import Quality, Wording, write_export
from ganvas.workflows.walk import WalkOptions, tour

NODE = Path(playwright.__file__).parent / "driver" / "node"
MODULES = "latents.js", "paths.js", "link.js", "photo.js", "motion.js", "presets.js"
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


@pytest.mark.parametrize("ease", EASES)
def test_the_class_changes_at_the_same_moments(from_page, ease):
    seconds, times = [0.5, 2.0, 1.0], np.arange(0, 4, 0.09).round(2).tolist()
    found = from_page(f"{times}.map((time) => page.nearestStop({seconds}, Array(3).fill('{ease}'), time))")
    np.testing.assert_array_equal(found, nearest_stops(seconds, np.array(times), [ease] * 3))


@pytest.mark.parametrize("radius", [0, 0.4, 1, 3])
def test_noise_loops_are_the_same(from_page, radius):
    count = 2 * len(harmonics(radius)) - 1
    found = from_page(
        f"[0, 0.1, 0.77].map((share) => [...page.noiseLoop(seeds.slice(0, {count}).map((seed) => page.latent(seed, 8, "
        f'"normal")), page.harmonics({radius}), share)])'
    )
    expected = noise_loop(latents(range(count), 8), radius, np.array([0, 0.1, 0.77]))
    np.testing.assert_allclose(found, expected, atol=1e-5)


STOPS = (
    '[1n, 2n, 3n].map((seed, at) => ({ z: page.latent(seed, 8, "KIND"), label: at, seconds: [0.5, 2, 1][at], '
    'ease: ["smooth", "linear", "hold"][at] }))'
)
SHARES = [0, 0.1, 0.4, 0.77, 1]
KINDS = ("cat", "dog", "owl")
CELLS = [0, 1, 4]  # of three stops: the last begins on the way from the second to the third


def motion(played, kind="normal"):
    """The moments of a motion of the page, and the numbers of their classes: of CELLS."""
    shape = f'{{ z_dim: 8, z_distribution: "{kind}" }}'
    made = f"new page.Motion({shape}, {{ stops: {STOPS.replace('KIND', kind)}, {played} }})"
    return (
        f"{CELLS}.map((cell) => {SHARES}.map((share) => {made}.at(share, cell)).map(({{ z, label }}) => [...z, label]))"
    )


def test_a_walk_through_keyframes_is_that_of_the_command(from_page, make_model):
    found = from_page(motion('kind: "tour"'))
    seconds, eases = [0.5, 2.0, 1.0], ["smooth", "linear", "hold"]
    keyframes = [
        Keyframe(point=f"seed={at + 1}&label={KINDS[at]}", seconds=seconds[at], ease=eases[at]) for at in range(3)
    ]
    options, model = WalkOptions(Path("film"), tuple(keyframes)), make_model(classes=KINDS)
    for at, cell in enumerate(CELLS):
        moments = [tour(model, options, cell).at(share) for share in SHARES]
        np.testing.assert_allclose(found[at, :, :8], [moment.z for moment in moments], atol=1e-5)
        np.testing.assert_array_equal(found[at, :, 8], [moment.label for moment in moments])
        assert len({moment.label for moment in moments}) > 1
    np.testing.assert_allclose(found[:, -1], found[:, 0], atol=1e-6)


@pytest.mark.parametrize("kind", ["normal", "uniform"])
@pytest.mark.parametrize("radius", [0, 0.6, 4])
def test_drifting_around_keyframes_is_that_of_the_command(from_page, kind, radius, make_model):
    found = from_page(motion(f'kind: "noise", radius: {radius}, seconds: 10, seed: "77"', kind))
    described = make_model(z_distribution=kind).description
    for at, cell in enumerate(CELLS):
        loop = noise_loop_around(latents([cell % 3 + 1], 8, kind)[0], radius, 77 + cell, described, None)
        np.testing.assert_allclose(found[at, :, :8], [loop.at(share).z for share in SHARES], atol=1e-5)
        np.testing.assert_array_equal(found[at, :, 8], cell % 3)
    np.testing.assert_allclose(found[:, -1], found[:, 0], atol=1e-6)


def test_a_radius_that_is_turned_while_it_plays_moves_on_the_same_waves(from_page):
    shape, stops = "{ z_dim: 8, z_distribution: 'normal' }", STOPS.replace("KIND", "normal")
    made = f"new page.Motion({shape}, {{ kind: 'noise', radius: 0.2, seed: 5, stops: {stops} }})"
    found = from_page(f"((motion) => [[...motion.at(0.3).z], (motion.radius = 3, [...motion.at(0.3).z])])({made})")
    expected = [noise_loop_around(latents([1], 8)[0], radius, 5, described(), None).at(0.3).z for radius in (0.2, 3)]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def described(**changes):
    values = {
        "architecture": "cascade",
        "width": 32,
        "height": 24,
        "channels": 3,
        "z_dim": 8,
        "z_distribution": "normal",
    }
    more = {"multiplier": 1, "recipe": "cascade", "images": 1, "averaged": True, "ganvas": "0"}
    return Description.model_validate(values | more | changes)


def test_taps_make_a_tempo_and_a_pause_begins_anew(from_page):
    taps = [0, 500, 1000, 9000, 9400, 9800]
    found = from_page(f"[page.tempoOf([0]), page.tempoOf({taps[:3]}), page.tempoOf({taps[:4]}), page.tempoOf({taps})]")
    assert found.tolist() == [None, 120, None, 150]


MODEL = json.dumps(
    {"z_dim": 8, "classes": ["cat"], "published": {"truncation": 1, "sha256": "a" * 64, "directions": [{}]}}
)
GOOD = {"ganvas_preset": 1, "model": "a" * 64, "keyframes": [{"point": "seed=7&1=0.5"}]}
PLAYED = (
    "{ ...page.USUAL, name: 'Dusk', tempo: 120, kind: 'tour', "
    "keyframes: [{ point: 'seed=7&mix=9%3A0.5', seconds: 3, ease: 'hold' }] }"
)


def test_a_preset_of_the_page_is_one_of_the_command_at_its_own_tempo(from_page):
    preset = Preset.model_validate(from_page(f"page.toPreset({PLAYED}, {MODEL}, {{ bindings: [1] }})").item())
    assert (preset.name, preset.model, preset.page["bindings"]) == ("Dusk", "a" * 64, [1])
    assert [(each.seconds, each.ease) for each in preset.keyframes] == [(1.5, "hold")]
    assert preset.points == [Point(seed=7, mix=((9, 0.5),))]
    again = from_page(f"page.fromPreset(page.readPreset({json.dumps(preset.to_json())}, {MODEL})).played").item()
    assert (again["keyframes"][0]["seconds"], again["tempo"]) == (3, 120)


WRONG = {
    "no JSON": "{",
    "does not say": {**GOOD, "ganvas_preset": 2},
    "no SHA-256": {**GOOD, "model": "b"},
    "another model, bbbbbbbbbbbb,": {**GOOD, "model": "b" * 64},
    "no short text": {**GOOD, "name": "x" * 101},
    "1 to 1000 keyframes": {**GOOD, "keyframes": []},
    "unknown part, more": {**GOOD, "more": 1},
    "no point": {**GOOD, "keyframes": [{"point": 7}]},
    "the seed of its point": {**GOOD, "keyframes": [{"point": "seed=-1"}]},
    "keyframe 1: label of its point": {**GOOD, "keyframes": [{"point": "seed=7&label=dog"}]},
    "keyframe 1: 2 of its point": {**GOOD, "keyframes": [{"point": "seed=7&2=0.5"}]},
    "keyframe 1: truncation of its point": {**GOOD, "keyframes": [{"point": "seed=7&truncation=9"}]},
    "keyframe 1: z of its point": {**GOOD, "keyframes": [{"point": "seed=7&z=AAAA"}]},
    "keyframe 1: constructor of its point": {**GOOD, "keyframes": [{"point": "seed=7&constructor=1"}]},
    "no sensible time": {**GOOD, "keyframes": [{"point": "seed=7", "seconds": 0}]},
    "no ease": {**GOOD, "keyframes": [{"point": "seed=7", "ease": "constructor"}]},
    "page is no object": {**GOOD, "page": []},
    "radius is not a number from 0 to 10": {**GOOD, "page": {"radius": "1"}},
    "columns is not a whole number from 1 to 8": {**GOOD, "page": {"columns": 1e9}},
}


def test_what_is_no_preset_of_this_model_is_refused_and_said_why(from_page):
    texts = [given if isinstance(given, str) else json.dumps(given) for given in [GOOD, *WRONG.values()]]
    complaint = f"try {{ page.readPreset(text, {MODEL}); return null; }} catch (error) {{ return error.message; }}"
    good, *found = from_page(f"{json.dumps(texts)}.map((text) => {{ {complaint} }})").tolist()
    assert good is None
    assert [said for said, expected in zip(found, WRONG, strict=True) if expected not in (said or "")] == []


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
    [
        {},
        {"channels": 1},
        {"channels": 4},
        {"classes": ("cat", "dog")},
        pytest.param({"width": 132, "height": 100}, marks=pytest.mark.slow),
        pytest.param({"z_dim": 6}, marks=pytest.mark.slow),
    ],
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
