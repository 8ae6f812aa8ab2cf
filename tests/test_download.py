"""Fetching files: resumed where they broke off, checked, and refused in one line that says what to do."""

import base64
import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from ganvas import download
from ganvas.errors import SettingError

FILE = bytes(range(256)) * 4000  # about 1 MB, several pieces
RIGHT = hashlib.sha256(FILE).hexdigest()
WAY_OUT = "carry it here on foot"


@dataclass
class Site:
    """What the server has and how it behaves; what it was sent: `asked` (Range) and `authorized` (Authorization)."""

    url: str = ""
    content: bytes = FILE
    knows_ranges: bool = True
    says_length: bool = True
    status: int = 200
    cut_after: list[int] = field(default_factory=list)  # bytes that each of the first connections sends
    asked: list[str | None] = field(default_factory=list)
    authorized: list[str | None] = field(default_factory=list)
    moved_to: str = ""


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["Range"]
            site.asked.append(asked)
            site.authorized.append(self.headers["Authorization"])
            if site.moved_to:
                self.send_response(302)
                self.send_header("Location", site.moved_to)
                self.end_headers()
                return
            start = int(asked[len("bytes=") : -1]) if asked and site.knows_ranges else 0
            if site.status != 200:
                self.send_error(site.status)
                return
            if start >= len(site.content) > 0:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(site.content)}")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if site.says_length:
                self.send_header("Content-Length", str(len(site.content) - start))
            self.end_headers()
            sent = site.cut_after.pop(0) if site.cut_after else len(site.content)
            self.wfile.write(site.content[start : start + sent])

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}/weights.pth"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield site
        server.shutdown()
        thread.join()


@pytest.fixture
def site(monkeypatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "*")
    with serving() as site:
        yield site


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "downloads" / "weights.pth"


def partial_of(path: Path) -> Path:
    return path.with_name("weights.pth.partial")


def leave_partial(path: Path, data: bytes) -> None:
    path.parent.mkdir()
    partial_of(path).write_bytes(data)


def fetch(url: str, path: Path, expected: str = RIGHT) -> Path:
    return download.fetch(url, path, expected, way_out=WAY_OUT)


def refusal(url: str, path: Path, expected: str = RIGHT) -> str:
    with pytest.raises(SettingError) as caught:
        fetch(url, path, expected)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(f", or {WAY_OUT}")
    return message


@pytest.mark.parametrize("says_length", [True, False])
def test_a_file_arrives_whole_and_alone(says_length, site, path):
    site.says_length = says_length
    assert fetch(site.url, path) == path
    assert path.read_bytes() == FILE
    assert os.listdir(path.parent) == ["weights.pth"]
    assert download.sha256(path) == RIGHT


def test_a_file_that_is_there_is_not_fetched_again(site, path):
    fetch(site.url, path)
    fetch(site.url, path)
    assert len(site.asked) == 1


def test_a_connection_that_is_cut_is_taken_up_where_it_broke(site, path):
    site.cut_after = [300_000, 400_000]
    assert fetch(site.url, path, RIGHT).read_bytes() == FILE
    assert site.asked == [None, "bytes=300000-", "bytes=700000-"]


def test_what_arrived_is_kept_for_the_next_try(site, path):
    site.cut_after = [300_000, 0]
    message = refusal(site.url, path)
    assert "(300,000 bytes arrived and are kept)" in message
    assert not path.exists()
    assert partial_of(path).read_bytes() == FILE[:300_000]
    assert fetch(site.url, path, RIGHT).read_bytes() == FILE
    assert site.asked[-1] == "bytes=300000-"


@pytest.mark.parametrize("left", [b"stale" * 1000, b"stale" * 1_000_000])
def test_a_server_that_ignores_ranges_starts_again(left, site, path):
    site.knows_ranges = False
    leave_partial(path, left)
    assert fetch(site.url, path, RIGHT).read_bytes() == FILE
    assert site.asked == [f"bytes={len(left)}-"]


def test_a_server_that_ignores_ranges_and_always_breaks_off_is_given_up(site, path):
    site.knows_ranges, site.cut_after = False, [300_000] * 9
    assert "broke off at 300,000 of 1,024,000 bytes" in refusal(site.url, path)
    assert len(site.asked) == 2


def test_a_whole_partial_file_is_used_as_it_is(site, path):
    leave_partial(path, FILE)
    assert fetch(site.url, path, RIGHT).read_bytes() == FILE
    assert len(site.asked) == 1


def test_a_partial_file_longer_than_the_servers_is_fetched_anew(site, path):
    leave_partial(path, FILE + b"more")
    assert fetch(site.url, path, RIGHT).read_bytes() == FILE
    assert site.asked == ["bytes=1024004-", None]


@pytest.mark.parametrize("left", [b"", b"x" * len(FILE), b"x" * 1000])
def test_a_file_with_another_checksum_is_deleted_and_the_message_says_so(left, site, path):
    leave_partial(path, left)
    site.content = FILE[:-1] + b"!"
    message = refusal(site.url, path)
    assert f"expected {RIGHT}" in message
    assert "deleted" in message
    assert os.listdir(path.parent) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in its folders")
def test_a_pipe_in_its_place_is_named_and_not_waited_for(site, path):
    path.parent.mkdir()
    os.mkfifo(path)
    assert "not a regular file" in refusal(site.url, path)


def test_another_file_in_its_place_is_named_and_left_alone(site, path):
    path.parent.mkdir()
    path.write_bytes(b"mine")
    message = refusal(site.url, path)
    assert hashlib.sha256(b"mine").hexdigest()[:8] in message
    assert path.read_bytes() == b"mine"
    assert not site.asked


@pytest.mark.parametrize(("status", "words"), [(404, "404 Not Found"), (403, "403 Forbidden"), (503, "503")])
def test_a_refusal_of_the_server_is_passed_on(status, words, site, path):
    site.status = status
    message = refusal(site.url, path)
    assert words in message
    assert os.listdir(path.parent) == []
    assert len(site.asked) == 1


def test_a_server_that_is_not_there_is_named(path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}/weights.pth"
        message = refusal(url, path)
    assert message.startswith(url)
    assert "no connection" in message


def test_a_server_that_falls_silent_is_not_waited_for(path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert "the connection broke off: timed out" in refusal(
            f"http://127.0.0.1:{silent.getsockname()[1]}/weights.pth", path
        )


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/weights.pth", "weights.pth", ""])
def test_only_addresses_of_the_web_are_fetched(url, path):
    assert "https://" in refusal(url, path, "")
    assert not path.parent.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_told_from_a_broken_connection(site, path):
    path.parent.mkdir()
    partial_of(path).symlink_to("/dev/full")
    message = refusal(site.url, path)
    assert "the disk is full" in message
    assert not path.exists()


def test_a_folder_that_cannot_be_made_is_named(site, tmp_path):
    (tmp_path / "downloads").write_text("a file")
    message = refusal(site.url, tmp_path / "downloads" / "weights.pth")
    assert str(tmp_path / "downloads") in message
    assert not site.asked


PASSWORDS = [("ada", "s3cret"), ("ada", "p@ss:w/rd%"), ("", "token"), ("ada", "ünï")]


def with_password(url: str, name: str, password: str) -> str:
    return url.replace("://", f"://{quote(name, safe='')}:{quote(password, safe='')}@", 1)


@pytest.mark.parametrize(("name", "password"), PASSWORDS)
def test_a_name_and_password_in_the_address_are_sent(name, password, site, path):
    assert fetch(with_password(site.url, name, password), path).read_bytes() == FILE
    sent = site.authorized[0].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == f"{name}:{password}"


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_no_message_shows_a_password(status, site, path):
    site.status = status
    message = refusal(with_password(site.url, "ada", "s3cret"), path)
    assert "s3cret" not in message
    assert "ada" not in message
    assert site.url in message


@pytest.mark.parametrize(
    "url",
    ["ftp://ada:s3cret@host/x", "http://ada:s3cret@/x", "http://a@b:s3cret@127.0.0.1:1/x", "https://s3cret@[::1/x"],
)
def test_an_address_that_cannot_be_used_shows_no_password_either(url, path):
    assert "s3cret" not in refusal(url, path)


def test_another_host_that_the_file_moved_to_is_not_told_the_password(site, path):
    with serving() as other:
        site.moved_to = other.url.replace("127.0.0.1", "localhost")
        fetch(with_password(site.url, "ada", "s3cret"), path)
        assert other.authorized == [None]
    assert site.authorized != [None]


def test_a_file_whose_checksum_only_begins_as_expected_is_another_file(site, path):
    assert "expected" in refusal(site.url, path, RIGHT[:8] + "0" * 56)
