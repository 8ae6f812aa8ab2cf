"""Hosts of files that a page may lie on, and what is seen on it."""

import base64
import functools
import http.server
import io
import os
import re
import threading
from contextlib import contextmanager

import numpy as np
from PIL import Image

from ganvas.files import cache_folder
from ganvas.publishing import site
from ganvas.publishing.packaging import Bundle


class Host(http.server.SimpleHTTPRequestHandler):
    """Any host of files. `more` headers are sent with everything.

    not_found: a file that is sent, with status 200, in place of what is not there. no_slash: a folder whose index.html
    is sent where its address lacks the last slash.
    """

    more: dict[str, str] = {}  # noqa: RUF012 - of subclasses
    not_found: str | None = None
    no_slash: str | None = None

    def translate_path(self, path):
        found = super().translate_path(path)
        if self.no_slash and path.partition("?")[0] == f"/{self.no_slash}":
            return os.path.join(found, "index.html")
        if self.not_found and not os.path.exists(found):
            return os.path.join(self.directory, self.not_found)
        return found

    def end_headers(self):
        for name, value in self.more.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format, *args):
        pass


@contextmanager
def hosted(folder, headers=None, *, not_found=None, no_slash=None):
    """The address of a folder while the block lasts."""
    ways = {"more": headers or {}, "not_found": not_found, "no_slash": no_slash}
    handler = functools.partial(type("Host", (Host,), ways), directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def written(published, folder, **options):
    site.publish(Bundle(published.folder, cache_folder() / "downloads"), folder, site.SiteOptions(**options))
    return folder


def shown(page):
    """The picture on the page, (H, W, 4) levels."""
    stored = page.evaluate("document.getElementById('picture').toDataURL('image/png')").split(",")[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(stored))).convert("RGBA")).astype(int)


def as_rgba(picture):
    colours = picture if picture.shape[-1] == 3 else picture.repeat(3, axis=-1)
    return np.concatenate([colours, np.full_like(colours[..., :1], 255)], axis=-1)


def status(page, text):
    page.locator("#status", has_text=re.compile(text)).wait_for()


def stored(page):
    """The canvas of what is played, as an address that holds its PNG."""
    return page.evaluate("document.getElementById('performed').toDataURL()")


def performed(page):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(stored(page).split(",")[1]))).convert("RGB")).astype(int)
