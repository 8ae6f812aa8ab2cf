"""Fetch a file once: resumed where it broke off, checked before it is used."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path

from ganvas.errors import PicturesError

ATTEMPTS = 4
TIMEOUT_SECONDS = 30
CHUNK_BYTES = 1 << 20


def fetch(url: str, path: Path, sha256: str) -> Path:
    """The file at `url`, kept at `path`; what arrived before an interruption waits beside it in `path`.part.

    Args:
        url: http or https.
        path: where the file belongs; if it is there, nothing is fetched.
        sha256: hex digits that the whole file must have.
    Raises:
        PicturesError: the server cannot be reached, what it sends is another file, or the disk is full.
    """
    if path.exists():
        return path
    part = path.with_name(path.name + ".part")
    trouble = "it has another checksum than expected"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(ATTEMPTS):
            try:
                whole = _continue(url, part)
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
                trouble = str(error)
                continue
            if whole and _sha256(part) == sha256:
                os.replace(part, path)
                return path
            if whole:
                part.unlink()
            trouble = "it has another checksum than expected" if whole else "the connection broke off"
    except OSError as error:
        raise PicturesError(f"{path}: cannot be written: {error.strerror or error}; free some space") from error
    raise PicturesError(f"{url} could not be fetched: {trouble}; try again, or put the file at {path} yourself")


def _continue(url: str, part: Path) -> bool:
    """Append what is missing of `url` to `part`; whether it is now as long as the server said."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return True
        raise
    with response:
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        expected = response.headers.get("Content-Length")
        start = have if resumed else 0
        with part.open("ab" if resumed else "wb") as file:
            while chunk := response.read(CHUNK_BYTES):
                file.write(chunk)
            return expected is None or file.tell() == start + int(expected)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
