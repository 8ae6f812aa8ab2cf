"""Films through latent space, on a small untrained generator."""

import av
import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from played import drawn, frames_of

import ganvas
from ganvas.errors import SettingError
from ganvas.explore.points import identities_of
from ganvas.files import replace_text
from ganvas.formats.images import save_png
from ganvas.formats.paths import between
from ganvas.formats.point import point_of
from ganvas.formats.preset import Keyframe, Preset
from ganvas.model import draw_all, latents_for
from ganvas.model.weights import load_model
from ganvas.report.video import WRITERS
from ganvas.workflows.walk import WalkOptions, walk_film

CLASSES = ("cat", "dog")


@pytest.mark.parametrize("ending", [".mp4", ".webm", ".gif", ".webp", ""])
def test_a_walk_shows_its_stops_when_it_should_and_ends_where_it_begins(ending, folder, tmp_path):
    path = folder()
    out = ganvas.walk(path, tmp_path / f"film{ending}", stops=[3, 8], seconds=2, fps=10, scale=4, progress=False)
    frames = frames_of(out)
    assert len(frames) == 20
    assert frames[0].shape == (96, 128, 3)
    for number, picture in zip((0, 10), drawn(path, [3, 8]), strict=True):
        enlarged = np.asarray(Image.fromarray(picture).resize((128, 96), Image.Resampling.BICUBIC))
        assert np.abs(frames[number].astype(int) - enlarged).mean() < (0.5 if ending == "" else 12)
    moved = [np.abs(frames[0].astype(int) - frame).mean() for frame in frames]
    assert moved[10] > max(moved[1], moved[-1])  # the last is as near to the first as the second is


def test_pictures_side_by_side_are_each_a_stop_further(folder, tmp_path):
    path = folder()
    out = ganvas.walk(path, tmp_path / "a", stops=[3, 8], grid="2x1", seconds=1, fps=2, scale=1, progress=False)
    first, second = frames_of(out)
    one, other = drawn(path, [3, 8])
    for frame, expected in ((first, (one, other)), (second, (other, one))):
        np.testing.assert_array_equal(frame[1:25, 1:33], expected[0])
        np.testing.assert_array_equal(frame[1:25, 34:66], expected[1])


def test_no_two_pictures_of_a_grid_are_the_same_where_it_has_more_than_there_are_stops(folder, tmp_path):
    out = ganvas.walk(folder(), tmp_path / "a", stops=[3, 8], grid="1x6", seconds=0.1, fps=10, scale=1, progress=False)
    cells = [frames_of(out)[0][1 + 25 * cell : 25 + 25 * cell, 1:33].tobytes() for cell in range(6)]
    assert len(set(cells)) == 6


def test_frames_are_not_mixed_with_those_of_another_film(folder, tmp_path):
    asked = {"fps": 10, "scale": 1, "progress": False}
    ganvas.walk(folder(), tmp_path / "a", seconds=0.5, **asked)
    with pytest.raises(SettingError, match="choose another folder"):
        ganvas.walk(folder(), tmp_path / "a", seconds=0.1, **asked)
    assert len(frames_of(tmp_path / "a")) == 5
    (tmp_path / "empty").mkdir()
    assert len(frames_of(ganvas.walk(folder(), tmp_path / "empty", seconds=0.1, **asked))) == 1


@pytest.mark.parametrize("ending", [".mp4", ".webm", ".gif", ".webp", ""])
def test_a_film_that_is_interrupted_leaves_nothing(ending, folder, tmp_path):
    options = WalkOptions(tmp_path / f"film{ending}", (Keyframe(point="seed=1"),), seconds=2, fps=10, scale=1)

    def interrupt(done, total):
        if done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walk_film(load_model(folder()), options, interrupt)
    assert list(tmp_path.iterdir()) == []


def test_what_a_preset_says_nothing_of_can_be_given(folder, tmp_path):
    preset = tmp_path / "preset.json"
    (identity,) = identities_of(folder())
    replace_text(preset, Preset(model=identity, keyframes=(Keyframe(point="seed=4"),)).to_json())
    asked = {"preset": preset, "seconds": 0.1, "fps": 10, "scale": 1, "progress": False}
    usual, middle = (
        frames_of(ganvas.walk(folder(), tmp_path / str(given), truncation=given, **asked))[0] for given in (None, 0)
    )
    np.testing.assert_array_equal(usual, drawn(folder(), [4])[0])
    assert not np.array_equal(usual, middle)
    with pytest.raises(SettingError, match="expected one of them"):
        ganvas.walk(folder(), tmp_path / "b", stops=[1], **asked)


def test_a_noise_loop_of_no_radius_stays_at_its_stop(folder, tmp_path):
    path = folder()
    out = ganvas.walk(
        path, tmp_path / "a", stops=[5], loop="noise", radius=0, seconds=1, fps=3, scale=1, progress=False
    )
    for frame in frames_of(out):
        np.testing.assert_array_equal(frame, drawn(path, [5])[0])
    moving = ganvas.walk(path, tmp_path / "b", stops=[5], loop="noise", seconds=1, fps=3, scale=1, progress=False)
    assert not np.array_equal(*frames_of(moving)[:2])


def test_labels_and_greys_and_transparency_and_odd_sizes_are_walked_through(folder, tmp_path):
    path = folder(classes=CLASSES, channels=4)
    out = ganvas.walk(
        path, tmp_path / "a.mp4", stops=[1, 2], label="dog", grid="3x1", seconds=0.2, scale=1, progress=False
    )
    assert frames_of(out)[0].shape[0] % 2 == frames_of(out)[0].shape[1] % 2 == 0
    grey = ganvas.walk(folder(channels=1), tmp_path / "b.gif", seconds=0.2, progress=False)
    assert len(frames_of(grey)) == 6


def test_what_a_preset_says_of_its_motion_holds_unless_something_else_is_asked_for(folder, tmp_path):
    (identity,) = identities_of(folder())
    page = {"kind": "noise", "radius": 0, "seconds": 3, "tempo": 120, "columns": 2, "rows": 1, "bindings": [{}]}
    preset = Preset(model=identity, keyframes=(Keyframe(point="seed=4"), Keyframe(point="seed=5")), page=page)
    replace_text(tmp_path / "preset.json", preset.to_json())

    def walked(name, **asked):
        asked = {"preset": tmp_path / "preset.json", "fps": 4, "scale": 1, "progress": False} | asked
        return frames_of(ganvas.walk(folder(), tmp_path / name, **asked))

    still = walked("still")
    assert len(still) == 6
    assert still[0].shape == (26, 68, 3)  # a line of paper around and between, and one that makes the width even
    np.testing.assert_array_equal(still[0], still[3])
    assert not np.array_equal(*walked("moving", radius=2)[:4:3])
    one = walked("one", grid=1, seconds=1)
    assert (len(one), one[0].shape) == (4, (24, 32, 3))
    assert len(walked("tour", loop="tour")) == 16


@pytest.mark.parametrize("page", [{"kind": "round"}, {"radius": "x"}, {"tempo": 0}, {"seed": "-1"}, {"columns": 9}])
def test_a_preset_whose_motion_cannot_be_is_refused(page, folder, tmp_path):
    (identity,) = identities_of(folder())
    preset = Preset(model=identity, keyframes=(Keyframe(point="seed=4"),), page=page)
    replace_text(tmp_path / "preset.json", preset.to_json())
    with pytest.raises(SettingError, match=next(iter(page))):
        ganvas.walk(folder(), tmp_path / "a", preset=tmp_path / "preset.json", progress=False)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"radius": 0.6}, "--radius 0.6: is of a noise loop"),
        ({"stops": [3, 8], "seed": 5}, "--seed 5"),
        ({"preset": "preset.json", "seed": 5}, "--seed 5"),
        ({"stops": [3, 8, 21], "loop": "noise", "grid": "2x1"}, "3 stops.* at most 2"),
        ({"stops": ["seed=3&truncation=1", "seed=4&truncation=0.5"], "truncation": 0.7}, "--truncation 0.7"),
        ({"stops": ["seed=3&label=cat"], "label": "dog"}, "--label 'dog'"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(asked, said, folder, tmp_path):
    (identity,) = identities_of(folder())
    replace_text(tmp_path / "preset.json", Preset(model=identity, keyframes=(Keyframe(point="seed=4"),)).to_json())
    if "preset" in asked:
        asked = asked | {"preset": tmp_path / "preset.json"}
    with pytest.raises(SettingError, match=said):
        ganvas.walk(folder(), tmp_path / "a", seconds=0.1, progress=False, **asked)
    assert not (tmp_path / "a").exists()


def test_options_that_go_together_change_what_is_drawn(folder, tmp_path):
    def first(name, **asked):
        return frames_of(ganvas.walk(folder(), tmp_path / name, seconds=0.1, fps=10, scale=1, progress=False, **asked))[
            0
        ]

    def differ(**asked):
        pictures = [first(f"{number}{list(asked)}", **each) for number, each in enumerate(zipped(asked))]
        return not np.array_equal(*pictures)

    def zipped(asked):
        return [dict(zip(asked, values, strict=True)) for values in zip(*asked.values(), strict=True)]

    assert differ(seed=(0, 1))
    assert differ(seed=(0, 1), loop=("noise", "noise"), stops=([4], [4]))
    assert differ(radius=(0.2, 2.0), loop=("noise", "noise"))
    assert differ(truncation=(0.2, 0.9), stops=([4], [4]))


def test_the_class_changes_half_of_the_way_and_is_that_of_every_stop_when_it_is_there(folder, tmp_path):
    path = folder(classes=CLASSES)
    model = load_model(path)
    stops = [point_of(stop) for stop in ("seed=3&label=cat", "seed=8&label=dog")]
    asked = {"seconds": 2, "fps": 4, "scale": 1, "progress": False}
    shown = frames_of(ganvas.walk(path, tmp_path / "a", stops=[stop.to_link() for stop in stops], **asked))
    z = [stop.latent(model.description) for stop in stops]
    classes = [0, 0, 1, 1, 1, 1, 0, 0]  # from half of the way on that of the stop which is gone to
    for number, (frame, label) in enumerate(zip(shown, classes, strict=True)):
        way, share = divmod(number, 4)
        first, second = (z[way], z[1 - way])
        point = between(first[None], second[None], np.array([[share / 4]]))
        expected = draw_all(model.generator, torch.from_numpy(point), torch.tensor([label]))[0]
        other = draw_all(model.generator, torch.from_numpy(point), torch.tensor([1 - label]))[0]
        assert np.abs(frame.astype(int) - expected).max() <= 1
        assert np.abs(frame.astype(int) - other).max() > 1
    held = frames_of(ganvas.walk(path, tmp_path / "b", stops=[3, 8], label="dog", **asked))
    for frame, seed in ((held[0], 3), (held[4], 8)):
        (expected,) = draw_all(model.generator, latents_for(model.description, [seed]), torch.tensor([1]))
        np.testing.assert_array_equal(frame, expected)


def test_a_preset_of_this_model_is_walked_and_one_of_another_refused(folder, tmp_path):
    photo = tmp_path / "photo.png"
    save_png(photo, drawn(folder(), [4])[0], scale=1)
    (found,) = ganvas.project(folder(), photo, tmp_path / "out", steps=0, progress=False)
    preset = tmp_path / "out" / "preset.json"
    out = ganvas.walk(folder(), tmp_path / "a", preset=preset, seconds=1, fps=1, scale=1, progress=False)
    np.testing.assert_array_equal(frames_of(out)[0], found.guess)
    with pytest.raises(SettingError, match="whose latents mean nothing"):
        ganvas.walk(folder(z_dim=6), tmp_path / "b", preset=preset, progress=False)


@pytest.mark.parametrize(
    "asked",
    [
        *({"out": "film.avi"}, {"fps": 0}, {"seconds": 1e9}, {"grid": "9x9"}, {"scale": 0}, {"scale": 10_000}),
        *({"radius": -1, "loop": "noise"}, {"loop": "round"}, {"stops": ["cow"]}, {"stops": ["seed=1&99=1"]}),
        *({"label": "cow"}, {"stops": [-1]}, {"truncation": 9}, {"preset": "nothing.json"}, {"stops": []}),
        *({"grid": "999999x999999"}, {"stops": ["seed=1&fine=2:-3"]}, {"stops": ["seed=1&fine=2:9"]}),
        *({"out": "film.gif", "fps": 51}, {"label": "cat"}),
    ],
)
def test_walks_that_cannot_be_are_refused_and_leave_nothing(asked, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ganvas.GanvasError):
        ganvas.walk(folder(), **({"out": "film.mp4", "seconds": 0.1, "progress": False} | asked))
    assert list(tmp_path.iterdir()) == []


def atoms(path):
    """The names of an MP4's outer boxes in order. Source: ISO 14496-12, 4.2."""
    stored, at, found = path.read_bytes(), 0, []
    while at < len(stored):
        size = int.from_bytes(stored[at : at + 4], "big")
        found.append(stored[at + 4 : at + 8].decode())
        at += int.from_bytes(stored[at + 8 : at + 16], "big") if size == 1 else size
    return found


def test_an_mp4_plays_everywhere_and_before_all_of_it_has_come(folder, tmp_path):
    out = ganvas.walk(folder(), tmp_path / "film.mp4", seconds=1, fps=25, scale=2, progress=False)
    with av.open(str(out)) as film:
        (stream,) = film.streams
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.average_rate, stream.frames, stream.codec_context.width) == (25, 25, 64)
        assert film.duration == pytest.approx(1_000_000, abs=1000)
    boxes = atoms(out)
    assert boxes[0] == "ftyp"
    assert boxes.index("moov") < boxes.index("mdat")


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("fps", [12, 30])
def test_a_film_has_the_frames_the_size_and_the_rate_that_were_asked_for(ending, fps, folder, tmp_path):
    asked = {"stops": [3, 8, 21], "grid": "2x1", "seconds": 1.5, "fps": fps, "scale": 2, "progress": False}
    out = ganvas.walk(folder(), tmp_path / f"film{ending}", **asked)
    frames = frames_of(out)
    assert len(frames) == 1.5 * fps
    assert {frame.shape for frame in frames} == {(2 * 26, 2 * 67, 3)}  # pictures of 32x24 with lines of paper between
    if ending in (".mp4", ".webm"):
        with av.open(str(out)) as film:
            assert film.streams.video[0].average_rate == fps
    elif ending:
        with Image.open(out) as film:
            shown = [frame.info["duration"] for frame in ImageSequence.Iterator(film) if frame.load() or True]
        assert sum(shown) == 1500
        assert max(shown) - min(shown) <= (10 if ending == ".gif" else 1)  # their units of time
