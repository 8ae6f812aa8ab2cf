"""Sizes, times, counts, shares and moments, as people type them or as numbers."""

import os
import re
from numbers import Integral, Real
from pathlib import Path
from typing import TypeAlias

from ganvas.errors import SettingError
from ganvas.settings import shortened

AFTER_ALL = 2**62
Size: TypeAlias = int | str | tuple[int, int]


def parse_size(size: Size) -> tuple[int, int]:
    """'64' or '96x64' (width x height), 64 or (96, 64) -> (width, height) in pixels.

    Raises:
        SettingError: not one or two whole numbers; the range is checked where the settings are made.
    """
    if isinstance(size, tuple):
        return size
    match = re.fullmatch(r"([0-9]{1,9})(?:\s*[xX×]\s*([0-9]{1,9}))?", str(size).strip())
    if not match:
        raise SettingError(f"size {shortened(size)}: expected pixels, as in 64 or 96x64 (width x height)")
    return int(match[1]), int(match[2] or match[1])


def parse_duration(time: str | float) -> float:
    """'90', '90s', '10m', '1.5h', '1h30m' or a number of seconds -> seconds.

    Raises:
        SettingError: it is none of these, or not above zero.
    """
    try:
        seconds = float(time) if isinstance(time, Real) else _typed_seconds(str(time))
    except OverflowError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise SettingError(f"time {shortened(time)}: expected something like 90s, 10m, 1h or 1h30m")
    return seconds


def _typed_seconds(text: str) -> float:
    """0 where it is no duration."""
    match = re.fullmatch(r"(?:([0-9.]+)h)?(?:([0-9.]+)m(?:in)?)?(?:([0-9.]+)s?)?", text.strip().lower())
    try:
        parts = match.groups() if match else ()
        return sum(float(part) * unit for part, unit in zip(parts, (3600, 60, 1), strict=False) if part)
    except ValueError:
        return 0.0


def parse_count(text: str | int, unit: str = "") -> int:
    """'500', '12.8k', '500MB', '2G' or 500 -> a whole number; `unit` ('B') is allowed at the end. Powers of a thousand.

    Raises:
        SettingError: it is none of these.
    """
    if isinstance(text, Integral):
        return int(text)
    match = re.fullmatch(rf"([0-9.]+)\s*([kmg]?){unit.lower() + '?' if unit else ''}", str(text).strip().lower())
    try:
        return round(float(match[1]) * {"": 1, "k": 1e3, "m": 1e6, "g": 1e9}[match[2]])  # type: ignore[index]
    except (TypeError, ValueError, OverflowError) as error:
        raise SettingError(f"{shortened(text)}: expected a number such as 500, 200k or 1.5M{unit}") from error


def parse_moment(text: str | int | None) -> int | None:
    """None, 'last' or a count of images shown -> None, a count that no run reaches, or that count.

    Raises:
        SettingError: it is none of these.
    """
    if text is None:
        return None
    return AFTER_ALL if str(text).strip().lower() == "last" else parse_count(text)


def parse_share(text: str | float) -> float:
    """'5%', '0.05' or 0.05 -> 0.05.

    Raises:
        SettingError: not a number, or not above 0 and at most all.
    """
    try:
        typed = str(text).strip()
        share = float(typed.removesuffix("%").encode("ascii")) / (100 if typed.endswith("%") else 1)
    except ValueError:  # UnicodeEncodeError is one: digits of other scripts are not taken anywhere
        share = 0
    if not 0 < share <= 1:
        raise SettingError(f"share {shortened(text)}: expected something like 5% or 0.05")
    return share


def parse_path(path: str | os.PathLike[str] | None) -> Path | None:
    """A path, if there is one."""
    return None if path is None else Path(path)
