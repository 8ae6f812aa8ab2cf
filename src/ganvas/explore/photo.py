"""A photo's file -> numbers at a model's size, by a rule that the page follows to the last bit (page/photo.js).

Training's pictures are resized by Pillow, whose rounding no browser has. A first guess is closed form, so that one rule
on both sides gives one latent: triangles as wide as a pixel of the result, or of the photo where that is larger, in
double precision.
"""

import warnings
from pathlib import Path

import numpy as np

from ganvas.data.fit import fit_file
from ganvas.data.limits import BrokenPicture
from ganvas.errors import SettingError
from ganvas.files import read_small
from ganvas.settings import shortened

MOST_BYTES = 200_000_000
ROWS_AT_ONCE = 256  # of a large photo, which is eight times its size in double precision
FITS = "crop", "pad", "stretch"


def read_photo(path: Path, channels: str) -> np.ndarray:
    """(H, W, C) uint8: the picture in a file, upright, of its own size.

    Args:
        channels: grey, rgb or rgba, as a model's `channel_setting`.
    Raises:
        SettingError: it cannot be read, or is no picture; names the file.
    """
    try:
        data = read_small(path, MOST_BYTES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a decoder's opinion of a photo: that it is large, or its metadata odd
            small = fit_file(data, 16, 16, "stretch", channels)
            return fit_file(data, small.width, small.height, "stretch", channels).row
    except BrokenPicture as error:
        raise SettingError(f"{path}: {error}") from error
    except OSError as error:
        raise SettingError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # whatever a decoder raises on a damaged file
        raise SettingError(f"{path}: is damaged: {shortened(str(error))}") from error


def fitted(photo: np.ndarray, width: int, height: int, fit: str) -> np.ndarray:
    """(H, W, C) uint8 -> (height, width, C) float64 from 0 to 255.

    Args:
        fit: crop keeps the middle, pad adds white, stretch distorts.
    """
    rows, columns = photo.shape[:2]
    scale = min if fit == "crop" else max
    across = down = scale(columns / width, rows / height)  # pixels of the photo for one of the result
    if fit == "stretch":
        across, down = columns / width, rows / height
    vertical = triangles(rows, height, down)
    horizontal = triangles(columns, width, across)
    paper = np.array([255, 255, 255, 0][: photo.shape[2]], np.float64)  # what is transparent is white
    parts = (photo[at : at + ROWS_AT_ONCE] - paper for at in range(0, rows, ROWS_AT_ONCE))
    narrow = np.concatenate([np.einsum("hwc,vw->hvc", part, horizontal) for part in parts])  # (H, width, C)
    return np.einsum("hvc,uh->uvc", narrow, vertical) + paper


def triangles(pixels: int, wanted: int, scale: float) -> np.ndarray:
    """(wanted, pixels): what each pixel of a line counts for in each of the result, whose middle is the line's.

    Rows add up to 1 inside the line, and to less where they reach beyond it, where there is white.
    """
    reach = max(scale, 1.0)
    middles = (np.arange(wanted) + 0.5 - wanted / 2) * scale + pixels / 2
    apart = np.abs(np.arange(pixels) + 0.5 - middles[:, None]) / reach
    weights = np.clip(1 - apart, 0, None)
    inside = (middles >= 0) & (middles <= pixels)
    return np.where(inside[:, None], weights / np.maximum(weights.sum(1, keepdims=True), 1e-12), 0)
