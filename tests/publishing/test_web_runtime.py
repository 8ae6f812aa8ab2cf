"""The runtime that a page carries is the one that was published, whatever became of the copies that are kept."""

import gzip
import hashlib

import pytest

from ganvas.errors import SettingError
from ganvas.files import cache_folder
from ganvas.publishing.web_runtime import VERSION, web_runtime

PACKAGE = f"onnxruntime-web-{VERSION}.tgz"
SPOILED = {
    "something else": gzip.compress(b"another program"),
    "cut off": gzip.compress(bytes(100_000))[:50],
    "no gzip": b"\0asm",
    "empty": b"",
}


@pytest.fixture
def downloads(tmp_path):
    (tmp_path / PACKAGE).symlink_to(cache_folder() / "downloads" / PACKAGE)
    return tmp_path


# One is enough for every day, since packing takes seconds.
@pytest.mark.parametrize(
    "spoiled", [pytest.param(kind, marks=[] if kind == "cut off" else [pytest.mark.slow]) for kind in SPOILED]
)
def test_a_kept_copy_that_was_changed_is_made_again(spoiled, downloads):
    kept = downloads / f"onnxruntime-web-{VERSION}-wasm.wasm.gz"
    kept.write_bytes(SPOILED[spoiled])
    whole = web_runtime(cache_folder() / "downloads").packed_wasm
    found = web_runtime(downloads).packed_wasm
    assert hashlib.sha256(gzip.decompress(found)).digest() == hashlib.sha256(gzip.decompress(whole)).digest()
    assert kept.read_bytes() == found


def test_a_package_that_was_changed_is_refused(tmp_path):
    (tmp_path / PACKAGE).write_bytes(b"another package")
    with pytest.raises(SettingError, match="delete it"):
        web_runtime(tmp_path)
