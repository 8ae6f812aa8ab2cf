"""Uploads: the body of a request, as it comes, in files that go to the disk where they are large."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO, cast

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.requests import ClientDisconnect

from ganvas.data.listing import LARGEST_FILE_BYTES
from ganvas.settings import LEAST_EVERY_SECONDS, MOST_EVERY_SECONDS, USUAL_EVERY_SECONDS
from ganvas.studio.limits import UPLOAD_BYTES, UPLOADED_AT_ONCE
from ganvas.studio.problems import Problem
from ganvas.studio.sets.dropping import Dropping
from ganvas.studio.sets.multipart import Parts, boundary_of
from ganvas.studio.sets.sets import Sets

PIECE_BYTES = 1 << 20  # written at once
HELD_BYTES = 8 << 20  # of a file that comes, before it goes to the disk
SPARE_BYTES = 500_000_000  # of the disk, which training needs


async def receive(dropping: Dropping, path: str, pieces: AsyncIterator[bytes]) -> None:
    """Take one file from the pieces that come of it.

    Raises:
        Problem: it is larger than anything that is taken.
    """
    size_bytes, waiting = 0, bytearray()
    with tempfile.SpooledTemporaryFile(HELD_BYTES, dir=str(dropping.sets.home.studio)) as file:
        async for piece in pieces:
            size_bytes += len(piece)
            if size_bytes > UPLOAD_BYTES:
                raise Problem(413, f"{path[:200]}: larger than {UPLOAD_BYTES // 10**9} GB; name its folder instead")
            waiting += piece
            if len(waiting) >= PIECE_BYTES:
                await to_thread.run_sync(file.write, bytes(waiting))
                waiting.clear()
        file.write(waiting)
        await to_thread.run_sync(dropping.take, path, cast("BinaryIO", file))


def routes(sets: Sets) -> APIRouter:
    """Of uploads."""
    router = APIRouter()

    @router.post("/api/sets/{name}/files")
    async def drop(
        name: str,
        request: Request,
        path: Annotated[str, Query(max_length=4096)] = "",
        every: Annotated[float, Query(ge=LEAST_EVERY_SECONDS, le=MOST_EVERY_SECONDS)] = USUAL_EVERY_SECONDS,
    ) -> dict[str, Any]:
        dropping = await to_thread.run_sync(Dropping, sets, name, every)
        _check_room(sets, int(request.headers.get("content-length", "0")))
        boundary = boundary_of(request.headers.get("content-type", ""))
        try:
            if boundary is None:
                await receive(dropping, path or "picture", request.stream())
            else:
                await _receive_form(dropping, path, Parts(request.stream(), boundary))
        except ClientDisconnect as error:
            raise Problem(400, "the upload ended too soon; what had come by then is kept") from error
        finally:
            answer = await to_thread.run_sync(dropping.answer)  # what was kept is of the set, also where the rest fails
        return answer

    return router


async def _receive_form(dropping: Dropping, path: str, parts: Parts) -> None:
    count = 0
    async for part in parts:
        count += 1
        if count > UPLOADED_AT_ONCE:
            raise Problem(413, f"expected at most {UPLOADED_AT_ONCE} files in one request")
        await receive(dropping, f"{path}/{part}" if path else part, parts.pieces())


def _check_room(sets: Sets, size_bytes: int) -> None:
    if size_bytes > UPLOADED_AT_ONCE * LARGEST_FILE_BYTES:
        raise Problem(413, f"larger than {UPLOAD_BYTES // 10**9} GB; name its folder instead")
    sets.home.studio.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(sets.home.studio).free
    if free - size_bytes < SPARE_BYTES:
        raise Problem(
            507, f"the disk is nearly full: {free / 1e9:.1f} GB are free, and {size_bytes / 1e9:.1f} GB were dropped"
        )
