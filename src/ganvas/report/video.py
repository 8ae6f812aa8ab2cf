"""Frames -> a film file. A frame is made when it is asked for, so that memory does not grow with a film's length."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

from PIL import GifImagePlugin, Image

from ganvas.errors import missing_package
from ganvas.files import filling, replacing

MOST_GIF_BYTES = 4_000_000
GIF_WIDTHS_PX = (640, 560, 480, 400, 320)
USUAL_FPS = 30
GIF_TICK_MS, FEWEST_GIF_TICKS = 10, 2  # its unit of time, and what browsers do not slow down
MOST_GIF_FPS = 1000 // (GIF_TICK_MS * FEWEST_GIF_TICKS)
PALETTE_PX = 64  # that a frame's colours are chosen from; 200 px take six times as long and are no nearer to it
SAMPLES = 5  # frames that a film's size is foretold by
MP4 = {"codec": "libx264", "options": {"crf": "20", "preset": "veryfast"}}
WEBM = {"codec": "libvpx-vp9", "options": {"crf": "31", "b": "0", "deadline": "realtime", "cpu-used": "6"}}


@dataclass(frozen=True)
class Reel:
    """The frames of a film, RGB and of one size.

    frame: the frame of a number from 0, made anew each time. seconds: how long each is shown, above 0. fps: of films
    that have one rate.
    """

    frame: Callable[[int], Image.Image]
    seconds: Sequence[float]
    fps: int = USUAL_FPS

    def __post_init__(self) -> None:
        if not len(self.seconds) or not all(each > 0 for each in self.seconds) or self.fps < 1:
            raise ValueError(f"expected frames shown for more than no time, got {self.seconds!r:.80}, {self.fps} fps")

    def __len__(self) -> int:
        return len(self.seconds)

    def spread(self, most: int) -> list[Image.Image]:
        """At most `most` of the frames, evenly spaced."""
        return [self.frame(number) for number in range(0, len(self), math.ceil(len(self) / most))]


def write_gif(reel: Reel, out: Path, *, most_bytes: int | None = None) -> None:
    """A looping GIF; each frame is dithered in 256 colours of its own, so that smooth shades show no bands.

    Durations are whole hundredths of a second, at least two: browsers slow anything faster down.

    Args:
        most_bytes: it is narrowed to about that; None: every frame keeps its size.
    """
    width = None if most_bytes is None else _gif_width(reel, most_bytes)
    with replacing(out) as unfinished, unfinished.open("wb") as file:
        for number, milliseconds in enumerate(_durations(reel, GIF_TICK_MS, FEWEST_GIF_TICKS)):
            flat = _in_few_colours(_at_most(reel.frame(number), width))
            if number == 0:
                file.writelines(GifImagePlugin.getheader(flat, info={"loop": 0})[0])
            file.writelines(_gif_frame(flat, milliseconds))
        file.write(b";")


def write_webp(reel: Reel, out: Path) -> None:
    """A looping WebP; durations are whole milliseconds. What is encoded is held in memory until the end."""
    with replacing(out) as unfinished, unfinished.open("wb") as file:
        durations = _durations(reel, 1, 1)
        _Frames(reel).save(file, format="WEBP", save_all=True, duration=durations, loop=0, quality=80, method=2)


def write_mp4(reel: Reel, out: Path) -> None:
    """H.264 in yuv420p, which every browser and phone plays; the index is at the front. Raises as `_write_video`."""
    _write_video(reel, out, MP4, movflags="faststart")


def write_webm(reel: Reel, out: Path) -> None:
    """VP9 in yuv420p. Raises as `_write_video`."""
    _write_video(reel, out, WEBM)


def write_pngs(reel: Reel, out: Path) -> None:
    """A new folder of 000000.png and so on, one for each frame, whatever its seconds.

    Raises:
        OSError: the folder holds something already, which frames of another film must not be mixed with.
    """
    with filling(out) as unfinished:
        for number in range(len(reel)):
            reel.frame(number).save(unfinished / f"{number:06d}.png", format="PNG", compress_level=3)


def _write_video(reel: Reel, out: Path, encoder: dict, **options: str) -> None:
    """Frames at the reel's rate, repeated as their seconds want.

    Raises:
        SettingError: the package `av` is not installed.
        ValueError: odd width or height, which yuv420p does not have.
    """
    width, height = reel.frame(0).size
    if width % 2 or height % 2:
        raise ValueError(f"films need even sizes, got {width}x{height}")
    try:
        import av
    except ImportError as error:
        raise missing_package("av", "video", f"{out.suffix[1:].upper()} films") from error

    with replacing(out) as unfinished, av.open(str(unfinished), "w", options=options) as container:
        stream = container.add_stream(encoder["codec"], rate=reel.fps, options=encoder["options"])
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        shown, clock = 0, 0.0
        for number, each in enumerate(reel.seconds):
            clock += each
            still = av.VideoFrame.from_image(reel.frame(number))
            while shown < max(1, round(clock * reel.fps)):
                still.pts, still.time_base = shown, Fraction(1, reel.fps)
                container.mux(stream.encode(still))
                shown += 1
        container.mux(stream.encode(None))


class _Frames(Image.Image):
    """A reel as Pillow has an opened film: one frame at a time."""

    def __init__(self, reel: Reel) -> None:
        super().__init__()
        self.reel, self.n_frames, self.info = reel, len(reel), {}
        self.seek(0)

    def seek(self, frame: int) -> None:
        now = self.reel.frame(frame)
        self.number, self._mode, self._size, self.im = frame, now.mode, now.size, now.im

    def tell(self) -> int:
        return self.number


def _durations(reel: Reel, tick_ms: int, fewest: int) -> list[int]:
    """Milliseconds of each frame, in whole ticks; what one is rounded by the next makes good."""
    ends = [0, *(round(1000 * end / tick_ms) for end in accumulate(reel.seconds))]
    return [max(fewest, end - start) * tick_ms for start, end in pairwise(ends)]


def _in_few_colours(frame: Image.Image) -> Image.Image:
    """The frame in 256 colours of its own, dithered by error diffusion (Floyd & Steinberg 1976)."""
    sample = frame.copy()
    sample.thumbnail((PALETTE_PX, PALETTE_PX), Image.Resampling.NEAREST)  # colours that are there, not means of them
    palette = sample.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=1)
    return frame.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def _gif_frame(flat: Image.Image, milliseconds: int) -> list[bytes]:
    return GifImagePlugin.getdata(flat, duration=milliseconds, include_color_table=True)


def _gif_width(reel: Reel, most_bytes: int) -> int:
    """The widest of GIF_WIDTHS_PX at which the film takes about so many bytes, else the narrowest."""
    samples = reel.spread(SAMPLES)
    for width in GIF_WIDTHS_PX:
        pieces = [piece for each in samples for piece in _gif_frame(_in_few_colours(_at_most(each, width)), 0)]
        if sum(map(len, pieces)) * len(reel) <= most_bytes * len(samples):
            return width
    return GIF_WIDTHS_PX[-1]


def _at_most(frame: Image.Image, width: int | None) -> Image.Image:
    if width is None or frame.width <= width:
        return frame
    return frame.resize((width, round(frame.height * width / frame.width)), Image.Resampling.LANCZOS, reducing_gap=2)


WRITERS: dict[str, Callable[[Reel, Path], None]] = {
    ".mp4": write_mp4,
    ".webm": write_webm,
    ".gif": write_gif,
    ".webp": write_webp,
    "": write_pngs,
}
