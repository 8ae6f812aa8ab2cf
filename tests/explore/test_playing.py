"""The commands that play a generator, through the public functions, on a small untrained one."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from played import drawn, frames_of
from typer.testing import CliRunner

import ganvas
from exported_models import small_model
from ganvas.cli.main import app
from ganvas.errors import ModelError, SettingError
from ganvas.explore.directions import parting
from ganvas.explore.project import project
from ganvas.formats.images import save_png
from ganvas.formats.paths import between
from ganvas.formats.point import point_of
from ganvas.formats.sheets import GAP_PX, MOST_SCALE, TEXT_PX
from ganvas.model import draw_all, latents_for
from ganvas.model.weights import Model, load_model, save_model, spec_of
from ganvas.pixels import to_float
from ganvas.training import build_networks

CLASSES = ("cat", "dog")


def test_the_first_guess_of_a_picture_on_the_components_is_its_own_latent(folder):
    model = load_model(folder())
    z = latents_for(model.description, [11])
    components = model.generator.base
    with torch.no_grad():
        photo = components.draw(z)
        found = components.latents(photo)
    np.testing.assert_allclose(found, z, atol=1e-3)


@pytest.mark.parametrize("architecture", ["cascade-narrow", "dcgan"])
def test_a_search_comes_nearer_and_finds_a_generated_picture_again(architecture, folder):
    path = folder(architecture, **({"width": 32, "height": 32} if architecture == "dcgan" else {}))
    model = load_model(path)
    (picture,) = drawn(path, [600])
    found = project(model, picture, steps=60)
    assert found.after.features < found.before.features
    assert len(found.search) > 10
    assert project(model, picture, steps=0).after == found.before


def test_an_encoder_makes_the_first_guess_where_there_is_one():
    model = small_model("vaegan", width=32, height=32)
    networks = build_networks("vaegan", spec_of(model.description), "kaiming", torch.Generator().manual_seed(1))
    assert networks.encoder is not None
    encoder = networks.encoder.eval().requires_grad_(False)
    photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    found = project(Model(model.description, model.generator, encoder), photo, steps=0)
    with torch.no_grad():
        mean, _ = encoder(to_float(torch.from_numpy(photo)[None]))
    np.testing.assert_allclose(found.z, mean[0], atol=1e-5)


def test_a_class_that_is_named_is_kept_and_the_best_is_found_otherwise(folder, tmp_path):
    path = folder(classes=CLASSES)
    photo = tmp_path / "photo.png"
    save_png(photo, drawn(folder(), [4])[0], scale=1)
    (found,) = ganvas.project(path, photo, steps=0, label="dog", progress=False)
    assert point_of(found.link).label == "dog"
    with pytest.raises(SettingError, match="not one of this model"):
        ganvas.project(path, photo, steps=0, label="cow", progress=False)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_photo_that_is_none_is_named(content, folder, tmp_path):
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(SettingError, match=r"bad\.png"):
        ganvas.project(folder(), tmp_path / "bad.png", tmp_path / "out", progress=False)
    with pytest.raises(SettingError, match=r"none\.png"):
        ganvas.project(folder(), tmp_path / "none.png", progress=False)
    assert not (tmp_path / "out").exists()


def test_photos_of_one_name_each_have_a_strip_and_none_is_replaced_by_it(folder, tmp_path):
    for place in ("a", "b"):
        save_png(tmp_path / place / "me.png", drawn(folder(), [4])[0], scale=1)
    photos, before = [tmp_path / "a" / "me.png", tmp_path / "b" / "me.png"], (tmp_path / "a" / "me.png").read_bytes()
    ganvas.project(folder(), photos, tmp_path / "out", steps=0, progress=False)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"me.png", "me-2.png", "preset.json"}
    with pytest.raises(SettingError, match="choose another folder"):
        ganvas.project(folder(), photos[0], tmp_path / "a", steps=0, progress=False)
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()} == {"me.png": before}


def test_a_photo_of_another_shape_fits_and_a_film_is_written(folder, tmp_path):
    save_png(tmp_path / "wide.png", np.random.default_rng(0).integers(0, 255, (40, 90, 3), dtype=np.uint8), scale=1)
    ganvas.project(folder(), tmp_path / "wide.png", tmp_path / "out", steps=3, film=True, fit="pad", progress=False)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"wide.png", "wide.mp4", "preset.json"}
    assert len(frames_of(tmp_path / "out" / "wide.mp4")) > 30


@pytest.mark.parametrize("name", ["sheet.xyz", "sheet", "sheet.pdf"])
def test_sheets_of_an_unknown_ending_are_refused_before_anything_is_written(name, folder, tmp_path):
    model = load_model(folder())
    path = tmp_path / "model"
    save_model(path, model.description, model.generator)
    before = sorted(path.iterdir())
    for play in (
        lambda out: ganvas.mix(path, [1], [2], out),
        lambda out: ganvas.neighbours(path, [1], tmp_path, out),
        lambda out: ganvas.directions(path, out),
    ):
        with pytest.raises(SettingError, match=r"sheets end in \.png"):
            play(tmp_path / name)
    assert list(tmp_path.iterdir()) == [path]
    assert sorted(path.iterdir()) == before


def test_a_table_of_mixtures_has_the_mixtures_in_it(folder, tmp_path):
    path = folder()
    ganvas.mix(path, [1, 2], [3, 4, 5], tmp_path / "mix.png")
    with Image.open(tmp_path / "mix.png") as sheet:
        assert sheet.width > 4 * 32 * MOST_SCALE
        corner = sheet.convert("RGB").crop((0, 0, 32 * MOST_SCALE, TEXT_PX + 2 * GAP_PX))
        words = sheet.convert("RGB").crop((32 * MOST_SCALE + GAP_PX, 0, sheet.width, TEXT_PX + 2 * GAP_PX))
    assert len(corner.getcolors()) == 1  # no name over the rows' pictures, and one over each column's
    assert len(words.getcolors()) > 1
    model = load_model(path)
    from ganvas.explore.mix import mixed

    points = [[point_of(str(seed)) for seed in seeds] for seeds in ([1, 2], [3, 4, 5])]
    table = mixed(model, *points, share=0.25)
    first, second = (latents_for(model.description, [seed]).numpy() for seed in (2, 4))
    expected = between(first, second, np.array([[0.25]]))
    difference = table[2, 2].astype(int) - draw_all(model.generator, torch.from_numpy(expected), None)[0]
    assert np.abs(difference).max() <= 1
    np.testing.assert_array_equal(table[0, 1:], drawn(path, [3, 4, 5]))
    coarse = mixed(model, *points, coarse=3)
    styled = np.concatenate([first[:, :3], second[:, 3:]], axis=1)
    assert np.abs(coarse[2, 2].astype(int) - draw_all(model.generator, torch.from_numpy(styled), None)[0]).max() <= 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"share": 2}, "0 to 1"),
        ({"coarse": 0}, "1 to 7"),
        ({"coarse": 8}, "1 to 7"),
        ({"rows": []}, "0 by 1"),
        ({"label": "cow"}, "not one of this model"),
        ({"share": 0.3, "coarse": 4}, "--share 0.3 beside --coarse 4"),
        ({"seeds": [3]}, "--seeds beside"),
        ({"rows": None, "columns": None}, "which pictures"),
        ({"rows": ["seed=1&truncation=1"], "columns": ["seed=2&truncation=1"], "truncation": 0.5}, "--truncation 0.5"),
    ],
)
def test_mixtures_that_cannot_be_are_refused(asked, said, folder):
    with pytest.raises(SettingError, match=said):
        ganvas.mix(folder(), **({"rows": [1], "columns": [2]} | asked))


def test_seeds_are_mixed_with_one_another_and_stand_for_the_side_that_is_not_given(folder):
    def sheet(**given):
        return ganvas.mix(folder(), **given).tobytes()

    table = sheet(rows=[3, 7], columns=[3, 7])
    assert sheet(seeds=[3, 7]) == sheet(rows=[3, 7]) == sheet(columns=[3, 7]) == table
    assert sheet(seeds=[3, 7], columns=[1, 2]) == sheet(rows=[3, 7], columns=[1, 2]) != table
    assert sheet(seeds=[3, 7], rows=[1, 2]) == sheet(rows=[1, 2], columns=[3, 7]) != table


def test_a_link_with_commas_of_its_own_is_one_picture_and_seeds_are_parted_by_commas(folder, tmp_path):
    link = "seed=1&mix=2:0.5,3:0.2"
    out = tmp_path / "mix.png"
    typed = ["mix", str(folder()), "--rows", f"7,8 {link}", "--columns", "4, 5,", "--out", str(out)]
    result = CliRunner().invoke(app, typed, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    expected = ganvas.mix(folder(), [7, 8, link], [4, 5])
    with Image.open(out) as sheet:
        np.testing.assert_array_equal(np.asarray(sheet), np.asarray(expected))


def test_a_blend_that_is_asked_for_a_moment_of_what_is_no_run_is_refused(folder, tmp_path):
    for moment in ({"at": 64}, {"other_at": 64}):
        with pytest.raises(ganvas.GanvasError):
            ganvas.blend(folder(), folder(), tmp_path / "out", **moment)
    assert not (tmp_path / "out").exists()


def test_what_a_search_would_not_look_at_is_refused(folder, tmp_path):
    photo = tmp_path / "photo.png"
    save_png(photo, drawn(folder(), [4])[0], scale=1)
    for asked, said in (
        ({"seed": 3}, "--seed 3"),
        ({"film": True, "steps": 0, "out": tmp_path / "out"}, "--film"),
        ({"film": True}, "--film"),
    ):
        with pytest.raises(SettingError, match=said):
            ganvas.project(folder(), photo, progress=False, **asked)
    assert not (tmp_path / "out").exists()
    whole = folder("dcgan", width=32, height=32)
    one, other = (ganvas.project(whole, photo, steps=0, seed=seed, progress=False)[0].z for seed in (3, 5000))
    assert not np.array_equal(one, other)


def test_a_blend_is_between_its_ends_and_can_be_drawn_from(folder, tmp_path):
    one = folder()
    model = load_model(one)
    with torch.no_grad():
        for weight in model.generator.parameters():
            weight.add_(0.05)
    save_model(tmp_path / "other", model.description, model.generator)
    for share, expected in ((0, drawn(one, [1])), (1, drawn(tmp_path / "other", [1]))):
        ganvas.blend(one, tmp_path / "other", tmp_path / f"at{share}", share=share)
        assert np.abs(drawn(tmp_path / f"at{share}", [1]).astype(int) - expected).max() <= 1
    assert (tmp_path / "at0" / "preview.png").exists()


@pytest.mark.parametrize("changes", [{"z_dim": 6}, {"width": 48}, {"classes": CLASSES}, {"channels": 1}])
def test_models_of_other_networks_are_not_blended(changes, folder, tmp_path):
    with pytest.raises(SettingError, match=next(iter(changes))):
        ganvas.blend(folder(), folder(**changes), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_blend_does_not_overwrite_what_it_is_made_of(folder, tmp_path):
    (tmp_path / "holiday.jpg").touch()
    for out in (folder(), folder(z_dim=6), tmp_path):
        before = sorted(out.iterdir())
        with pytest.raises(SettingError, match="choose another folder"):
            ganvas.blend(folder(), folder(), out)
        assert sorted(out.iterdir()) == before


def test_training_pictures_that_are_drawn_are_found_and_called_copies(folder, tmp_path):
    path = folder()
    for seed, picture in enumerate(drawn(path, range(12))):
        save_png(tmp_path / "set" / f"{seed}.png", picture, scale=1)
    (near,) = ganvas.neighbours(path, [7], tmp_path / "set", tmp_path / "sheet.png")
    assert near.is_copy
    np.testing.assert_array_equal(near.pictures[0], drawn(path, [7])[0])
    assert (tmp_path / "sheet.png").exists()


def test_names_of_directions_last(folder, tmp_path):
    model = load_model(folder())
    save_model(tmp_path, model.description, model.generator)
    found = ganvas.directions(tmp_path, tmp_path / "sheet.png")
    written = json.loads(found.path.read_text())
    written["directions"][1]["name"] = "smile"
    found.path.write_text(json.dumps(written))
    assert [each.name for each in ganvas.directions(tmp_path).directions][1] == "smile"
    found.path.write_text("{}]")
    with pytest.raises(ModelError, match=r"directions\.json"):
        ganvas.directions(tmp_path)


def test_a_direction_from_examples_parts_them_and_is_kept(folder, tmp_path):
    model = load_model(folder())
    save_model(tmp_path / "model", model.description, model.generator)
    generator = ganvas.load(tmp_path / "model")
    seeds = range(60)
    high = generator.latents(seeds)[:, 2] > 0
    for name, chosen in (("liked", high), ("others", ~high)):
        generator.save_pictures(tmp_path / name, [seed for seed in seeds if chosen[seed]])
        (tmp_path / name / "grid.png").unlink()
    found = ganvas.directions(tmp_path / "model", liked=tmp_path / "liked", others=tmp_path / "others")
    assert found.parted.low > 0.5
    assert np.argmax(np.abs(found.parted.vector)) == 2
    assert found.directions[-1].name == "liked"
    assert ganvas.directions(tmp_path / "model").directions[-1] == found.directions[-1]


def test_a_name_that_a_main_direction_has_or_that_names_nothing_is_refused(folder, tmp_path):
    model = load_model(folder())
    save_model(tmp_path / "model", model.description, model.generator)
    ganvas.load(tmp_path / "model").save_pictures(tmp_path / "liked", range(5))
    (tmp_path / "liked" / "grid.png").unlink()
    with pytest.raises(SettingError, match="from examples"):
        ganvas.directions(tmp_path / "model", name="smile")
    taken = ganvas.directions(tmp_path / "model").directions[0].name
    with pytest.raises(SettingError, match="main direction"):
        ganvas.directions(tmp_path / "model", liked=tmp_path / "liked", others=tmp_path / "liked", name=taken)
    assert ganvas.directions(tmp_path / "model").directions[0].name == taken


def test_examples_of_nothing_are_parted_no_better_than_chance():
    numbers = np.random.default_rng(0)
    found = parting(numbers.normal(size=(40, 16)), numbers.normal(size=(40, 16)))
    assert found.low < 0.5 < found.high or found.right / found.of < 0.65


def test_leaving_one_out_is_what_fitting_without_it_says():
    numbers = np.random.default_rng(1)
    liked, others = numbers.normal(0.5, 1, (9, 5)), numbers.normal(-0.5, 1, (7, 5))
    found = parting(liked, others)
    assert 0 <= found.right <= 16
    assert np.linalg.norm(found.vector) == pytest.approx(1)
    assert found.vector @ (liked.mean(0) - others.mean(0)) > 0


def test_pictures_that_do_not_say_what_they_were_drawn_from_are_refused(folder, tmp_path):
    for name in ("liked", "others"):
        save_png(tmp_path / name / "holiday.png", np.zeros((8, 8, 3), np.uint8), scale=1)
    with pytest.raises(SettingError, match=r"holiday\.png"):
        ganvas.directions(folder(), liked=tmp_path / "liked", others=tmp_path / "others")
    with pytest.raises(SettingError, match="go together"):
        ganvas.directions(folder(), liked=tmp_path / "liked")
