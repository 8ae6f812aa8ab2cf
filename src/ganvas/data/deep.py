"""Pictures of more than 8 bits a channel: the range of their values, and how they become 8 bits.

What white is, such a file rarely says: 16 bits may hold the 12 of a camera, and floats anything. So a whole set is
scaled alike, from the range of all its values, or as the setting `levels` says.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from ganvas.data.limits import BrokenPicture

STRIP_VALUES = 1 << 20  # converted at once, since a conversion takes several copies
FLOAT_WHITES = (1.0, 255.0, 65535.0)  # what white is by convention
LEAST_SHARE = 1 / 16  # of a conventional white that the highest value reaches; 1.02 does not mean 255
FULL_16_BITS = (0.0, 65535.0)
# Pillow keeps the high bytes of colours of 16 bits. Read in the other byte order, the same data gives the low ones.
_LOW_BYTES = {
    f"{colours};16{order}": f"{colours};16{other}"
    for colours in ("RGB", "RGBA", "RGBX")
    for order, other in ("BL", "LB", "NB")
}
_GREY_AND_ALPHA = "LA;16B"

Levels = tuple[float, float]
"""The values that become black and white."""


@dataclass(frozen=True)
class Span:
    """The lowest and the highest value, and whether all are whole numbers."""

    low: float
    high: float
    whole: bool


def levels_for(span: Span) -> Levels:
    """What becomes black and white where nobody says: 0, and the most that as many bits hold or the conventional white
    of floats; the whole span where there is none, or where values are negative."""
    low, high = span.low, span.high
    if low >= 0 and span.whole and high <= FULL_16_BITS[1]:
        return 0.0, float((1 << max(int(high).bit_length(), 1)) - 1)
    whites = [white for white in FLOAT_WHITES if white * LEAST_SHARE <= high <= white]
    if low >= 0 and not span.whole and whites:
        return 0.0, whites[0]
    return low, high if high > low else low + max(abs(low), 1.0)


@dataclass(frozen=True)
class DeepPicture:
    """A decoded picture of more than 8 bits.

    image: of mode I, I;16 or F; or RGB or RGBA, with the high bytes of 16 bits.
    low: the low bytes then.
    """

    image: Image.Image
    low: Image.Image | None

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.image.mode != "F"

    def strips(self) -> Iterator[np.ndarray]:
        """(rows, W) or (rows, W, 3) at a time, from the top; without transparency."""
        width, height = self.image.size
        rows = max(STRIP_VALUES // width, 1)
        for top in range(0, height, rows):
            box = (0, top, width, min(top + rows, height))
            values = np.asarray(self.image.crop(box))
            if self.low is not None:
                low_bytes = np.asarray(self.low.crop(box))[..., :3]
                values = values[..., :3].astype(np.uint16) << 8 | low_bytes
            yield values

    def span(self) -> Span:
        """Of its finite values.

        Raises:
            BrokenPicture: there is none.
        """
        low, high = math.inf, -math.inf
        for values in self.strips():
            finite = values if self.whole else values[np.isfinite(values)]
            if finite.size:
                low, high = min(low, float(finite.min())), max(high, float(finite.max()))
        if low > high:
            raise BrokenPicture("none of its values is a finite number")
        return Span(low, high, self.whole)

    def to_8_bits(self, levels: Levels) -> Image.Image:
        """An L, RGB or RGBA picture; values beyond the levels are black or white, and what is no number is 0."""
        if self.low is not None and levels == FULL_16_BITS:
            return self.image
        black, white = levels
        rows = np.empty((self.image.height, self.image.width, *((3,) if self.low else ())), np.uint8)
        top = 0
        with np.errstate(all="ignore"):
            for values in self.strips():
                numbers = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=white, neginf=black)
                scaled = np.nan_to_num(np.rint((numbers - black) * (255 / (white - black))))
                rows[top : top + len(values)] = scaled.clip(0, 255)
                top += len(values)
        image = Image.fromarray(rows)
        if self.image.mode == "RGBA":
            image.putalpha(self.image.getchannel("A"))
        return image


def is_deep(image: Image.Image) -> bool:
    """Whether a channel of `image`, opened and not yet decoded, holds more than 8 bits."""
    return image.mode.startswith("I") or image.mode == "F" or _rawmode(image) in (*_LOW_BYTES, _GREY_AND_ALPHA)


def low_bytes(opened: Image.Image) -> Image.Image | None:
    """The low bytes of an opened picture with colours, or grey and transparency, of 16 bits; None if it has none."""
    rawmode = _rawmode(opened)
    if not isinstance(opened, ImageFile.ImageFile) or rawmode not in (*_LOW_BYTES, _GREY_AND_ALPHA):
        return None
    # Four channels of one byte are high and low grey, high and low alpha.
    read_as = _LOW_BYTES.get(rawmode, "RGBA")
    opened.tile = [tile._replace(args=_with_rawmode(tile.args, read_as)) for tile in opened.tile]
    opened.load()
    if rawmode == _GREY_AND_ALPHA:
        return Image.merge("RGB", [opened.getchannel("G")] * 3)
    return opened


def _rawmode(image: Image.Image) -> str:
    tiles: Any = getattr(image, "tile", None) or [None]
    args = tiles[0].args if tiles[0] is not None else ""
    found = args[0] if isinstance(args, tuple) and args else args
    return found if isinstance(found, str) else ""


def _with_rawmode(args: Any, rawmode: str) -> Any:
    return (rawmode, *args[1:]) if isinstance(args, tuple) else rawmode
