"""Sets that are fetched once: MNIST by ourselves, LFW by scikit-learn, CelebA and the rest of the hub by datasets."""

import gzip
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ganvas.data.arrays import array_source
from ganvas.data.directory import folder_source
from ganvas.data.listing import LARGEST_FILE_BYTES, OUTSIDE, Entry, Listing, Source, digest
from ganvas.download import fetch
from ganvas.errors import PicturesError, SettingError, missing_package
from ganvas.files import read_regular
from ganvas.settings import HUB_PREFIX

MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
MNIST_IMAGES, MNIST_LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
MNIST_SHA256 = MappingProxyType(
    {
        MNIST_IMAGES: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        MNIST_LABELS: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    }
)
CELEBA_REPOSITORY = "flwrlabs/celeba"


def mnist_source(downloads: Path, base_url: str = MNIST_URL, sha256: Mapping[str, str] = MNIST_SHA256) -> Source:
    """The 60,000 training digits of MNIST, 28x28 grey, labelled 0 to 9.

    Args:
        downloads: the folder that keeps the two files.
        base_url: where they are fetched from, up to and with the last slash.
        sha256: the checksum of each.
    Raises:
        PicturesError: on opening, if they cannot be fetched or read.
    """

    def load() -> tuple[np.ndarray, list[str]]:
        paths = {name: downloads / "mnist" / name for name in sha256}
        try:
            for name, path in paths.items():
                fetch(base_url + name, path, sha256[name], way_out=f"put the file at {path} yourself")
        except SettingError as error:
            raise PicturesError(str(error)) from error
        images, labels = read_idx(paths[MNIST_IMAGES]), read_idx(paths[MNIST_LABELS])
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise PicturesError(f"MNIST: found {images.shape} pictures and {labels.shape} labels, which do not match")
        return images, [str(label) for label in labels]

    return array_source("mnist", digest(["mnist", *sha256.values()]), load)


def read_idx(path: Path) -> np.ndarray:
    """A gzipped IDX file of unsigned bytes, in the shape its header gives.

    The format: two zero bytes, 0x08 for unsigned bytes, the number of dimensions, each as a big-endian uint32, data.

    Raises:
        PicturesError: it is not that.
    """
    try:
        with gzip.open(path) as file:
            data = file.read()
        zero, kind, dimensions = struct.unpack_from(">HBB", data)
        shape = struct.unpack_from(f">{dimensions}I", data, 4)
        if zero or kind != 8:
            raise ValueError(f"it starts with {data[:4].hex()}")
        return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise PicturesError(
            f"{path}: cannot be read as a gzipped IDX file: {error}; delete it and try again"
        ) from error


def lfw_source(downloads: Path, data_home: Path | None = None) -> Source:
    """13,233 photographs of 5,749 people, 250x250 in colour, labelled by person, aligned ("funneled").

    scikit-learn fetches, checks and unpacks them. What it would return is ten gigabytes of float32, so the JPEG
    files that it leaves behind are read like any other folder. `downloads` is unused: scikit-learn has its own.

    Args:
        data_home: scikit-learn's folder; None is its default.
    Raises:
        SettingError: scikit-learn is not installed.
        PicturesError: the pictures cannot be fetched.
    """
    try:
        from sklearn.datasets import fetch_lfw_people, get_data_home
    except ImportError as error:
        raise missing_package("scikit-learn", "faces", "The faces of LFW") from error
    home = Path(get_data_home(data_home)) / "lfw_home"
    folder, archive = home / "lfw_funneled", home / "lfw-funneled.tgz"
    if not folder.is_dir() or archive.exists():
        if folder.is_dir():
            raise PicturesError(f"{folder} was only half unpacked; delete it and try again")
        try:
            fetch_lfw_people(data_home=home.parent, color=True, min_faces_per_person=500, resize=0.1)
        except (OSError, ValueError) as error:  # ValueError: nobody has 500 pictures, which matters only to the array
            if not folder.is_dir():
                raise PicturesError(f"LFW could not be fetched by scikit-learn: {error}; try again later") from error
    source = folder_source(folder)
    return Source("lfw", source.fingerprint, source.open)


def celeba_source(downloads: Path) -> Source:
    """The 162,770 training pictures of aligned CelebA, 178x218, from the Hugging Face hub. `downloads` is unused."""
    return hub_source(CELEBA_REPOSITORY, name="celeba")


def hub_source(repository: str, *, name: str | None = None, split: str = "train") -> Source:
    """The pictures of a data set on the Hugging Face hub, labelled if it has a column of classes.

    Args:
        repository: "owner/dataset", or a folder on this disk that holds the same.
        name: as shown to the user; "hf:" and the repository by default.
        split: which part of it.
    Raises:
        SettingError: the package datasets is not installed.
        PicturesError: it cannot be fetched, or has no column of pictures.
    """
    try:
        import datasets
    except ImportError as error:
        raise missing_package("datasets", "hub", "Data sets of the Hugging Face hub") from error
    name = name or f"{HUB_PREFIX}{repository}"
    try:
        table: Any = datasets.load_dataset(repository, split=split)
    except Exception as error:  # its errors come from half a dozen libraries
        raise PicturesError(f"{name}: could not be loaded: {' '.join(str(error).split())[:300]}") from error
    pictures = [column for column, kind in table.features.items() if isinstance(kind, datasets.Image)]
    classes = [column for column, kind in table.features.items() if isinstance(kind, datasets.ClassLabel)]
    if not pictures:
        raise PicturesError(f"{name}: found the columns {', '.join(table.features)}, and none of them holds pictures")
    files = table.select_columns(pictures[:1]).cast_column(pictures[0], datasets.Image(decode=False))
    labels = _class_names(table, classes[0]) if classes else [""] * len(table)

    @contextmanager
    def open_table() -> Iterator[Listing]:
        entries = tuple(Entry(str(i), 0, label) for i, label in enumerate(labels))
        yield Listing(entries, lambda i: _file_bytes(files[i][pictures[0]]))

    stamps = [f"{file['filename']} {os.path.getsize(file['filename'])}" for file in table.cache_files]
    return Source(name, digest(["hub", repository, split, str(len(table)), *stamps]), open_table)


def _class_names(table: Any, column: str) -> list[str]:
    """One label a row; a row without a class (-1 or None) has OUTSIDE."""
    names = table.features[column].names
    return [names[value] if value is not None and 0 <= value < len(names) else OUTSIDE for value in table[column]]


def _file_bytes(value: Any) -> bytes:
    if value is None:
        raise OSError("no picture in this row")
    return value["bytes"] if value["bytes"] is not None else read_regular(Path(value["path"]), LARGEST_FILE_BYTES)
