"""The pictures of a set as a page lists them, each small, made once; and what the network would see of one."""

import io
import threading
import warnings
from contextlib import suppress
from typing import Annotated, Any, Literal
from urllib.parse import quote

import numpy as np
from fastapi import APIRouter, Query, Response
from PIL import Image

from ganvas.data.decode import SIDEWAYS, open_picture, orientation
from ganvas.data.fit import shrink_file
from ganvas.data.limits import BrokenPicture, TimeLimit
from ganvas.data.listing import OUTSIDE, digest, printable
from ganvas.files import replace_bytes
from ganvas.studio.answers import KEPT
from ganvas.studio.problems import Problem
from ganvas.studio.sets.catalogue import Catalogue
from ganvas.studio.sets.edits import SMALLEST_SIDE, Window, picture_settings, read_set
from ganvas.studio.sets.sets import Sets
from ganvas.studio.sets.windows import as_file, as_network_sees
from ganvas.workflows.parse import parse_size

FOLDER = "thumbnails"
USUAL_PX, SMALLEST_PX, LARGEST_PX = 160, 32, 1024
MOST_LISTED = 500
HEAD_BYTES = 1 << 17  # of a file, in which its size nearly always stands
QUALITY = 80
_DECODING = threading.BoundedSemaphore(2)  # the rest of the machine may be training
_QUIET = threading.Lock()  # warnings have one set of filters for the whole process


def listed(sets: Sets, name: str, offset: int, limit: int, only: str | None = None) -> tuple[list[dict[str, Any]], int]:
    """Pictures of a set from `offset` on, left-out ones too, and how many there are.

    Args:
        only: a class, or "left out".
    """
    catalogue, edits = sets.catalogue(name), read_set(sets.home.set(name)).edits
    left_out = set(edits.left_out)
    labels = {file: edits.classes.get(file, entry.label) for file, entry in catalogue.entries.items()}
    outside = OUTSIDE if any(labels.values()) else ""
    files = [
        file
        for file in catalogue.entries
        if only is None or (file in left_out if only == "left out" else printable(labels[file] or outside) == only)
    ]
    found = []
    for file in files[offset : offset + limit]:
        width, height = _size(catalogue, file)
        found.append(
            {
                "file": file,
                "class": printable(labels[file] or outside) or None,
                "width": width,
                "height": height,
                "bytes": catalogue.entries[file].size_bytes,
                "left_out": file in left_out,
                "window": edits.windows.get(file),
                "thumbnail": f"api/sets/{quote(name)}/thumbnail/{quote(file)}?v={_version(catalogue, file)}",
            }
        )
    return found, len(files)


def thumbnail(sets: Sets, name: str, file: str, px: int) -> bytes:
    """A WebP of a picture, no side longer than px, made once; where the disk is full, each time.

    Raises:
        Problem: there is no such picture, or it cannot be decoded.
    """
    catalogue = sets.catalogue(name)
    key = digest([file, catalogue.stamp_of(catalogue.entry(file)), str(px)])
    path = sets.home.set(name) / FOLDER / key[:2] / f"{key}.webp"
    with suppress(OSError):
        return path.read_bytes()
    with _DECODING:
        small = _shrunk(as_file(catalogue.read(file)), px)
    encoded = io.BytesIO()
    small.save(encoded, "WEBP", quality=QUALITY, method=2)
    with suppress(OSError):
        replace_bytes(path, encoded.getvalue())
    return encoded.getvalue()


def header(data: bytes) -> tuple[int, int, str]:
    """Width and height of an upright picture, and its format, from the beginning of its file.

    Raises:
        BrokenPicture: it is no picture, or of a size that is refused.
        Exception: whatever a decoder raises on a damaged file.
    """
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a decoder's opinion of a user's file
        with open_picture(data, TimeLimit()) as image:
            width, height = image.size
            form = str(image.format)
            is_turned = form in ("JPEG", "MPO", "WEBP") and orientation(image) in SIDEWAYS
            return (height, width, form) if is_turned else (width, height, form)


def _size(catalogue: Catalogue, file: str) -> tuple[int | None, int | None]:
    """Of a picture, where that takes no more than its file's beginning."""
    try:
        data = catalogue.head(file, HEAD_BYTES)
        return (data.shape[1], data.shape[0]) if isinstance(data, np.ndarray) else header(data)[:2]
    except Exception:  # noqa: BLE001 - what cannot be read is shown without its size
        return None, None


def _shrunk(data: bytes, px: int) -> Image.Image:
    try:
        return shrink_file(data, px)
    except BrokenPicture as error:
        raise Problem(422, str(error)) from error
    except Exception as error:  # on damaged files the decoders raise nearly everything
        raise Problem(422, f"damaged: {' '.join(str(error).split())[:160]}") from error


def _version(catalogue: Catalogue, file: str) -> str:
    return digest([catalogue.stamp_of(catalogue.entries[file])])[:12]


def routes(sets: Sets) -> APIRouter:
    """Of single pictures of a set."""
    router = APIRouter()

    @router.get("/api/sets/{name}/files")
    def files(
        name: str,
        response: Response,
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 200,
        only: str | None = None,
    ) -> list[dict[str, Any]]:
        found, count = listed(sets, name, offset, limit, only)
        response.headers["X-Total-Count"] = str(count)
        return found

    @router.get("/api/sets/{name}/thumbnail/{file:path}")
    def small(name: str, file: str, px: Annotated[int, Query(ge=SMALLEST_PX, le=LARGEST_PX)] = USUAL_PX) -> Response:
        return Response(thumbnail(sets, name, file, px), media_type="image/webp", headers=dict(KEPT))

    @router.get("/api/sets/{name}/crop/{file:path}")
    def crop(
        name: str,
        file: str,
        size: str | None = None,
        fit: Literal["crop", "pad", "stretch"] | None = None,
        alpha: bool | None = None,
        window: str | None = None,
    ) -> Response:
        said = read_set(sets.home.set(name))
        shape = None if size is None else parse_size(size)
        channels = None if alpha is None else "rgba" if alpha else "auto"
        settings = picture_settings(said.edits, shape, fit=fit, channels=channels)
        chosen = said.edits.windows.get(file) if window is None else _window(window)
        with _DECODING:
            seen = as_network_sees(sets.catalogue(name).read(file), settings, chosen)
        encoded = io.BytesIO()
        seen.save(encoded, "PNG")
        return Response(encoded.getvalue(), media_type="image/png")

    return router


def _window(text: str) -> Window:
    try:
        left, top, size = map(float, text.split(","))
    except ValueError:
        left = top = size = -1.0
    if not (0 <= left <= 1 and 0 <= top <= 1 and SMALLEST_SIDE <= size <= 1):
        raise Problem(422, f"window {text[:80]!r}: expected left, top and size as shares, as in 0.1,0.2,0.5", "window")
    return left, top, size
