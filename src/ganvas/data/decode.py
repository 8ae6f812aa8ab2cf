"""From the bytes of a picture file to an upright-able Pillow image of a plain mode, or the reason why not."""

import importlib.util
import io
from functools import cache
from typing import Any

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from ganvas.data.listing import SMALLEST_SIDE_PX
from ganvas.errors import missing_package

# Only these decoders are let near a user's files; naming the modules registers them before any thread asks.
# Pillow's JPEG decoder hands the many-picture JPEGs of phones and stereo cameras on to MPO by itself.
DECODERS = (
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    WebPImagePlugin.WebPImageFile,
    AvifImagePlugin.AvifImageFile,
    GifImagePlugin.GifImageFile,
    BmpImagePlugin.BmpImageFile,
    BmpImagePlugin.DibImageFile,
    TiffImagePlugin.TiffImageFile,
    PpmImagePlugin.PpmImageFile,
)
FORMATS = tuple(str(decoder.format) for decoder in DECODERS)
LARGEST_PIXELS = 100_000_000
HEIC_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"])
SIDEWAYS = frozenset([5, 6, 7, 8])
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class BrokenPicture(Exception):
    """A file that holds no usable picture; the message is the reason."""


def open_picture(data: bytes) -> Image.Image:
    """The picture in a file's bytes, its size known and no pixel decoded yet; the first frame if it moves.

    Raises:
        BrokenPicture: it is no picture, or of a size that is refused.
        Exception: whatever a decoder raises on a damaged file.
    """
    if not data:
        raise BrokenPicture("empty (0 bytes)")
    try:
        image = _open_heic(data) if _is_heic(data) else Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise BrokenPicture(f"more than {LARGEST_PIXELS // 10**6} megapixels") from error
    except UnidentifiedImageError as error:
        raise BrokenPicture(_what_it_is(data)) from error
    check_size(image.width, image.height)
    return image


def check_size(width: int, height: int) -> None:
    """Raises:
    BrokenPicture: there is nothing to see, or decoding would take more memory than is safe.
    """
    if width * height > LARGEST_PIXELS:
        raise BrokenPicture(f"{width}x{height} pixels: more than {LARGEST_PIXELS // 10**6} megapixels")
    if min(width, height) < SMALLEST_SIDE_PX:
        raise BrokenPicture(f"{width}x{height} pixels: too small to show anything")


def orientation(image: Image.Image) -> int:
    """1 to 8, as EXIF counts; 1 when there is none or it cannot be read, since a bad tag spoils no picture."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 - damaged EXIF raises anything
        return 1
    return value if value in TURNS else 1


def to_plain(image: Image.Image) -> Image.Image:
    """`image` in a mode that can be resized: L, LA, RGB, RGBA or CMYK; more than 8 bits are scaled, never clipped."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        return Image.fromarray(_to_8_bits(np.asarray(image), image.format))
    if mode in ("LA", "RGBA", "CMYK"):
        return image
    if image.has_transparency_data:
        return image.convert("LA" if mode in ("1", "L", "La") else "RGBA")
    return image if mode in ("L", "RGB") else image.convert("L" if mode == "1" else "RGB")


def is_deep(image: Image.Image) -> bool:
    """Whether a channel of `image` holds more than 8 bits."""
    return image.mode.startswith("I") or image.mode == "F"


def to_srgb(image: Image.Image, profile_bytes: bytes | None) -> Image.Image:
    """`image` (RGB, RGBA or CMYK) with the colours that its embedded profile means; without a profile, as it is.

    Returns:
        RGB or RGBA; L and LA come back unchanged.
    """
    if profile_bytes and image.mode in ("RGB", "RGBA", "CMYK"):
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(profile_bytes))
            facts: Any = profile.profile
            known = "srgb" in (facts.profile_description or "").lower()
            if facts.xcolor_space.strip() == image.mode.removesuffix("A") and not known:
                mode = "RGBA" if image.mode == "RGBA" else "RGB"
                image = ImageCms.profileToProfile(image, profile, _srgb(), outputMode=mode) or image
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a damaged profile: the plain numbers are the better guess
    return image.convert("RGB") if image.mode == "CMYK" else image


@cache
def has_heif() -> bool:
    """Whether HEIC files can be read here."""
    return importlib.util.find_spec("pillow_heif") is not None


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _is_heic(data: bytes) -> bool:
    """By the brands in the first box; AVIF has the same box with other brands."""
    length = int.from_bytes(data[:4], "big")
    brands = {data[i : i + 4] for i in range(8, min(length, 64), 4)}
    return data[4:8] == b"ftyp" and not HEIC_BRANDS.isdisjoint(brands) and data[8:12] not in (b"avif", b"avis")


def _open_heic(data: bytes) -> Image.Image:
    if not has_heif():
        raise BrokenPicture(str(missing_package("pillow-heif", "heif", "HEIC pictures")))
    from pillow_heif import HeifImageFile

    return HeifImageFile(io.BytesIO(data))


def _what_it_is(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "a web page, not a picture"
    if not any(byte < 9 for byte in head):
        return "text, not a picture"
    return "not a picture in a format that is read, or its first bytes are damaged"


def _to_8_bits(values: np.ndarray, file_format: str | None) -> np.ndarray:
    """(H, W) of integers or floats -> (H, W) uint8.

    16-bit integers span 0 to 65535. Wider integers and floats say nothing of their range: [0, 1], 0 to 255 and 0 to
    65535 are recognised, and anything else is stretched from its lowest to its highest value.
    """
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return ((np.arange(65536) * 255 + 32767) // 65535).astype(np.uint8)[values]
    levels = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = float(levels.min()), float(levels.max())
    ceilings = (1, 255, 65535) if values.dtype.kind == "f" else (65535,) if file_format == "PNG" else (255, 65535)
    ceiling = next((c for c in ceilings if high <= c), None)
    if low < 0 or ceiling is None:
        levels, ceiling = levels - low, max(high - low, 1e-9)
    return np.rint(levels * (255 / ceiling)).clip(0, 255).astype(np.uint8)
