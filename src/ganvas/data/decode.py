"""From the bytes of a picture file to an upright-able Pillow image of a plain mode, or the reason why not."""

import importlib.util
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

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

from ganvas.data.deep import DeepPicture, low_bytes
from ganvas.data.limits import (
    LARGEST_EXIF_BYTES,
    LARGEST_PIXELS,
    BrokenPicture,
    SlowPicture,
    TimedFile,
    TimeLimit,
    check_scans,
    check_tiff,
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
_QUIET = threading.Lock()  # warnings have one set of filters for the whole process: one set of pictures at a time


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """A block without warnings: a decoder's opinion of a user's file belongs in the report or nowhere."""
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def open_picture(data: bytes, limit: TimeLimit) -> Image.Image:
    """The picture in a file's bytes, its size known and no pixel decoded yet; the first frame if it moves.

    Args:
        limit: of this file, extended here to what a picture of this size may take.
    Raises:
        BrokenPicture: it is no picture, or of a size that is refused, or would take too long.
        Exception: whatever a decoder raises on a damaged file.
    """
    if not data:
        raise BrokenPicture("empty (0 bytes)")
    check_tiff(data)
    try:
        image = _open_heic(data) if _is_heic(data) else Image.open(TimedFile(data, limit), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise BrokenPicture(f"more than {LARGEST_PIXELS // 10**6} megapixels") from error
    except UnidentifiedImageError as error:
        raise BrokenPicture(_what_it_is(data)) from error
    check_size(image.width, image.height)
    if image.format in ("JPEG", "MPO"):
        check_scans(data, image.width * image.height)
    exif = image.info.get("exif")
    if isinstance(exif, bytes):
        image.info["exif"] = exif[:LARGEST_EXIF_BYTES]
    limit.allow_for(image.width * image.height)
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
    except SlowPicture:
        raise
    except Exception:  # noqa: BLE001 - damaged EXIF raises anything
        return 1
    return value if value in TURNS else 1


def to_plain(image: Image.Image) -> Image.Image:
    """`image`, of 8 bits or fewer, in a mode that can be resized: L, LA, RGB, RGBA or CMYK."""
    mode = image.mode
    if mode in ("LA", "RGBA", "CMYK"):
        return image
    if image.has_transparency_data:
        return image.convert("LA" if mode in ("1", "L", "La") else "RGBA")
    return image if mode in ("L", "RGB") else image.convert("L" if mode == "1" else "RGB")


def decode_deep(image: Image.Image, data: bytes, limit: TimeLimit) -> DeepPicture:
    """The picture of more than 8 bits that was opened from `data`."""
    low = low_bytes(Image.open(TimedFile(data, limit), formats=FORMATS)) if image.mode in ("RGB", "RGBA") else None
    image.load()
    return DeepPicture(image, low)


def decoding_bytes(image: Image.Image, full_pixels: int) -> int:
    """About what decoding an opened picture takes: its pixels, as much again in the decoder and in one conversion.

    Args:
        image: at the size it will be decoded at.
        full_pixels: of the whole picture, whose coefficients a progressive JPEG keeps, at 2 bytes and 3 channels.
    """
    pixel_bytes = {"1": 1, "L": 1, "P": 1, "I;16": 2}.get(image.mode, 4) + 8
    coefficients = 6 * full_pixels if image.info.get("progressive") else 0
    return image.width * image.height * pixel_bytes + coefficients


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
