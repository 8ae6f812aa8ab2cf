"""The paths that dropped files get: names that every system can have, below the set's folder."""

import re
import unicodedata

from ganvas.data.listing import is_hidden, printable

LONGEST_PART, MOST_PARTS = 120, 8  # bytes of a file's or a folder's name, and folders inside each other
LONGEST_ENDING = 5  # letters
_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"|?*]')  # by some system
_OF_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")


class LeftOut(Exception):
    """A file that is not taken; the message is the reason."""


def clean_path(path: str) -> str:
    """The path that a dropped file gets in its set, from the one that was sent.

    Raises:
        LeftOut: it leads elsewhere, is hidden, or too long.
    """
    text = unicodedata.normalize("NFC", path).replace("\\", "/")
    if text.startswith("/") or re.match(r"[A-Za-z]:/", text) or ".." in text.split("/"):
        raise LeftOut("its path leads out of the folder")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if not parts or any(map(is_hidden, parts)):
        raise LeftOut("hidden, or of the system")
    if len(parts) > MOST_PARTS + 1:
        raise LeftOut(f"more than {MOST_PARTS} folders inside each other")
    return "/".join(map(clean_part, parts))


def clean_part(part: str) -> str:
    """The name of a file or folder nearest to the one that was sent."""
    plain = printable(_FORBIDDEN.sub("_", part)).replace("\\", "_").strip(" ")
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > LONGEST_ENDING:
        stem, ending = plain, ""
    while len(f"{stem}.{ending}".encode()) > LONGEST_PART:
        stem = stem[:-1]
    plain = f"{stem}.{ending}" if ending else stem.rstrip(" .")
    return f"_{plain}" if not plain or plain.startswith(".") or _OF_WINDOWS.match(plain) else plain
