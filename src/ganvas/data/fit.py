"""Make a picture of any shape fit the network: crop, pad or stretch, resize, and lay transparency on white."""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from ganvas.data.decode import (
    SIDEWAYS,
    TURNS,
    check_size,
    decode_deep,
    decoding_bytes,
    open_picture,
    orientation,
    to_plain,
    to_srgb,
)
from ganvas.data.deep import STRIP_VALUES, DeepPicture, Levels, Span, is_deep, levels_for
from ganvas.data.limits import TimeLimit
from ganvas.data.memory import DECODING
from ganvas.data.metadata import without_large_metadata
from ganvas.formats.images import over_white

REDUCING_GAP = 3.0  # Pillow's own "very close to fair resampling"
DRAFT_GAP = 2  # a JPEG is decoded at no less than this times the size it is resized to
CHROMA_NOISE_LEVELS, CHROMA_NOISE_MEAN = 16, 4
CHANNELS = {"auto": 3, "grey": 1, "rgb": 3, "rgba": 4}

Fit = Literal["crop", "pad", "stretch"]


@dataclass(frozen=True)
class Fitted:
    """One picture as the network will see it, and what was noticed on the way.

    `row` is (H, W, C) uint8, C = CHANNELS[channels]; `width` and `height` are the upright original's. `span` is that of
    a picture of more than 8 bits. `pixels` tells pictures apart by what they show, whatever files they are in.
    """

    row: np.ndarray
    width: int
    height: int
    grey: bool
    transparent: bool
    turned: bool
    span: Span | None = None
    pixels: str = ""


def fit_file(
    data: bytes,
    width: int,
    height: int,
    fit: Fit,
    channels: str,
    levels_of: Callable[[Span], Levels] = levels_for,
    *,
    identify: bool = True,
) -> Fitted:
    """The picture in a file's bytes, upright, `height` x `width` pixels.

    Args:
        data: the whole file.
        width, height: pixels of the result.
        fit: "crop" keeps the middle, "pad" adds a border (white, or transparent with rgba), "stretch" distorts.
        channels: a key of CHANNELS; "auto" gives three, and `grey` says whether one would do.
        levels_of: what becomes black and white in a picture of more than 8 bits of such a span.
        identify: find what `pixels` says, which takes as long as the rest; else it is "".
    Raises:
        BrokenPicture: it is no usable picture.
        Exception: whatever a decoder raises on a damaged file.
    """
    with _decoded(data, (width, height), levels_of) as found:
        seen = _digest(found.strips()) if identify else ""
        small = resize(found.plain, _turned((width, height), found.turn), fit)
    small = found.finished(small)
    row, grey, transparent = _finish(small, channels)
    # Pixels mean what they look like: a profile or a turn shows in the row, but so would the levels.
    pixels = ""
    if identify:
        pixels = f"{found.size} {seen}" if found.span else f"{found.size} {seen} {_digest([row])}"
    return Fitted(
        _pad(row, width, height),
        *_turned(found.size, found.turn),
        grey,
        transparent,
        turned=found.tagged in TURNS,
        span=found.span,
        pixels=pixels,
    )


def shrink_file(data: bytes, longest_px: int) -> Image.Image:
    """The picture in a file's bytes, upright and whole, with no side longer than that: L, LA, RGB or RGBA.

    Raises as `fit_file`.
    """
    with _decoded(data, (longest_px, longest_px), levels_for) as found:
        scale = min(longest_px / max(found.size), 1.0)
        width, height = (max(round(side * scale), 1) for side in found.size)
        small = resize(found.plain, (width, height), "stretch")
    return found.finished(small)


def cut_file(data: bytes, window: Callable[[int, int], tuple[int, int, int, int]]) -> Image.Image:
    """A part of the picture in a file's bytes, upright, in its own pixels: L, LA, RGB or RGBA.

    Pictures of more than 8 bits a channel become 8, as their own values say.

    Args:
        window: the upright picture's width and height -> left, top, right and bottom of the part.
    Raises as `fit_file`.
    """
    with _decoded(data, None, levels_for) as found:
        upright = found.finished(found.plain)
        return upright.crop(window(upright.width, upright.height))


@dataclass(frozen=True)
class _Decoded:
    """A picture whose pixels were decoded.

    size: of the whole, in the file. plain: its pixels, perhaps fewer. span: of one of more than 8 bits. deep: that one.
    tagged: how the file says it is to be turned. turn: what is left to do of that. profile: of its colours.
    """

    size: tuple[int, int]
    plain: Image.Image
    span: Span | None
    deep: DeepPicture | None
    tagged: int
    turn: int
    profile: bytes | None

    def strips(self) -> Iterator[np.ndarray]:
        """Its pixels from top to bottom."""
        return _strips(self.plain) if self.deep is None else self.deep.strips()

    def finished(self, image: Image.Image) -> Image.Image:
        """`image`, which was made of `plain`, upright and in the colours that are meant."""
        return to_srgb(image.transpose(TURNS[self.turn]) if self.turn in TURNS else image, self.profile)


@contextmanager
def _decoded(data: bytes, target: tuple[int, int] | None, levels_of: Callable[[Span], Levels]) -> Iterator[_Decoded]:
    """The picture in a file's bytes; the memory for it is lent while the block lasts.

    Args:
        target: the size that it will be brought to, upright, which allows JPEGs to be decoded at less than their own;
            None: all pixels are wanted.
    """
    limit = TimeLimit()
    data = without_large_metadata(data, limit)
    with open_picture(data, limit) as image:
        size, holds_more, span, deep = image.size, is_deep(image), None, None
        if target is not None and image.format in ("JPEG", "MPO"):
            image.draft(None, _draft_size(size, _turned(target, orientation(image))))
        with DECODING.lent(decoding_bytes(image, size[0] * size[1])):
            tagged = orientation(image)  # which decodes a PNG
            if holds_more:
                deep = decode_deep(image, data, limit)
                span = deep.span()
                plain = deep.to_8_bits(levels_of(span))
            else:
                image.load()
                plain = to_plain(image)
            profile = image.info.get("icc_profile")
            turn = orientation(image)  # 1 by now if it is a TIFF, which Pillow turns by itself
            yield _Decoded(size, plain, span, deep, tagged, turn, profile if isinstance(profile, bytes) else None)


def fit_array(pixels: np.ndarray, width: int, height: int, fit: Fit, channels: str) -> Fitted:
    """The same for a decoded picture: (H, W) or (H, W, C) uint8, C in 1, 3, 4.

    Raises:
        BrokenPicture: it has no usable size.
    """
    check_size(pixels.shape[1], pixels.shape[0])
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels))
    row, grey, transparent = _finish(resize(image, (width, height), fit), channels)
    return Fitted(_pad(row, width, height), image.width, image.height, grey, transparent, turned=False)


def resize(image: Image.Image, target: tuple[int, int], fit: Fit) -> Image.Image:
    """`image` (L, LA, RGB, RGBA or CMYK) at `target` (width, height); with "pad", at the largest size inside it.

    Antialiased (Lanczos); transparency is premultiplied, so that hidden colours do not bleed.
    """
    (width, height), box = target, None
    if fit == "crop":
        scale = min(image.width / width, image.height / height)
        left, top = (image.width - width * scale) / 2, (image.height - height * scale) / 2
        box = (
            max(left, 0.0),
            max(top, 0.0),
            min(left + width * scale, image.width),
            min(top + height * scale, image.height),
        )
    elif fit == "pad":
        scale = min(width / image.width, height / image.height)
        width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=REDUCING_GAP)


def kept_share(width: int, height: int, target: tuple[int, int]) -> float:
    """How much of a picture's area is left when its middle is cropped to the shape of `target` (width, height)."""
    shape, wanted = width / height, target[0] / target[1]
    return min(shape / wanted, wanted / shape)


def is_grey(row: np.ndarray) -> bool:
    """Whether (H, W, 3) uint8 shows no colour beyond what JPEG's chroma leaves in a grey picture."""
    red, green, blue = row[..., 0], row[..., 1], row[..., 2]  # three times as fast as max(axis=2)
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return bool(spread.max() <= CHROMA_NOISE_LEVELS and spread.mean() <= CHROMA_NOISE_MEAN)


def to_grey(rows: np.ndarray) -> np.ndarray:
    """(N, H, W, 3) uint8 -> (N, H, W, 1) luma, as Pillow weighs it (ITU-R BT.601)."""
    n, height, width, _ = rows.shape
    tall = Image.fromarray(np.ascontiguousarray(rows).reshape(n * height, width, 3)).convert("L")
    return np.asarray(tall).reshape(n, height, width, 1)


def _strips(image: Image.Image) -> Iterator[np.ndarray]:
    """The pixels of a plain picture from top to bottom, the same whether grey is kept in one channel or three."""
    rows = max(STRIP_VALUES // image.width, 1)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        yield np.asarray(strip if strip.mode == "CMYK" else strip.convert("RGBA"))


def _digest(arrays: Iterable[np.ndarray]) -> str:
    state = hashlib.sha256()
    for array in arrays:
        state.update(np.ascontiguousarray(array).data)
    return state.hexdigest()[:32]


def _turned(size: tuple[int, int], turn: int) -> tuple[int, int]:
    return (size[1], size[0]) if turn in SIDEWAYS else size


def _draft_size(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """The smallest whole picture that still has DRAFT_GAP times the detail of `target` on both sides."""
    scale = DRAFT_GAP * max(target[0] / size[0], target[1] / size[1])
    return math.ceil(size[0] * scale), math.ceil(size[1] * scale)


def _finish(image: Image.Image, channels: str) -> tuple[np.ndarray, bool, bool]:
    """Image -> (H, W, C) uint8, whether it is grey, whether any of it is transparent.

    With rgba, what is fully transparent is white, the colour that everyone else sees there.
    """
    layered = np.asarray(image.convert("RGBA")) if image.mode in ("LA", "RGBA") else None
    transparent = layered is not None and bool((layered[..., 3] < 255).any())
    if channels == "rgba":
        row = np.array(image.convert("RGBA"))
        row[row[..., 3] == 0, :3] = 255
        return row, False, transparent
    image = over_white(image)
    grey = image.mode == "L" or is_grey(np.asarray(image))
    row = np.asarray(image.convert("L" if channels == "grey" else "RGB"))
    return (row[..., None] if row.ndim == 2 else row), grey, transparent


def _pad(row: np.ndarray, width: int, height: int) -> np.ndarray:
    """(h, w, C) -> (height, width, C) with the picture in the middle of white, which is transparent if C is 4."""
    if row.shape[:2] == (height, width):
        return row
    canvas = np.full((height, width, row.shape[2]), 255, np.uint8)
    if row.shape[2] == 4:
        canvas[..., 3] = 0
    top, left = (height - row.shape[0]) // 2, (width - row.shape[1]) // 2
    canvas[top : top + row.shape[0], left : left + row.shape[1]] = row
    return canvas
