"""The smallest that there is of a picture and of a model."""

import io
from typing import Any

import numpy as np
from PIL import Image

from ganvas.formats.manifest import Description

SIZE_PX = 16


def small_description(**changes: object) -> Description:
    """Of a generator of 16 pixels that knows two classes, but for what is given."""
    values = {
        "architecture": "mlp",
        "width": SIZE_PX,
        "height": SIZE_PX,
        "channels": 3,
        "z_dim": 4,
        "z_distribution": "normal",
        "multiplier": 0.02,
        "classes": ("a", "b"),
        "recipe": "mlp",
        "images": 64,
        "averaged": True,
        "ganvas": "0",
    }
    return Description.model_validate(values | changes)


def small_picture(number: int) -> np.ndarray:
    """(16, 16, 3) uint8, smooth, of a few bytes in a file."""
    corners = np.random.default_rng(number).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(corners).resize((SIZE_PX, SIZE_PX), Image.Resampling.BILINEAR))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as the bytes of a file."""
    stored = io.BytesIO()
    image.save(stored, kind, **options)
    return stored.getvalue()


def header_of(safetensors: bytes) -> int:
    """Where its weights begin."""
    return 8 + int.from_bytes(safetensors[:8], "little")
