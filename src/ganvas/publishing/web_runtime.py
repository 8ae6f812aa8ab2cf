"""onnxruntime-web: the few of its files that a page needs, taken from the package as its authors publish it."""

import gzip
import hashlib
import os
import re
import tarfile
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path

from ganvas.download import fetch
from ganvas.errors import SettingError
from ganvas.files import replace_bytes

VERSION = "1.30.0"
SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
_REGISTRY = "https://registry.npmjs.org"
_FETCHING = threading.Lock()  # the pages of several models are made at once
_FILES = {  # a module, the WebAssembly that it is given, and the SHA-256 of that
    "wasm": (
        "ort.wasm.bundle.min.mjs",
        "ort-wasm-simd-threaded.wasm",
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    ),
    "webgpu": (
        "ort.webgpu.bundle.min.mjs",
        "ort-wasm-simd-threaded.asyncify.wasm",
        "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da",
    ),
}


@dataclass(frozen=True)
class Runtime:
    """A module, without the address of its source map, and the WebAssembly that it is given, packed with gzip."""

    script: bytes
    packed_wasm: bytes


def web_runtime(downloads: Path, kind: str = "wasm") -> Runtime:
    """The part of onnxruntime-web that draws on the processor, or also on WebGPU; fetched once (33 MB).

    The registry is npm's, or what NPM_CONFIG_REGISTRY names.

    Args:
        downloads: where the package is kept.
        kind: wasm or webgpu.
    Raises:
        SettingError: it cannot be fetched, or is another file than expected.
    """
    registry = os.environ.get("NPM_CONFIG_REGISTRY", _REGISTRY).rstrip("/")
    name = f"onnxruntime-web-{VERSION}.tgz"
    way_out = f"put {name} of any npm registry into {downloads} yourself"
    with _FETCHING:
        path = fetch(f"{registry}/onnxruntime-web/-/{name}", downloads / name, SHA256, way_out=way_out)
        return _taken_from(path, downloads, kind, way_out)


def _taken_from(path: Path, downloads: Path, kind: str, way_out: str) -> Runtime:
    try:
        with tarfile.open(path) as archive:
            script, wasm, expected = _FILES[kind]
            packed = downloads / f"onnxruntime-web-{VERSION}-{kind}.wasm.gz"
            if not _holds(packed, expected):  # packing takes seconds
                replace_bytes(packed, gzip.compress(_stored(archive, f"package/dist/{wasm}"), 9, mtime=0))
            module = _stored(archive, f"package/dist/{script}")
    except (tarfile.TarError, KeyError, OSError) as error:
        raise SettingError(f"{path}: not the package it should be: {error}; delete it, or {way_out}") from error
    return Runtime(re.sub(rb"\n//# sourceMappingURL=.*\n?$", b"\n", module), packed.read_bytes())


def _holds(packed: Path, expected: str) -> bool:
    """Whether a gzip file is there and what is in it has that SHA-256."""
    try:
        with gzip.open(packed) as unpacked:
            return hashlib.file_digest(unpacked, "sha256").hexdigest() == expected
    except (OSError, EOFError, zlib.error):
        return False


def _stored(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(f"{name} is no file")
    return file.read()
