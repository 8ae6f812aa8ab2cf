"""Pictures laid out with words beside them, as sheets that a person looks at."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganvas.errors import SettingError
from ganvas.files import replacing, writing_to
from ganvas.formats.images import PAPER, over_checkerboard, picture_grid

INK, TEXT_PX, GAP_PX = (60, 58, 54), 14, 8
LONGEST_PX, MOST_SCALE = 1600, 4  # of a sheet, as far as whole-number scales allow
ENDINGS = ".png", ".jpg", ".jpeg", ".webp"


def check_ending(path: Path) -> Path:
    """The path of a sheet. Raises SettingError unless it ends as pictures do; best before they are drawn."""
    if path.suffix.lower() not in ENDINGS:
        raise SettingError(f"--out {path}: sheets end in {', '.join(ENDINGS)}")
    return path


def save_sheet(sheet: Image.Image, path: Path) -> None:
    """Raises SettingError or DiskError where it cannot be written."""
    with writing_to(check_ending(path), what="file"), replacing(path) as unfinished:
        sheet.save(unfinished)


def even(image: Image.Image) -> Image.Image:
    """The picture with a line of paper at the right and at the bottom where its sides are odd, which no video has."""
    width, height = image.width + image.width % 2, image.height + image.height % 2
    if (width, height) == image.size:
        return image
    whole = Image.new("RGB", (width, height), (PAPER,) * 3)
    whole.paste(image)
    return whole


def side_by_side(
    pictures: np.ndarray, columns: int | None = None, scale: int | None = None, gutter: int = 1
) -> Image.Image:
    """(N, H, W, C) uint8 as one RGB picture, enlarged smoothly; transparent ones over a checkerboard.

    Args:
        scale: None: as far as LONGEST_PX allows, at most MOST_SCALE times.
    """
    laid = over_checkerboard(pictures) if pictures.shape[-1] == 4 else pictures
    whole = picture_grid(laid, columns=columns, gutter=gutter if len(laid) > 1 else 0)
    made = Image.fromarray(whole[..., 0] if whole.shape[-1] == 1 else whole).convert("RGB")
    by = scale_for(*made.size) if scale is None else scale
    return made if by == 1 else made.resize((made.width * by, made.height * by), Image.Resampling.BICUBIC)


def scale_for(width: int, height: int) -> int:
    """What a sheet of so many pixels is enlarged by."""
    return max(min(LONGEST_PX // max(width, height), MOST_SCALE), 1)


def with_words(
    rows: Sequence[tuple[str, np.ndarray]], heads: Sequence[str] = (), scale: int | None = None
) -> Image.Image:
    """Rows of as many (N, H, W, C) uint8 pictures, the words of each above it, and heads over the columns.

    Words that are longer than their place are cut.
    """
    font = ImageFont.load_default(TEXT_PX)
    strips = [side_by_side(pictures, len(pictures), scale) for _, pictures in rows]
    line = TEXT_PX + 2 * GAP_PX
    top = line if heads else 0
    height = top + sum(
        strip.height + (line if words else GAP_PX) for (words, _), strip in zip(rows, strips, strict=True)
    )
    sheet = Image.new("RGB", (max(strip.width for strip in strips) + 2 * GAP_PX, height + GAP_PX), (PAPER,) * 3)
    pen, at = ImageDraw.Draw(sheet), top
    for number, head in enumerate(heads):
        each = strips[0].width / len(heads)
        pen.text((GAP_PX + number * each, GAP_PX), cut(head, each, font), fill=INK, font=font)
    for (words, _), strip in zip(rows, strips, strict=True):
        if words:
            pen.text((GAP_PX, at + GAP_PX), cut(words, sheet.width - 2 * GAP_PX, font), fill=INK, font=font)
        at += line if words else GAP_PX
        sheet.paste(strip, (GAP_PX, at))
        at += strip.height
    return sheet


def cut(words: str, px: float, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Words, their end left out where they take more than so many pixels."""
    if font.getlength(words) <= px:
        return words
    words = words[:LONGEST_PX]  # a link may have thousands of letters
    while words and font.getlength(f"{words}…") > px:
        words = words[:-1]
    return f"{words}…"
