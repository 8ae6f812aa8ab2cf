"""Pictures -> the bytes of a file."""

import io
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from ganvas.formats.images import over_checkerboard, over_white

Format = Literal["png", "webp", "jpeg"]


@dataclass(frozen=True, eq=False)
class Kind:
    """A format of files.

    options: what Pillow is told. seconds_per_megapixel: that it takes, measured at 64 px on one core of a laptop; a
    server reckons with it until it made one. least_milliseconds: of a frame of a film.
    """

    media_type: str
    options: dict[str, Any]
    seconds_per_megapixel: float
    least_milliseconds: int = 0


KINDS: dict[str, Kind] = {
    "png": Kind("image/png", {"compress_level": 1}, 0.17),
    "webp": Kind("image/webp", {"lossless": True, "method": 0}, 0.12),
    "jpeg": Kind("image/jpeg", {"quality": 92, "subsampling": 0}, 0.09),
}
ANIMATED: dict[str, Kind] = {
    "webp": Kind("image/webp", {"quality": 90, "method": 2}, 0.46),
    "gif": Kind("image/gif", {"optimize": False}, 2.7, 20),  # browsers slow down what is faster
}


def encoded(picture: np.ndarray, format: Format) -> bytes:
    """(H, W, C) uint8 as one file; JPEG, which knows no transparency, shows it over white."""
    kind, buffer = KINDS[format], io.BytesIO()
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    if format == "jpeg":
        image = over_white(image)
    image.save(buffer, format=format, **kind.options)
    return buffer.getvalue()


def animated(frames: np.ndarray, format: Literal["webp", "gif"], fps: int) -> bytes:
    """(N, H, W, C) uint8 as a film that repeats for ever."""
    kind, buffer = ANIMATED[format], io.BytesIO()
    opaque = (over_checkerboard(frame) if frame.shape[-1] == 4 else frame for frame in frames)
    images = (Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame) for frame in opaque)
    first, others = next(images), images
    first.save(
        buffer,
        format=format,
        save_all=True,
        append_images=others,
        duration=max(round(1000 / fps), kind.least_milliseconds),
        loop=0,
        **kind.options,
    )
    return buffer.getvalue()


def zipped(pictures: np.ndarray, names: Sequence[str], format: Format) -> bytes:
    """A zip of one file a picture; pictures are compressed already, so that the zip only stores them.

    Names that come again are numbered.
    """
    buffer, taken = io.BytesIO(), Counter[str]()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for picture, name in zip(pictures, names, strict=True):
            taken[name] += 1
            own = name if taken[name] == 1 else f"{name}-{taken[name]}"
            stamp = zipfile.ZipInfo(f"{own}.{format}", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(stamp, encoded(picture, format))
    return buffer.getvalue()
