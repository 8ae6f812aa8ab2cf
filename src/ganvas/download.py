"""Fetch a file once: resumed where it broke off, checked before it takes its place."""

import base64
import errno
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote_to_bytes

from ganvas.errors import SettingError
from ganvas.wording import are, counted

TIMEOUT_SECONDS = 30
PIECE_BYTES = 1 << 18


def fetch(url: str, path: Path, expected: str | None, *, way_out: str, most_bytes: int | None = None) -> Path:
    """The file at `url`, kept at `path`; what arrived before an interruption waits beside it in `path`.partial.

    Args:
        url: http or https. A name and password in it are sent to that server alone, and shown nowhere.
        path: where the file belongs; if it is there and right, nothing is fetched.
        expected: its SHA-256, 64 hex digits; None: it is not known, and what is there or arrives is taken.
        way_out: what the user can do instead, in the imperative; every message ends with it.
        most_bytes: beyond which the file is refused; None: any size.
    Returns:
        `path`.
    Raises:
        SettingError: the address is not of the web, the server cannot be reached or refuses, what it sends or what is
            at `path` is another file, or `path` cannot be written.
    """
    url, authorization = _without_password(url)
    if url.partition("://")[0].lower() not in ("http", "https"):
        raise SettingError(f"{url}: expected an address that starts with https:// or http://; correct it, or {way_out}")
    partial = path.with_name(f"{path.name}.partial")
    try:
        if path.exists():
            if expected is not None and (found := sha256(path)) != expected:
                raise SettingError(f"{path}: {_difference(found, expected)}; delete it, or {way_out}")
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        _complete(url, authorization, partial, way_out, most_bytes)
        if expected is not None and (found := sha256(partial)) != expected:
            partial.unlink()
            raise SettingError(
                f"{url}: {_difference(found, expected)}; what arrived was deleted: try again, or {way_out}"
            )
        os.replace(partial, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SettingError(f"{path}: the disk is full; free some space and try again, or {way_out}") from error
        raise SettingError(f"{path}: cannot be used: {error.strerror or error}; mend that, or {way_out}") from error
    return path


def sha256(path: Path) -> str:
    """The SHA-256 of a file in lower-case hex.

    Raises:
        OSError: it is no regular file, or cannot be read.
    """
    if not path.is_file():  # a pipe would be waited for, and a device may have no end
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _difference(found: str, expected: str) -> str:
    return f"its SHA-256 is {found}, expected {expected}"


def _without_password(url: str) -> tuple[str, str]:
    """An address without the name and password in it, and the header that sends them; "" where there are none.

    Everything before the last @ of the host's part goes, whatever it is, so that no message shows it.
    """
    before, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    given, at, host = host.rpartition("@")
    if not at:
        return url, ""
    encoded = base64.b64encode(unquote_to_bytes(given)).decode("ascii")
    return f"{before}://{host}{slash}{path}", f"Basic {encoded}"


def _complete(url: str, authorization: str, partial: Path, way_out: str, most_bytes: int | None) -> None:
    """Bring what is missing of `partial`, in as many connections as it takes while each brings something.

    Raises:
        SettingError: a connection brought nothing, or more than `most_bytes` in all.
        OSError: `partial` cannot be written.
    """
    had, have = -1, partial.stat().st_size if partial.exists() else 0
    trouble = ""
    while have > had:
        had = have
        with partial.open("r+b" if partial.exists() else "wb") as file:
            try:
                for start, piece in _pieces(url, authorization, had):
                    if most_bytes is not None and start + len(piece) > most_bytes:
                        raise SettingError(f"{url}: larger than {counted(most_bytes, 'byte')}; {way_out}")
                    file.seek(start)
                    file.write(piece)
                    file.truncate()
                return
            except _Interrupted as error:
                trouble = " ".join(str(error).split())
        have = partial.stat().st_size
    if not have:
        partial.unlink()
    kept = f" ({counted(have, 'byte')} arrived and {are(have)} kept)" if have else ""
    raise SettingError(f"{url} cannot be fetched: {trouble}{kept}; try again, or {way_out}")


class _Interrupted(Exception):
    """The network's part of what can go wrong; the disk's is OSError."""


def _pieces(url: str, authorization: str, start: int) -> Iterator[tuple[int, bytes]]:
    """The file from byte `start`, or from 0 if the server knows no ranges: where each piece belongs, and the piece.

    Raises:
        _Interrupted: the server cannot be reached, refuses, or falls silent before the end.
    """
    try:
        request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
        if authorization:
            request.add_unredirected_header("Authorization", authorization)
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            position = start if response.status == HTTPStatus.PARTIAL_CONTENT else 0
            length = response.headers["Content-Length"]
            end = None if length is None else position + int(length)
            while piece := response.read(PIECE_BYTES):
                yield position, piece
                position += len(piece)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
                if error.headers["Content-Range"] != f"bytes */{start}":
                    yield from _pieces(url, authorization, 0)
                return
            raise _Interrupted(f"the server answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _Interrupted(f"no connection: {error.reason}") from error
    except ValueError as error:
        raise _Interrupted(f"no address: {error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(f"the connection broke off: {error}") from error
    if end is not None and position < end:
        raise _Interrupted(f"the connection broke off at {position:,} of {counted(end, 'byte')}")
