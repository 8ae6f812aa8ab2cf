import sys

import numpy as np
import pytest
from PIL import Image, ImageSequence

from ganvas.errors import SettingError
from ganvas.formats.images import save_png
from ganvas.report import video as encode
from ganvas.report.film import ENCODERS, captioned, evenly, write_film


def samples(folder, count=10, size=(64, 96)):
    for k in range(count):
        picture = np.full((*size, 3), 20 * k % 256, np.uint8)
        save_png(folder / f"{512 * k:09d}.png", picture, scale=1)
    return sorted(folder.glob("*.png"))


def durations(path):
    with Image.open(path) as film:
        return [frame.info["duration"] for frame in ImageSequence.Iterator(film) if frame.load() or True]


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_every_sample_is_one_frame_and_the_last_is_held(tmp_path, ending):
    out = write_film(samples(tmp_path), tmp_path / f"film{ending}", seconds=5, hold_seconds=2)
    shown = durations(out)
    assert len(shown) == 10
    assert shown[-1] == 2000
    assert sum(shown) == 5000
    assert max(shown[:-1]) - min(shown[:-1]) <= 10  # the unit of a GIF's time


def test_a_film_as_mp4_has_its_length_its_size_and_its_pictures(tmp_path):
    av = pytest.importorskip("av")
    paths = samples(tmp_path, size=(63, 95))
    with av.open(str(write_film(paths, tmp_path / "film.mp4", seconds=4, hold_seconds=1))) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert film.streams.video[0].codec_context.pix_fmt == "yuv420p"
    assert len(frames) == 4 * encode.USUAL_FPS
    assert frames[0].shape[0] % 2 == frames[0].shape[1] % 2 == 0
    assert frames[0][:60, :90].mean() == pytest.approx(0, abs=4)
    assert frames[-1][:60, :90].mean() == pytest.approx(180, abs=4)


@pytest.mark.parametrize("ending", ENCODERS)
def test_a_single_sample_is_a_film_too_and_nothing_unfinished_is_left(tmp_path, ending):
    paths = samples(tmp_path / "samples", count=1)
    write_film(paths, tmp_path / "new" / f"film{ending}")
    assert [path.name for path in (tmp_path / "new").iterdir()] == [f"film{ending}"]


def test_a_caption_leaves_the_picture_as_it_is_and_says_something(tmp_path):
    (path,) = samples(tmp_path, count=1, size=(100, 200))
    frame = np.asarray(captioned(path))
    assert (frame[:100, :200] == 0).all()
    assert len(np.unique(frame[100:])) > 2


def test_captions_of_different_moments_differ(tmp_path):
    first, second = (np.asarray(captioned(path)) for path in samples(tmp_path, count=2))
    assert (first[64:] != second[64:]).any()


def test_wide_samples_are_narrowed(tmp_path):
    (path,) = samples(tmp_path, count=1, size=(500, 1000))
    assert captioned(path).size[0] == 640


def test_noise_is_narrowed_to_keep_a_gif_small(tmp_path):
    rng = np.random.default_rng(0)
    noise = [Image.fromarray(rng.integers(0, 255, (640, 640, 3), dtype=np.uint8)) for _ in range(12)]
    encode.write_gif(encode.Reel(noise.__getitem__, [0.1] * 12), tmp_path / "film.gif", most_bytes=4_000_000)
    assert (tmp_path / "film.gif").stat().st_size < 1.1 * encode.MOST_GIF_BYTES
    with Image.open(tmp_path / "film.gif") as film:
        assert 320 <= film.width < 640


def test_samples_of_different_sizes_are_refused(tmp_path):
    paths = samples(tmp_path / "a", count=2) + samples(tmp_path / "b", count=1, size=(32, 32))
    with pytest.raises(SettingError, match="one size"):
        write_film(paths, tmp_path / "film.gif")


def test_another_ending_is_refused_with_those_that_work(tmp_path):
    with pytest.raises(SettingError, match=r"\.gif, \.mp4, \.webm, \.webp"):
        write_film(samples(tmp_path), tmp_path / "film.avi")


def test_mp4_without_its_package_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(SettingError, match=r"ganvas\[video\]"):
        write_film(samples(tmp_path, count=1), tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()


@pytest.mark.parametrize(("count", "most"), [(1, 5), (5, 5), (6, 5), (100, 7), (1000, 2)])
def test_an_even_choice_keeps_the_first_and_the_last(count, most):
    chosen = evenly(range(count), most)
    assert len(chosen) == min(count, most)
    assert (chosen[0], chosen[-1]) == (0, count - 1)
    gaps = np.diff(chosen)
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1
