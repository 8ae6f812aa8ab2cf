"""Frames -> a film file. A frame is made when it is asked for, so that memory does not grow with a film's length."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PIL import GifImagePlugin, Image

from ganvas.errors import missing_package
from ganvas.files import filling, replacing

MOST_GIF_BYTES = 4_000_000
GIF_WIDTHS_PX = (640, 560, 480, 400, 320)
USUAL_FPS = 30
PALETTE_FRAMES, PALETTE_PX = 8, 200
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
    """A looping GIF in one palette, so that what does not change does not flicker.

    Durations are rounded to 1/100 s, the unit of GIF, and are at least 2/100: browsers slow anything faster down.

    Args:
        most_bytes: it is narrowed to about that; None: every frame keeps its size.
    """
    durations = [max(20, round(100 * each) * 10) for each in reel.seconds]
    samples = reel.spread(PALETTE_FRAMES)
    last = [reel.frame(number) for number in range(max(len(reel) - 4, 0), len(reel))]  # the best ones count double
    palette = _shared_palette([*samples, *last])
    width = samples[0].width
    if most_bytes is not None:
        width = _gif_width(reel.spread(5), palette, most_bytes * len(reel.spread(5)) / len(reel))
    with replacing(out) as unfinished, unfinished.open("wb") as file:
        for number, milliseconds in enumerate(durations):
            flat = _at_most(reel.frame(number), width).quantize(palette=palette, dither=Image.Dither.NONE)
            if number == 0:
                file.writelines(GifImagePlugin.getheader(flat, info={"loop": 0})[0])
            file.writelines(GifImagePlugin.getdata(flat, duration=milliseconds))
        file.write(b";")


def write_webp(reel: Reel, out: Path) -> None:
    """A looping WebP; durations are rounded to 1/1000 s. What is encoded is held in memory until the end."""
    durations = [max(1, round(1000 * each)) for each in reel.seconds]
    with replacing(out) as unfinished, unfinished.open("wb") as file:
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


def _shared_palette(frames: Sequence[Image.Image]) -> Image.Image:
    """256 colours for the whole film."""
    montage = [_at_most(frame, PALETTE_PX) for frame in frames]
    width, height = montage[0].size
    sheet = Image.new("RGB", (width, height * len(montage)))
    for row, frame in enumerate(montage):
        sheet.paste(frame, (0, row * height))
    return sheet.quantize(256, method=Image.Quantize.MEDIANCUT)


def _gif_width(samples: Sequence[Image.Image], palette: Image.Image, most_bytes: float) -> int:
    """The widest of GIF_WIDTHS_PX at which the samples take at most so many bytes, else the narrowest."""
    for width in GIF_WIDTHS_PX:
        flat = [_at_most(each, width).quantize(palette=palette, dither=Image.Dither.NONE) for each in samples]
        if sum(len(piece) for each in flat for piece in GifImagePlugin.getdata(each)) <= most_bytes:
            return width
    return GIF_WIDTHS_PX[-1]


def _at_most(frame: Image.Image, width: int) -> Image.Image:
    if frame.width <= width:
        return frame
    return frame.resize((width, round(frame.height * width / frame.width)), Image.Resampling.LANCZOS, reducing_gap=2)


WRITERS: dict[str, Callable[[Reel, Path], None]] = {
    ".mp4": write_mp4,
    ".webm": write_webm,
    ".gif": write_gif,
    ".webp": write_webp,
    "": write_pngs,
}
