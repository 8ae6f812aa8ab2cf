"""The doctor: looks at one picture after another, never dies on one, and says in words what was found."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

import numpy as np

from ganvas.config import PictureSettings
from ganvas.data.decode import BrokenPicture
from ganvas.data.fit import fit_array, fit_file, kept_share
from ganvas.data.listing import LARGEST_FILE_BYTES, OUTSIDE, Broken, Entry, Listing, Unread
from ganvas.settings import SMALLEST_PX, STEP_PX

SLIM_SHARE = 0.25


@dataclass(frozen=True)
class Inspection:
    """What was found about one entry; `broken` is the reason it cannot be used, or "".

    `digest` tells contents apart; of files alone are exact duplicates left out, since an array is somebody's choice.
    `unread` means that the disk did not give the file, which another day may change.
    """

    digest: str
    width: int = 0
    height: int = 0
    grey: bool = False
    transparent: bool = False
    turned: bool = False
    deep: bool = False
    is_file: bool = True
    unread: bool = False
    broken: str = ""


def read_entry(listing: Listing, position: int) -> bytes | np.ndarray | Broken:
    """Entry `position`, or why it cannot be read."""
    entry = listing.entries[position]
    try:
        data = None if entry.size_bytes > LARGEST_FILE_BYTES else listing.read(position)
    except OSError as error:
        return Unread(entry.name, f"cannot be read: {_one_line(error.strerror or error)}")
    except Exception as error:  # noqa: BLE001 - archives and data sets each have errors of their own
        return Broken(entry.name, f"cannot be read: {_one_line(error) or type(error).__name__}")
    if data is None or (isinstance(data, bytes) and len(data) > LARGEST_FILE_BYTES):
        return Broken(entry.name, f"larger than {LARGEST_FILE_BYTES >> 20} MB")
    return data


def content_digest(data: bytes | np.ndarray | Broken) -> str:
    """The same for the same content, wherever it lies; what cannot be read differs by its reason."""
    if isinstance(data, Broken):
        return f"unread: {data.file}: {data.reason}"
    state = hashlib.sha256(data if isinstance(data, bytes) else np.ascontiguousarray(data).data)
    return state.hexdigest()[:32]


def examine(data: bytes | np.ndarray | Broken, settings: PictureSettings) -> tuple[Inspection, np.ndarray | None]:
    """What was found about one picture and, unless it is broken, its row: (H, W, C) uint8 as the settings ask."""
    name = content_digest(data)
    if isinstance(data, Broken):
        return Inspection(name, unread=isinstance(data, Unread), broken=data.reason), None
    is_file = isinstance(data, bytes)
    try:
        fit_any = fit_file if is_file else fit_array
        fitted = fit_any(data, settings.width, settings.height, settings.fit, settings.channels)  # type: ignore[arg-type]
    except BrokenPicture as error:
        return Inspection(name, is_file=is_file, broken=str(error)), None
    except Exception as error:  # noqa: BLE001 - on damaged files the decoders raise nearly everything
        return Inspection(name, is_file=is_file, broken=_reason(error)), None
    facts = Inspection(
        name,
        fitted.width,
        fitted.height,
        grey=fitted.grey,
        transparent=fitted.transparent,
        turned=fitted.turned,
        deep=fitted.deep,
        is_file=is_file,
    )
    return facts, fitted.row


def notes_on(entries: Sequence[Entry], inspections: Sequence[Inspection], settings: PictureSettings) -> list[str]:
    """One sentence for each thing that the user may not expect, about the pictures that are used.

    Args:
        entries, inspections: of those pictures, in the same order.
    """
    target = (settings.width, settings.height)
    small = sum(v.width < target[0] or v.height < target[1] for v in inspections)
    slim = sum(kept_share(v.width, v.height, target) < SLIM_SHARE for v in inspections)
    clear = sum(v.transparent for v in inspections)
    colour = sum(not v.grey for v in inspections)
    turned, deep = sum(v.turned for v in inspections), sum(v.deep for v in inspections)
    outside = sum(entry.label == OUTSIDE for entry in entries)
    notes = [
        (small, f"smaller than {target[0]}x{target[1]} and enlarged{_size_hint(inspections, target)}"),
        (slim if settings.fit == "crop" else 0, "so wide or tall that the crop keeps less than a quarter of them"),
        (slim if settings.fit == "stretch" else 0, "stretched to more than four times their shape"),
        (turned, "turned upright"),
        (deep, "of more than 8 bits, scaled to 8"),
        (
            clear if settings.channels != "rgba" else 0,
            "transparent in places, and laid on white; channels=rgba keeps that",
        ),
        (outside if settings.conditional else 0, f"outside every sub-folder, in the class {OUTSIDE!r}"),
    ]
    of_all = f"of {len(inspections):,} pictures"
    told = [f"{count:,} {of_all} {'is' if count == 1 else 'are'} {what}" for count, what in notes if count]
    if settings.channels == "auto" and 0 < colour < len(inspections):
        told.append(f"{len(inspections) - colour:,} {of_all} are grey; the others keep the set in colour")
    if settings.channels == "rgba" and not clear:
        told.append("no picture is transparent; channels=rgb would do")
    return told


def _size_hint(inspections: Sequence[Inspection], target: tuple[int, int]) -> str:
    """The largest size of that shape at which half of the pictures need not be enlarged, if it is a smaller one."""
    scale = median_low(min(v.width / target[0], v.height / target[1]) for v in inspections)
    width, height = (max(int(scale * side) // STEP_PX * STEP_PX, SMALLEST_PX) for side in target)
    return f"; at {width}x{height} most are not, and are learned sooner" if (width, height) < target else ""


def _reason(error: Exception) -> str:
    text = _one_line(error)
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return "cut off: the file ends in the middle of the picture"
    if isinstance(error, MemoryError):
        return "does not fit into memory"
    return f"damaged: {text or type(error).__name__}"


def _one_line(message: object) -> str:
    return " ".join(str(message).split())[:160]
