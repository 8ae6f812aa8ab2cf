"""Pictures and how long each is shown -> a film file. RGB pictures of one size, replaced atomically."""

import io
import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from PIL import Image

from ganvas.errors import missing_package
from ganvas.files import replacing

MOST_GIF_BYTES = 4_000_000
GIF_WIDTHS_PX = (640, 560, 480, 400, 320)
MP4_FPS = 30


def write_gif(frames: Sequence[Image.Image], seconds: Sequence[float], out: Path) -> None:
    """A looping GIF in one palette, so that what does not change does not flicker; narrowed to about 4 MB.

    Durations are rounded to 1/100 s, the unit of GIF, and are at least 2/100: browsers slow anything faster down.
    """
    durations = [max(20, round(100 * each) * 10) for each in _checked(frames, seconds)]
    palette = _shared_palette(frames)
    width = _gif_width(frames, palette)
    encoded = _gif_bytes([_at_most(frame, width) for frame in frames], durations, palette)
    with replacing(out) as unfinished:
        unfinished.write_bytes(encoded)


def write_webp(frames: Sequence[Image.Image], seconds: Sequence[float], out: Path) -> None:
    """A looping WebP; durations are rounded to 1/1000 s."""
    durations = [max(1, round(1000 * each)) for each in _checked(frames, seconds)]
    with replacing(out) as unfinished:
        frames[0].save(
            unfinished,
            format="WEBP",
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=0,
            quality=80,
            method=2,
        )


def write_mp4(frames: Sequence[Image.Image], seconds: Sequence[float], out: Path) -> None:
    """H.264 in yuv420p at 30 frames a second, which every browser and phone plays; the index is at the front.

    Raises:
        SettingError: the package `av` is not installed.
        ValueError: odd width or height, which yuv420p does not have.
    """
    seconds = _checked(frames, seconds)
    width, height = frames[0].size
    if width % 2 or height % 2:
        raise ValueError(f"MP4 films need even sizes, got {width}x{height}")
    try:
        import av
    except ImportError as error:
        raise missing_package("av", "video", "MP4 films") from error

    with replacing(out) as unfinished, av.open(str(unfinished), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=MP4_FPS, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        shown, clock = 0, 0.0
        for picture, each in zip(frames, seconds, strict=True):
            clock += each
            still = av.VideoFrame.from_image(picture)
            while shown < max(1, round(clock * MP4_FPS)):
                still.pts, still.time_base = shown, Fraction(1, MP4_FPS)
                container.mux(stream.encode(still))
                shown += 1
        container.mux(stream.encode(None))


def _checked(frames: Sequence[Image.Image], seconds: Sequence[float]) -> Sequence[float]:
    sizes = {frame.size for frame in frames}
    if len(sizes) != 1 or len(frames) != len(seconds) or not all(each > 0 for each in seconds):
        raise ValueError(f"expected frames of one size, each with its seconds, got {sorted(sizes)}, {len(seconds)}")
    return seconds


def _shared_palette(frames: Sequence[Image.Image]) -> Image.Image:
    """256 colours for the whole film; the last frames, which are the best ones, count double."""
    montage = [_at_most(frame, 200) for frame in [*_spread(frames, 8), *_spread(frames[-4:], 4)]]
    width, height = montage[0].size
    sheet = Image.new("RGB", (width, height * len(montage)))
    for row, frame in enumerate(montage):
        sheet.paste(frame, (0, row * height))
    return sheet.quantize(256, method=Image.Quantize.MEDIANCUT)


def _gif_width(frames: Sequence[Image.Image], palette: Image.Image) -> int:
    """The widest of GIF_WIDTHS_PX at which a few frames promise a file within the limit, else the narrowest."""
    for width in GIF_WIDTHS_PX:
        narrow = [_at_most(frame, width) for frame in _spread(frames, 5)]
        per_frame = len(_gif_bytes(narrow, [20] * len(narrow), palette)) / len(narrow)
        if per_frame * len(frames) <= MOST_GIF_BYTES:
            return width
    return GIF_WIDTHS_PX[-1]


def _gif_bytes(frames: Sequence[Image.Image], milliseconds: Sequence[int], palette: Image.Image) -> bytes:
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    encoded = io.BytesIO()
    durations = list(milliseconds)
    flat[0].save(encoded, "GIF", save_all=True, append_images=flat[1:], duration=durations, loop=0, optimize=False)
    return encoded.getvalue()


def _spread(frames: Sequence[Image.Image], most: int) -> list[Image.Image]:
    return list(frames[:: math.ceil(len(frames) / most)])


def _at_most(frame: Image.Image, width: int) -> Image.Image:
    if frame.width <= width:
        return frame
    return frame.resize((width, round(frame.height * width / frame.width)), Image.Resampling.LANCZOS, reducing_gap=2)
