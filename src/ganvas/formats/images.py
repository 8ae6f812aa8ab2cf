"""Many pictures on one sheet, and large ones made smaller.

Pictures are uint8 (N, H, W, C) in [0, 255]; C is 1 (grey), 3 (RGB) or 4 (RGBA, not premultiplied).
"""

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganvas.files import replace_bytes

PAPER = 244
CHECK_DARK, CHECK_LIGHT, CHECK_PX = 222, 250, 8
LONGEST_PX = 720
REDUCED_PX = 256
LINK_KEY = "Ganvas"  # what a PNG calls the link of its picture, in a tEXt chunk


class Pictures(np.ndarray):
    """(N, H, W, C) uint8, an array like any other, and a sheet of its pictures for a notebook."""

    def grid(self, *, columns: int | None = None) -> Image.Image:
        """All of them on one sheet, transparent ones over a checkerboard.

        Args:
            columns: pictures a row; None makes the sheet nearly square.
        Raises:
            ValueError: as picture_grid.
        """
        images = np.asarray(self)
        sheet = picture_grid(over_checkerboard(images) if images.shape[-1] == 4 else images, columns=columns)
        return Image.fromarray(sheet[..., 0] if sheet.shape[-1] == 1 else sheet)


def picture_grid(images: np.ndarray, *, columns: int | None = None, gutter: int = 2) -> np.ndarray:
    """Pictures side by side on pale paper, row by row from the top left.

    Args:
        images: uint8 (N, H, W, C), N >= 1.
        columns: pictures a row; None chooses the number that makes the sheet nearly square in pixels.
        gutter: pixels of paper between and around pictures.
    Returns:
        uint8 (H', W', C); in RGBA the paper is opaque.
    Raises:
        ValueError: not uint8 (N, H, W, 1 | 3 | 4), no pictures, no columns or a negative gutter.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] not in (1, 3, 4) or not images.size:
        raise ValueError(f"expected uint8 (N, H, W, 1 | 3 | 4) with N >= 1, got {images.dtype} {images.shape}")
    if gutter < 0 or (columns is not None and columns < 1):
        raise ValueError(f"expected gutter >= 0 and columns >= 1, got {gutter} and {columns}")
    count, height, width, channels = images.shape
    columns = columns or _squarest(count, height + gutter, width + gutter)
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height + gutter, width + gutter, channels), PAPER, np.uint8)
    cells[:count, :height, :width] = images
    if channels == 4:
        cells[:, height:, :, 3] = cells[:, :, width:, 3] = cells[count:, ..., 3] = 255
    sheet = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)  # (rows, H, columns, W, C)
    sheet = sheet.reshape(rows * (height + gutter), columns * (width + gutter), channels)
    edge = np.pad(sheet, ((gutter, 0), (gutter, 0), (0, 0)), constant_values=PAPER)
    if channels == 4:
        edge[:gutter, :, 3] = edge[:, :gutter, 3] = 255
    return edge


def reduced(images: np.ndarray, longest_px: int = REDUCED_PX) -> np.ndarray:
    """uint8 (N, H, W, C) -> uint8 (N, h, w, C) whose longer side is at most `longest_px`: as they are, or antialiased.

    By Pillow's Lanczos, as everywhere; transparency is premultiplied.
    """
    longer = max(images.shape[1:3])
    if longer <= longest_px:
        return images
    height, width = (max(round(side * longest_px / longer), 1) for side in images.shape[1:3])
    single = images.shape[3] == 1
    every = (Image.fromarray(image[..., 0] if single else image) for image in images)
    made = np.stack([np.asarray(image.resize((width, height), Image.Resampling.LANCZOS)) for image in every])
    return made[..., None] if single else made


def over_white(image: Image.Image) -> Image.Image:
    """A picture in LA or RGBA laid on white, in L or RGB; one without transparency as it is."""
    if image.mode not in ("LA", "RGBA"):
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("L" if image.mode == "LA" else "RGB")


def over_checkerboard(images: np.ndarray) -> np.ndarray:
    """RGBA pictures as they look over a pale checkerboard: uint8 (..., H, W, 4) -> uint8 (..., H, W, 3).

    Raises:
        ValueError: not uint8 with four channels.
    """
    if images.dtype != np.uint8 or images.ndim < 3 or images.shape[-1] != 4:
        raise ValueError(f"expected uint8 (..., H, W, 4), got {images.dtype} {images.shape}")
    height, width = images.shape[-3:-1]
    odd = (np.arange(height)[:, None] // CHECK_PX + np.arange(width) // CHECK_PX) % 2
    board = np.where(odd, CHECK_DARK, CHECK_LIGHT)[..., None].astype(np.float32)  # (H, W, 1)
    opacity = images[..., 3:].astype(np.float32) / 255
    return np.rint(images[..., :3] * opacity + board * (1 - opacity)).astype(np.uint8)


def save_grid(path: Path, images: np.ndarray, *, columns: int | None = None) -> None:
    """Many pictures as one PNG: a picture_grid of them, transparent ones over a checkerboard; folders are made.

    Raises:
        ValueError: as picture_grid.
    """
    save_png(path, picture_grid(over_checkerboard(images) if images.shape[-1] == 4 else images, columns=columns))


def save_png(path: Path, picture: np.ndarray, *, scale: int | None = None, link: str = "") -> None:
    """What `png_bytes` gives as a file, replaced atomically; missing folders are made. Raises as it does."""
    replace_bytes(path, png_bytes(picture, scale=scale, link=link))


def png_bytes(picture: np.ndarray, *, scale: int | None = None, link: str = "") -> bytes:
    """One picture or grid as a PNG.

    Args:
        picture: uint8 (H, W) or (H, W, 1 | 3 | 4).
        scale: whole-number enlargement, every pixel a square of `scale` pixels; None enlarges a small grid as far as
            720 pixels allow, so that 28-pixel digits can be seen. The same shape always gives the same scale.
        link: what it was drawn from (formats.point), kept in the file under LINK_KEY.
    Raises:
        ValueError: another shape or dtype, or a scale below 1.
    """
    shape_is_right = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[-1] in (1, 3, 4))
    if picture.dtype != np.uint8 or not shape_is_right or not picture.size:
        raise ValueError(f"expected uint8 (H, W) or (H, W, 1 | 3 | 4), got {picture.dtype} {picture.shape}")
    if scale is None:
        scale = max(1, LONGEST_PX // max(picture.shape[:2]))
    if scale < 1:
        raise ValueError(f"expected scale >= 1, got {scale}")
    if picture.ndim == 3 and picture.shape[-1] == 1:
        picture = picture[..., 0]
    enlarged = picture.repeat(scale, axis=0).repeat(scale, axis=1)
    said = PngInfo()
    if link:
        said.add_text(LINK_KEY, link)
    # Pillow's own level, 6, takes up to twice as long for files that are hardly smaller.
    encoded = io.BytesIO()
    Image.fromarray(enlarged).save(encoded, format="PNG", compress_level=3, pnginfo=said)
    return encoded.getvalue()


def _squarest(count: int, height: int, width: int) -> int:
    """Columns that make the sheet nearly square, with few empty places; of two equal ones, the wider sheet."""

    def cost(columns: int) -> tuple[float, int]:
        rows = math.ceil(count / columns)
        empty = (rows * columns - count) / count
        return round(abs(math.log(columns * width / (rows * height))) + empty, 9), -columns

    return min(range(1, count + 1), key=cost)
