"""Shards at an address: a server on this machine, and any storage that fsspec knows."""

import functools
import http.server
import os
import threading
from dataclasses import replace

import fsspec
import numpy as np
import pytest
from PIL import Image

from ganvas.config import PictureSettings
from ganvas.data import BatchStream, Share, open_source
from ganvas.data.shards.pack import pack_pictures
from ganvas.data.shards.remote import UnreachableError, fetched, keep_newest
from ganvas.errors import SettingError


class Unsteady(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; names in `broken` break off half way as often as they are listed there."""

    broken: list[str] = []  # noqa: RUF012 - each server has a class of its own
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self):
        name = self.path.rpartition("/")[2]
        self.asked.append(name)
        if name not in self.broken:
            return super().do_GET()
        self.broken.remove(name)
        with open(self.translate_path(self.path), "rb") as file:
            data = file.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        return self.wfile.write(data[: len(data) // 2])

    def log_message(self, format, *arguments):
        pass


@pytest.fixture
def shards(tmp_path):
    """Four shards of ten pictures; picture i is of the colour i."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(40):
        Image.new("RGB", (16, 16), (number, 255 - number, 40)).save(folder / f"{number:02d}.png")
    source = open_source(PictureSettings(source=str(folder)))
    pack_pictures(source, tmp_path / "shards", shards=4, shard_bytes=1, progress=None)
    return tmp_path / "shards"


@pytest.fixture
def server(shards):
    """(address, handler's class) of a server of the folder."""
    kind = type("Kind", (Unsteady,), {"broken": [], "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(kind, directory=shards)) as served:
        thread = threading.Thread(target=served.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}/", kind
        served.shutdown()
        thread.join()


def shown(pictures, count=40):
    with BatchStream(pictures, count, seed=0) as stream:
        batch = stream.batch_at(0)
        return sorted(batch.images[:, 8, 8, 0].tolist()), batch, stream.losses()


def small(load, source, **settings):
    return load(source, width=16, height=16, **settings)


def without_waiting(pictures):
    endless = pictures.endless
    return replace(pictures, endless=replace(endless, shards=replace(endless.shards, waits=(0.0, 0.0))))


@pytest.mark.parametrize("name", ["", "index.json", "{000000..000003}.tar"])
def test_an_address_is_a_source(server, load, name):
    pictures = small(load, server[0] + name)
    assert pictures.count == 40
    assert shown(pictures)[0] == list(range(40))


def test_each_shard_is_fetched_once(server, load):
    address, kind = server
    pictures = small(load, address)
    shown(pictures)
    shown(pictures)
    assert sorted(name for name in kind.asked if name.endswith(".tar")) == [f"{n:06d}.tar" for n in range(4)]


def test_processes_of_one_machine_fetch_each_shard_once_and_show_the_pictures_of_one(server, load):
    address, kind = server
    pictures = small(load, address, sample=8)
    for path in pictures.endless.shards.kept.iterdir():
        path.unlink()
    kind.asked.clear()
    together = np.full(40, -1)
    for rank in range(2):
        with BatchStream(pictures, 40, seed=0, share=Share(rank, 2)) as stream:
            together[rank::2] = stream.batch_at(0).images[:, 8, 8, 0]
    assert sorted(name for name in kind.asked if name.endswith(".tar")) == [f"{n:06d}.tar" for n in range(4)]
    assert together.tolist() == shown(pictures)[1].images[:, 8, 8, 0].tolist()


def test_a_connection_that_breaks_off_is_tried_again(server, load):
    address, kind = server
    pictures = without_waiting(small(load, address, sample=8))
    for path in pictures.endless.shards.kept.iterdir():
        path.unlink()
    kind.broken += ["000001.tar", "000001.tar", "000002.tar"]
    numbers, _, losses = shown(pictures)
    assert (numbers, losses) == (list(range(40)), [])
    assert kind.broken == []


def test_a_shard_that_is_gone_is_counted_and_others_take_its_place(server, load, shards):
    pictures = without_waiting(small(load, server[0], most_lost=0.3))
    for path in pictures.endless.shards.kept.iterdir():
        path.unlink()
    (shards / "000003.tar").unlink()
    numbers, batch, losses = shown(pictures)
    assert sum(loss.pictures for loss in losses) == int((batch.indices >= 40).sum()) == 10
    assert "404" in losses[0].reason
    assert len(numbers) == 40


def test_a_shard_that_is_another_than_the_index_says_is_never_used(server, load, shards):
    pictures = without_waiting(small(load, server[0], most_lost=0.3))
    for path in pictures.endless.shards.kept.iterdir():
        path.unlink()
    (shards / "000003.tar").write_bytes((shards / "000002.tar").read_bytes())
    _, _, (loss,) = shown(pictures)
    assert (loss.where, loss.pictures) == ("000003.tar", 10)
    assert "SHA-256" in loss.reason


def test_shards_without_an_index_are_counted_over_the_network(server, load, shards):
    (shards / "index.json").unlink()
    pictures = small(load, server[0] + "{000000..000003}.tar")
    assert pictures.count == 40
    assert shown(pictures)[0] == list(range(40))


def test_an_address_without_shards_or_index_says_what_to_write(server, load, shards):
    (shards / "index.json").unlink()
    with pytest.raises(SettingError, match=r"name the shards, as in .*\{000000\.\.000099\}\.tar"):
        small(load, server[0])


@pytest.fixture
def stored(shards):
    """The shards in fsspec's storage in memory: its address."""
    storage = fsspec.filesystem("memory")
    for path in shards.iterdir():
        storage.pipe_file(f"/bucket/{path.name}", path.read_bytes())
    yield "memory://bucket/"
    storage.rm("/bucket", recursive=True)


def test_what_fsspec_knows_is_a_source(stored, load):
    pictures = small(load, f"{stored}index.json")
    assert shown(pictures)[0] == list(range(40))


def test_a_storage_whose_package_is_missing_or_unknown_is_said_at_once(load):
    with pytest.raises(SettingError, match="nowhere://bucket/"):
        small(load, "nowhere://bucket/{0..3}.tar")


def test_what_is_larger_than_allowed_is_not_fetched(stored, server, tmp_path):
    for place in (f"{stored}000000.tar", f"{server[0]}000000.tar"):
        with pytest.raises(UnreachableError, match="larger than 1,000 bytes"):
            fetched(place, tmp_path / "kept", most_bytes=1000)


def test_batches_of_a_server_are_those_of_the_disk(server, shards, load):
    batches = [shown(small(load, source))[1] for source in (server[0], shards)]
    assert np.array_equal(*(batch.images.numpy() for batch in batches))


def test_what_was_not_used_for_longest_is_removed_first(tmp_path):
    for age, name in enumerate(("d", "c.partial", "b", "a")):
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    (tmp_path / "counts.json").write_bytes(bytes(1000))
    keep_newest(tmp_path, tmp_path / "a", most_bytes=250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "counts.json", "d"]


def test_a_sample_that_lacked_a_shard_is_taken_anew_another_day(server, load, shards):
    data = (shards / "000002.tar").read_bytes()
    (shards / "000002.tar").unlink()
    lacking = small(load, server[0])
    assert [one.file for one in lacking.report.broken] == ["000002.tar"]
    (shards / "000002.tar").write_bytes(data)
    assert small(load, server[0]).report.broken == ()
