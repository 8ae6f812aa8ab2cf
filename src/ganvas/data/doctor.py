"""The doctor: looks at one picture after another, never dies on one, and says in words what was found."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

import numpy as np

from ganvas.config import PictureSettings
from ganvas.data.deep import Levels, Span, levels_for
from ganvas.data.fit import fit_array, fit_file, kept_share
from ganvas.data.limits import BrokenPicture, SlowPicture
from ganvas.data.listing import LARGEST_FILE_BYTES, OUTSIDE, Broken, Entry, Listing, Unread, printable
from ganvas.settings import SMALLEST_PX, STEP_PX
from ganvas.wording import are, counted

SLIM_SHARE = 0.25
RARE_COUNT, RARE_SHARE = 3, 0.15  # of the pictures that a note names


@dataclass(frozen=True)
class Finding:
    """One thing that the user may not expect: a word for its kind, the sentence, and the files that it is about.

    files: all of them, in order of the source; () where it is about the source as a whole. size: (width, height) that
        would be better, in pixels.
    """

    kind: str
    text: str
    files: tuple[str, ...] = ()
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Inspection:
    """What was found about one entry; `broken` is the reason it cannot be used, or "".

    `digest` tells contents apart, `pixels` what they show; of files alone are duplicates left out, since an array is
    somebody's choice. `low`, `high` and `whole` are the span of a picture of more than 8 bits (`deep`).
    `near` counts the entries that were looked at up to the one that this is nearly the same as.
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
    low: float = 0.0
    high: float = 0.0
    whole: bool = True
    pixels: str = ""
    near: int | None = None

    @property
    def span(self) -> Span | None:
        """Of a picture of more than 8 bits."""
        return Span(self.low, self.high, self.whole) if self.deep else None


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


def examine(
    data: bytes | np.ndarray | Broken,
    settings: PictureSettings,
    levels: Mapping[bool, Levels] | None = None,
    *,
    identify: bool = True,
) -> tuple[Inspection, np.ndarray | None]:
    """What was found about one picture and, unless it is broken, its row: (H, W, C) uint8 as the settings ask.

    Args:
        levels: what becomes black and white in pictures of more than 8 bits, of whole numbers (True) and of floats;
            None is as the settings say, or by the picture alone.
        identify: find `digest` and `pixels` too; else they are "".
    """
    name = content_digest(data) if identify else ""
    if isinstance(data, Broken):
        return Inspection(name, unread=isinstance(data, Unread), broken=data.reason), None
    is_file = isinstance(data, bytes)
    try:
        asked = settings.width, settings.height, settings.fit, settings.channels
        if isinstance(data, bytes):
            fitted = fit_file(
                data,
                *asked,
                levels_of=lambda span: (levels or {}).get(span.whole, settings.black_and_white or levels_for(span)),
                identify=identify,
            )
        else:
            fitted = fit_array(data, *asked)
    except SlowPicture as error:  # another machine may have the time, and its set is another then
        return Inspection(f"slow: {name}", is_file=is_file, broken=str(error)), None
    except BrokenPicture as error:
        return Inspection(name, is_file=is_file, broken=str(error)), None
    except Exception as error:  # noqa: BLE001 - on damaged files the decoders raise nearly everything
        return Inspection(name, is_file=is_file, broken=_reason(error)), None
    span = fitted.span or Span(0.0, 0.0, whole=True)
    facts = Inspection(
        name,
        fitted.width,
        fitted.height,
        grey=fitted.grey,
        transparent=fitted.transparent,
        turned=fitted.turned,
        deep=fitted.span is not None,
        is_file=is_file,
        low=span.low,
        high=span.high,
        whole=span.whole,
        pixels=fitted.pixels,
    )
    return facts, fitted.row


def set_levels(inspections: Sequence[Inspection], settings: PictureSettings, *, whole: bool) -> Levels:
    """What becomes black and white in all pictures of more than 8 bits of a set, floats and whole numbers apart.

    Args:
        inspections: of the pictures that are used.
        whole: for those of whole numbers, or for those of floats.
    """
    spans = [v.span for v in inspections if v.span and v.whole == whole]
    span = Span(min((s.low for s in spans), default=0.0), max((s.high for s in spans), default=0.0), whole)
    return settings.black_and_white or levels_for(span)


def findings_on(
    entries: Sequence[Entry],
    inspections: Sequence[Inspection],
    settings: PictureSettings,
    *,
    tells_outside: bool = False,
) -> list[Finding]:
    """One finding for each thing that the user may not expect, about the pictures that are used.

    Args:
        entries, inspections: of those pictures, in the same order.
        tells_outside: whether another note says which pictures are in no class.
    """
    target = (settings.width, settings.height)
    smaller = _smaller_size(inspections, target)
    hint = "" if smaller is None else f"; at {smaller[0]}x{smaller[1]} most are not, and are learned sooner"
    shares = [kept_share(v.width, v.height, target) for v in inspections]
    levels = {set_levels(inspections, settings, whole=v.whole): None for v in inspections if v.deep}
    scales = " and ".join(f"{black:g} to {white:g}" for black, white in levels)
    crop, stretch, flat = settings.fit == "crop", settings.fit == "stretch", settings.channels != "rgba"
    looked_for = [
        (
            "small",
            [v.width < target[0] or v.height < target[1] for v in inspections],
            f"smaller than {target[0]}x{target[1]} and enlarged{hint}",
        ),
        (
            "slim",
            [crop and share < SLIM_SHARE for share in shares],
            "so wide or tall that the crop keeps less than a quarter",
        ),
        (
            "stretched",
            [stretch and share < SLIM_SHARE for share in shares],
            "stretched to a shape more than four times as wide or as tall",
        ),
        ("turned", [v.turned for v in inspections], "turned upright"),
        (
            "deep",
            [v.deep for v in inspections],
            f"of more than 8 bits: {scales} becomes black to white; --levels sets it",
        ),
        (
            "transparent",
            [flat and v.transparent for v in inspections],
            "transparent in places, and laid on white; channels=rgba keeps that",
        ),
        (
            "outside",
            [settings.conditional and not tells_outside and entry.label == OUTSIDE for entry in entries],
            f"outside every sub-folder, in the class {OUTSIDE!r}",
        ),
    ]
    of_all = f"of {counted(len(inspections), 'picture')}"
    found = []
    for kind, which, what in looked_for:
        if count := sum(which):
            said = f"{count:,} {of_all} {are(count)} {what}{_names(entries, which)}"
            found.append(Finding(kind, said, _files(entries, which), smaller if kind == "small" else None))
    colour = [not v.grey for v in inspections]
    grey = [v.grey for v in inspections]
    if settings.channels == "auto" and any(grey) and any(colour):
        others = "the other keeps" if sum(colour) == 1 else "the others keep"
        said = f"{sum(grey):,} {of_all} {are(sum(grey))} grey{_names(entries, grey)}"
        fewer = grey if sum(grey) < sum(colour) else colour
        found.append(
            Finding("grey", f"{said}; {others} the set in colour{_names(entries, colour)}", _files(entries, fewer))
        )
    if settings.channels == "rgba" and not any(v.transparent for v in inspections):
        found.append(Finding("opaque", "no picture is transparent; channels=rgb would do"))
    counts = Counter(entry.label for entry in entries)
    alone = [label for label, count in counts.items() if label and count == 1]
    if alone:
        has = "class has" if len(alone) == 1 else "classes have"
        said = f"{len(alone):,} {has} one picture only, which can be copied and not learned: {_shortened(alone)}"
        which = [bool(entry.label) and counts[entry.label] == 1 for entry in entries]
        found.append(Finding("lonely class", said, _files(entries, which)))
    return found


def _files(entries: Sequence[Entry], which: Sequence[bool]) -> tuple[str, ...]:
    return tuple(printable(entry.name) for entry, chosen in zip(entries, which, strict=True) if chosen)


def _names(entries: Sequence[Entry], which: Sequence[bool]) -> str:
    """The files, where they are so few among the others that they may be there by mistake."""
    names = _files(entries, which)
    rare = 0 < len(names) <= RARE_COUNT and len(names) <= RARE_SHARE * len(entries)
    return f" ({', '.join(names)})" if rare else ""


def _shortened(labels: Sequence[str]) -> str:
    more = len(labels) - RARE_COUNT
    return ", ".join(map(printable, labels[:RARE_COUNT])) + (f" and {more:,} more" if more > 0 else "")


def _smaller_size(inspections: Sequence[Inspection], target: tuple[int, int]) -> tuple[int, int] | None:
    """The largest size of that shape at which half of the pictures need not be enlarged, if it is a smaller one."""
    if not inspections:
        return None
    scale = median_low(min(v.width / target[0], v.height / target[1]) for v in inspections)
    width, height = (max(int(scale * side) // STEP_PX * STEP_PX, SMALLEST_PX) for side in target)
    return (width, height) if (width, height) < target else None


def _reason(error: Exception) -> str:
    text = _one_line(error)
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return "cut off: the file ends in the middle of the picture"
    if isinstance(error, MemoryError):
        return "does not fit into memory"
    return f"damaged: {text or type(error).__name__}"


def _one_line(message: object) -> str:
    return " ".join(str(message).split())[:160]
