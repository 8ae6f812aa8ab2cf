"""Films of a run: the same latents, moment after moment, each captioned with the images shown by then."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageDraw, ImageFont

from ganvas.errors import SettingError
from ganvas.report.reading import opened
from ganvas.report.video import MOST_GIF_BYTES, Reel, write_gif, write_mp4, write_webm, write_webp

Item = TypeVar("Item")
Encoder = Callable[[Reel, Path], None]
ENCODERS: dict[str, Encoder] = {
    ".gif": partial(write_gif, most_bytes=MOST_GIF_BYTES),
    ".mp4": write_mp4,
    ".webm": write_webm,
    ".webp": write_webp,
}
MOST_FRAMES = {".gif": 60, ".mp4": 240, ".webm": 240, ".webp": 120}
LONGEST_FRAME_SECONDS = 1.0
WIDEST_PX = 640
BAR, INK = (24, 24, 26), (214, 212, 206)


def write_film(samples: Sequence[Path], out: Path, *, seconds: float = 10.0, hold_seconds: float = 2.0) -> Path:
    """The samples of a run as one film, replaced atomically; GIF, MP4, WebM or WebP by the ending of `out`.

    Args:
        samples: pictures of one size, in order, named by the images shown (`000012800.png`).
        out: a path that ends in one of ENCODERS.
        seconds: of the whole film. It is shorter where that would show a picture for more than a second.
        hold_seconds: how much of it the last picture is held.
    Returns:
        `out`.
    Raises:
        SettingError: another ending, MP4 or WebM without the package `av`, or samples that are damaged or of different
            sizes.
        ValueError: no samples, or nothing left between the two durations.
    """
    ending = out.suffix.lower()
    if ending not in ENCODERS:
        raise SettingError(f"{out.name}: films are written as {', '.join(ENCODERS)}; end the name in one of these")
    if not samples or not 0 < hold_seconds < seconds:
        raise ValueError(f"expected samples and 0 < hold < seconds, got {len(samples)}, {hold_seconds} and {seconds}")
    chosen = evenly(samples, MOST_FRAMES[ending])
    size = captioned(chosen[-1]).size

    def frame(number: int) -> Image.Image:
        made = captioned(chosen[number])
        if made.size != size:
            raise SettingError(
                f"{chosen[number]}: is of another size than {chosen[-1].name}; the frames of a film have one size"
            )
        return made

    each = min(LONGEST_FRAME_SECONDS, (seconds - hold_seconds) / max(1, len(chosen) - 1))
    ENCODERS[ending](Reel(frame, [each] * (len(chosen) - 1) + [hold_seconds]), out)
    return out


def captioned(path: Path) -> Image.Image:
    """The picture, at most 640 pixels wide, above a narrow dark bar that says how many images had been shown."""
    with opened(path) as found:
        picture = found.convert("RGB")
    if picture.width > WIDEST_PX:
        height = round(picture.height * WIDEST_PX / picture.width)
        picture = picture.resize((WIDEST_PX, height), Image.Resampling.LANCZOS, reducing_gap=2)
    text = f"{int(path.stem):,}  images shown" if path.stem.isdecimal() else path.stem
    size_px = max(11, min(18, picture.width // 28))
    bar_px = 2 * size_px + picture.height % 2  # an even bar under an odd picture would be refused by MP4
    frame = Image.new("RGB", (picture.width + picture.width % 2, picture.height + bar_px), BAR)
    frame.paste(picture, (0, 0))
    pen = ImageDraw.Draw(frame)
    font = ImageFont.load_default(size_px)
    pen.text((size_px, picture.height + bar_px / 2), text, fill=INK, font=font, anchor="lm")
    return frame


def evenly(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` of the items, evenly spaced, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    last = len(items) - 1
    return [items[math.floor(place * last / (most - 1) + 0.5)] for place in range(most)]
