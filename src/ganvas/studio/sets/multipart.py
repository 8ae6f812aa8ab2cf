"""multipart/form-data as it comes, part by part, without holding a part in memory. Source: RFC 7578, RFC 2046."""

import re
from collections.abc import AsyncIterator

from ganvas.studio.problems import Problem

MOST_HEAD_BYTES = 8192  # of the headers of one part
_BOUNDARY = re.compile(
    r'multipart/form-data\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))(?:[\s;]|$)', re.IGNORECASE
)
_NAME = re.compile(rb'(?:^|[;\s])(file)?name="([^"]*)"', re.IGNORECASE)


def boundary_of(content_type: str) -> bytes | None:
    """What parts a body that is multipart/form-data; None for every other type."""
    found = _BOUNDARY.match(content_type)
    return None if found is None else (found[1] or found[2]).encode("latin-1")


class Parts:
    """The files of a form, one after another: `async for name in parts: async for piece in parts.pieces(): ...`.

    What of a part was not taken is passed over.

    Args:
        stream: the body, in pieces of any length.
        boundary: as `boundary_of` gave it.
    Raises:
        Problem: it is not such a body, while it is read.
    """

    def __init__(self, stream: AsyncIterator[bytes], boundary: bytes) -> None:
        self._stream, self._delimiter = stream, b"\r\n--" + boundary
        self._buffer, self._is_in_part = b"\r\n", False  # so that the first delimiter is one like the others

    async def __aiter__(self) -> AsyncIterator[str]:
        """The name of each file: the name of its field, or of the file itself where the field is called file(s)."""
        async for _ in self._until_delimiter():  # what stands before the first part says nothing
            pass
        while await self._begins_part():
            head = await self._head()
            self._is_in_part = True
            yield head
            async for _ in self.pieces():
                pass

    async def pieces(self) -> AsyncIterator[bytes]:
        """What is in the part whose name came last."""
        if self._is_in_part:
            async for piece in self._until_delimiter():
                yield piece
            self._is_in_part = False

    async def _until_delimiter(self) -> AsyncIterator[bytes]:
        kept = len(self._delimiter) - 1  # what may be the beginning of one
        while (at := self._buffer.find(self._delimiter)) < 0:
            if len(self._buffer) > kept:
                piece, self._buffer = self._buffer[:-kept], self._buffer[-kept:]
                yield piece
            await self._more()
        if at:
            piece = self._buffer[:at]
            self._buffer = self._buffer[at:]
            yield piece
        self._buffer = self._buffer[len(self._delimiter) :]

    async def _begins_part(self) -> bool:
        while len(self._buffer) < 2:
            await self._more()
        return not self._buffer.startswith(b"--")

    async def _head(self) -> str:
        while (at := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MOST_HEAD_BYTES:
                raise _damaged()
            await self._more()
        head, self._buffer = self._buffer[:at], self._buffer[at + 4 :]
        lines = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-disposition:")]
        names = {bool(is_file): value for line in lines for is_file, value in _NAME.findall(line)}
        field, file = (_decoded(names.get(is_file, b"")) for is_file in (False, True))
        return file if field in ("", "file", "files") else field

    async def _more(self) -> None:
        try:
            self._buffer += await anext(self._stream)
        except StopAsyncIteration as error:
            raise _damaged() from error


def _decoded(name: bytes) -> str:
    """As browsers write it. Source: HTML, multipart form data: they escape quotes and line breaks alone."""
    text = name.decode("utf-8", "replace")
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _damaged() -> Problem:
    return Problem(400, "the upload ended too soon, or is no form of files; send it again")
