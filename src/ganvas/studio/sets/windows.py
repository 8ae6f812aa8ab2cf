"""What of a picture is cropped: a window of the network's shape, as a person moved it, in pixels of that picture."""

import io

import numpy as np
from PIL import Image

from ganvas.config import PictureSettings
from ganvas.data.doctor import examine
from ganvas.data.fit import cut_file
from ganvas.data.limits import BrokenPicture
from ganvas.studio.problems import Problem
from ganvas.studio.sets.edits import Window


def box(window: Window, width: int, height: int, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a window in a picture of that size, in pixels, at least one a side.

    Args:
        shape: (width, height) of what is trained on.
    """
    left_share, top_share, size_share = window
    scale = min(width / shape[0], height / shape[1]) * size_share
    wide, tall = (min(max(round(scale * side), 1), most) for side, most in zip(shape, (width, height), strict=True))
    left, top = min(round(left_share * width), width - wide), min(round(top_share * height), height - tall)
    return left, top, left + wide, top + tall


def cut(data: bytes | np.ndarray, window: Window, shape: tuple[int, int]) -> bytes:
    """A window of a picture as a PNG, in the picture's own pixels.

    Raises:
        BrokenPicture: it is no usable picture. Exception: whatever a decoder raises on a damaged file.
    """
    encoded = io.BytesIO()
    cut_file(as_file(data), lambda width, height: box(window, width, height, shape)).save(encoded, "PNG")
    return encoded.getvalue()


def as_file(data: bytes | np.ndarray) -> bytes:
    """A picture as a file: as it is, or a PNG of its pixels."""
    if isinstance(data, bytes):
        return data
    encoded = io.BytesIO()
    pixels = data[..., 0] if data.shape[2:] == (1,) else data
    Image.fromarray(np.ascontiguousarray(pixels)).save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()


def as_network_sees(data: bytes | np.ndarray, settings: PictureSettings, window: Window | None) -> Image.Image:
    """What is trained on of a picture; raises Problem where it cannot be."""
    try:
        if window is not None and settings.fit == "crop":
            data = cut(data, window, (settings.width, settings.height))
    except BrokenPicture as error:
        raise Problem(422, str(error)) from error
    except Exception as error:  # on damaged files the decoders raise nearly everything
        raise Problem(422, f"damaged: {' '.join(str(error).split())[:160]}") from error
    inspection, row = examine(data, settings)
    if row is None:
        raise Problem(422, inspection.broken)
    return Image.fromarray(row[..., 0] if row.shape[2] == 1 else row)
