"""The pages of the models that are served: made beside the rest, kept with their tags."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import sha256
from mimetypes import guess_type

SECONDS_UNTIL_TRIED_AGAIN = 30

Page = Mapping[str, bytes]
"""The files of a page by their names."""


@dataclass(frozen=True)
class PageFile:
    """One file; `tag` changes with what is in it."""

    stored: bytes
    media_type: str
    tag: str

    @property
    def headers(self) -> dict[str, str]:
        """To be asked for again each time, and sent again only if it changed."""
        return {"Cache-Control": "no-cache", "ETag": self.tag, "X-Content-Type-Options": "nosniff"}


class Pages:
    """Files of pages by the models' names.

    Args:
        makers: the name of a model -> what makes its page. Each works in a thread that nobody waits for at the end.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Page]]):
        self._makers = dict(makers)
        self._made: dict[str, asyncio.Future[Mapping[str, PageFile]]] = {}
        self._begun: dict[str, float] = {}

    def begin(self) -> None:
        """Begin with all of them."""
        for name in self._makers:
            self._begin(name)

    async def find(self, model: str, name: str) -> PageFile | None:
        """A file of a model's page; None if there is no such file, or no page.

        Raises:
            Exception: what its maker raised; it is tried again after a while.
        """
        if model not in self._makers:
            return None
        if self._has_failed(model) and time.monotonic() - self._begun[model] > SECONDS_UNTIL_TRIED_AGAIN:
            self._begin(model)
        return (await asyncio.shield(self._made[model])).get(name)

    def _has_failed(self, model: str) -> bool:
        made = self._made[model]
        return made.done() and made.exception() is not None

    def _begin(self, model: str) -> None:
        made = Future[Mapping[str, PageFile]]()
        self._made[model], self._begun[model] = asyncio.wrap_future(made), time.monotonic()

        def work() -> None:
            try:
                made.set_result({name: page_file(name, stored) for name, stored in self._makers[model]().items()})
            except Exception as error:  # noqa: BLE001 - whoever asks for the page is told
                made.set_exception(error)

        threading.Thread(target=work, daemon=True, name=f"page of {model}").start()


def page_file(name: str, stored: bytes) -> PageFile:
    """What is sent of a file of a page."""
    tag = f'"{sha256(stored).hexdigest()[:32]}"'
    return PageFile(stored, guess_type(name)[0] or "application/octet-stream", tag)
