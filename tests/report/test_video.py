"""Film files, of frames that are drawn here."""

import weakref

import numpy as np
import pytest
from PIL import Image, ImageSequence

from ganvas.report.video import MOST_GIF_FPS, WRITERS, Reel, write_gif, write_webp

SIZE = 96


def smooth(number, frames=24, bands=3):
    """A frame of soft colours that all change; of one band, of greys."""
    down, across = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    ways = [2 * across, 2 * down + np.pi / 2, 2 * across * down + np.pi][:bands]
    waves = [np.sin(2 * np.pi * number / frames + way) for way in ways]
    levels = np.stack(waves * (3 // bands), axis=-1) * 110 + 128
    return Image.fromarray(levels.astype(np.uint8))


def shown(path):
    with Image.open(path) as film:
        return [(frame.convert("RGB"), frame.info["duration"]) for frame in ImageSequence.Iterator(film)]


def error(frames, others):
    """The mean difference of two films, in grey levels."""
    return np.mean(
        [np.abs(np.asarray(a).astype(int) - np.asarray(b)).mean() for a, b in zip(frames, others, strict=True)]
    )


def blocks(frames, px=4):
    """The same films as they look from further away, where dithered pixels are one shade."""
    return [np.asarray(frame).reshape(SIZE // px, px, SIZE // px, px, 3).mean((1, 3)) for frame in frames]


def test_the_shades_of_a_gif_show_fewer_bands_than_those_of_one_palette_would(tmp_path):
    frames = [smooth(number) for number in range(24)]
    write_gif(Reel(frames.__getitem__, [0.05] * 24), tmp_path / "film.gif")
    found = [frame for frame, _ in shown(tmp_path / "film.gif")]
    every = Image.fromarray(np.concatenate([np.asarray(frame) for frame in frames]))
    palette = every.quantize(256)
    banded = [frame.quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB") for frame in frames]
    assert error(frames, found) < error(frames, banded) / 2
    assert error(blocks(frames), blocks(found)) < error(blocks(frames), blocks(banded)) / 4


def test_a_grey_gif_stays_grey_and_smooth(tmp_path):
    frames = [smooth(number, bands=1) for number in range(6)]
    write_gif(Reel(frames.__getitem__, [0.05] * 6), tmp_path / "film.gif")
    found = [frame for frame, _ in shown(tmp_path / "film.gif")]
    assert error(frames, found) < 2
    assert all((np.ptp(np.asarray(frame), axis=-1) == 0).all() for frame in found)


def test_what_stays_as_it_is_in_a_gif_does_not_flicker(tmp_path):
    write_gif(Reel(lambda number: smooth(0), [0.05] * 4), tmp_path / "film.gif")
    first, *others = (np.asarray(frame) for frame, _ in shown(tmp_path / "film.gif"))
    for frame in others:
        np.testing.assert_array_equal(frame, first)


@pytest.mark.parametrize(("write", "ending", "unit"), [(write_gif, ".gif", 10), (write_webp, ".webp", 1)])
@pytest.mark.parametrize("fps", [7, 24, 30, MOST_GIF_FPS])
def test_a_film_lasts_as_long_as_its_frames_whatever_its_unit_of_time(write, ending, unit, fps, tmp_path):
    write(Reel(smooth, [1 / fps] * 24, fps), tmp_path / f"film{ending}")
    milliseconds = [each for _, each in shown(tmp_path / f"film{ending}")]
    assert len(milliseconds) == 24
    assert abs(sum(milliseconds) - 24_000 / fps) <= unit
    assert max(milliseconds) - min(milliseconds) <= unit


@pytest.mark.parametrize("ending", WRITERS)
def test_no_more_than_a_few_frames_are_there_at_a_time_however_long_a_film_is(ending, tmp_path):
    made, alive = [], []

    def frame(number):
        drawn = smooth(number)
        made.append(weakref.ref(drawn))
        alive.append(sum(each() is not None for each in made))
        return drawn

    WRITERS[ending](Reel(frame, [1 / 30] * 40), tmp_path / f"film{ending}")
    assert len(made) >= 40
    assert max(alive) <= 3
