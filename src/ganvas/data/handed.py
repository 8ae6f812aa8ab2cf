"""Pictures handed over from Python, written down once as a source that a run can name, read again and resume from."""

import io
import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from PIL import Image

from ganvas.data.arrays import fault_of
from ganvas.data.listing import LARGEST_FILE_BYTES, digest
from ganvas.download import sha256
from ganvas.errors import SettingError
from ganvas.files import cache_folder, read_regular, replacing
from ganvas.wording import counted

FOLDER = "handed"  # in the cache
_PNG_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"}
_EXPECTED = "a path, a PIL image, a uint8 array (H, W) or (H, W, C), or a tensor (C, H, W), each alone or with a label"


class Items(Protocol):
    """Anything with a length and items by number, as a PyTorch Dataset of pictures, or of pictures with labels."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> object: ...


PicturesLike: TypeAlias = str | os.PathLike[str] | np.ndarray | Sequence[object] | Items


def as_source(pictures: PicturesLike) -> str:
    """The name of a source that holds `pictures`: what is one already stays; the rest is written into the cache.

    The same pictures give the same name, so that the same call goes on with a run that was begun with them.

    Args:
        pictures: a folder, an archive, an .npy file or the name of a set; or (N, H, W) or (N, H, W, C) uint8; or a
            sequence or a Dataset of pictures: paths, PIL images, arrays (H, W, C) uint8 or tensors (C, H, W), uint8 or
            floating point in [0, 1]. An item may be a pair of a picture and its label. Paths have the name of their
            folder as label.
    Raises:
        SettingError: it is none of these, or a picture cannot be read.
    """
    if isinstance(pictures, str):
        return pictures
    if isinstance(pictures, os.PathLike):
        return os.fspath(pictures)
    folder = cache_folder() / FOLDER
    if isinstance(pictures, np.ndarray):
        return str(_written_array(folder, pictures))
    if not hasattr(pictures, "__len__") or not hasattr(pictures, "__getitem__"):
        raise SettingError(
            f"pictures of type {type(pictures).__name__}: expected a source, an array, a list or a Dataset"
        )
    return str(_written_zip(folder, pictures))


def _written_array(folder: Path, pictures: np.ndarray) -> Path:
    if not pictures.size:
        raise SettingError("an array without pictures")
    if fault := fault_of(pictures.dtype, pictures.shape):
        raise SettingError(f"an array of pictures: {fault}")
    pictures = np.ascontiguousarray(pictures)
    path = folder / f"pictures-{digest([str(pictures.shape), pictures.data.cast('B')])[:12]}.npy"
    if not path.exists():
        with replacing(path) as unfinished:
            np.save(unfinished, pictures)
    return path


def _written_zip(folder: Path, items: Items | Sequence[object]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        unfinished = Path(temporary) / "pictures.zip"
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            for index in range(len(items)):
                label, name, stored = _file_of(items[index], index)
                inside = f"{label}/{index:06d}{name}" if label else f"{index:06d}{name}"
                archive.writestr(zipfile.ZipInfo(inside, date_time=(1980, 1, 1, 0, 0, 0)), stored)
        path = folder / f"pictures-{sha256(unfinished)[:12]}.zip"
        os.replace(unfinished, path)
    return path


def _file_of(item: object, index: int) -> tuple[str, str, bytes]:
    """The label of an item, "" if it has none, the rest of its file's name, and the bytes of a picture file."""
    label = ""
    if isinstance(item, tuple):
        if len(item) != 2:
            raise SettingError(f"picture {index}: a tuple of {len(item)}; expected a picture and its label")
        item, label = item[0], _label_of(item[1], index)
    if isinstance(item, str | os.PathLike):
        path = Path(item).expanduser()
        try:
            return label or path.resolve().parent.name, f"-{path.name}", _bytes_of(path)
        except OSError as error:
            raise SettingError(f"picture {index}: {path}: cannot be read ({error.strerror or error})") from error
    encoded = io.BytesIO()
    try:
        _as_image(item).save(encoded, "PNG", compress_level=1)
    except (TypeError, ValueError, OSError) as error:
        raise SettingError(f"picture {index}: {type(item).__name__}: {error}; expected {_EXPECTED}") from error
    return label, ".png", encoded.getvalue()


def _bytes_of(path: Path) -> bytes:
    data = read_regular(path, LARGEST_FILE_BYTES)
    if len(data) > LARGEST_FILE_BYTES:
        raise OSError(f"larger than {LARGEST_FILE_BYTES >> 20} MB")
    return data


def _label_of(label: object, index: int) -> str:
    """The name of a class: of a word, a number, or a tensor or array of one number."""
    if isinstance(label, np.ndarray) or hasattr(label, "detach"):
        numbers = np.asarray(label).reshape(-1)
        if numbers.size != 1:
            raise SettingError(
                f"picture {index}: a label of {counted(numbers.size, 'number')}; expected one, or a name"
            )
        label = numbers[0].item()
    return str(label).strip("./\\ ").replace("/", "_").replace("\\", "_") or "_"


def _as_image(item: Any) -> Image.Image:
    if isinstance(item, Image.Image):
        return item if item.mode in _PNG_MODES else item.convert("RGB")
    if hasattr(item, "detach"):  # a tensor; torch itself is not needed to tell
        item = item.detach().cpu().numpy()
        item = item.transpose(1, 2, 0) if item.ndim == 3 else item
        if np.issubdtype(item.dtype, np.floating):
            if item.size and not (item.min() >= 0 and item.max() <= 1):
                raise ValueError(f"values from {item.min():.3g} to {item.max():.3g}, expected [0, 1]")
            item = np.rint(item * 255).astype(np.uint8)
    if not isinstance(item, np.ndarray) or item.dtype != np.uint8:
        raise TypeError("no picture")
    return Image.fromarray(item[..., 0] if item.ndim == 3 and item.shape[2] == 1 else item)
