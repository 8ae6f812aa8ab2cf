"""What is read back of pictures, of their labels and of the cache: see bench/faults/readers.py."""

import gzip
import io
import json
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import torch
from PIL import ExifTags, Image, ImageCms
from PIL import features as pillow_features
from safetensors.torch import save
from torch import nn

from bench.faults.small import SIZE_PX, encoded, header_of, small_picture
from bench.faults.trying import LONGEST_LINE, MOST_GROWTH_OF_PICTURES, Build, Reader, in_file
from ganvas.config import PictureSettings
from ganvas.data import BatchStream, PictureSet, load_pictures
from ganvas.data.decode import has_heif
from ganvas.data.doctor import examine, read_entry
from ganvas.data.listing import choose, sorted_classes
from ganvas.data.shards.pack import pack_pictures
from ganvas.data.sources import open_source
from ganvas.errors import PicturesError
from ganvas.features.extractor import Extractor
from ganvas.metrics.reference import reference_features

COUNT = 8  # pictures of a set, as few as may be


def _pictures(folder: Path) -> str:
    """A folder of as few pictures as may be, in two classes."""
    for number in range(COUNT):
        path = folder / "pictures" / "ab"[number % 2] / f"{number}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(small_picture(number)).save(path)
    return str(folder / "pictures")


def _settings(source: str) -> PictureSettings:
    return PictureSettings(source=source, width=SIZE_PX, height=SIZE_PX)


def _check_set(pictures: PictureSet) -> object:
    """That a set is what PictureSet says of it."""
    report = pictures.report
    shape = (report.used, report.height, report.width, report.channels)
    if pictures.images.shape != shape or pictures.images.dtype != np.uint8 or shape[1:] != (SIZE_PX, SIZE_PX, 3):
        raise AssertionError(f"pictures of {pictures.images.dtype} {pictures.images.shape}")
    if pictures.labels.dtype != np.int64 or pictures.labels.shape != (COUNT,) or not set(pictures.labels) <= {0, 1}:
        raise AssertionError(f"labels {pictures.labels[:9]}")
    if [type(each) for each in pictures.classes] != [str, str] or list(report.classes) != list(pictures.classes):
        raise AssertionError(f"classes {pictures.classes}")
    return json.dumps(report.to_dict()).encode(), report.summary().encode(), pictures.contact_sheet()


def _cached(name: str, *, of_twins: bool = False) -> Build:
    """A file of the cache of a set that was looked over before.

    name: as a pattern of Path.glob. of_twins: the source is a copy of that one, so that its pictures are compared.
    """

    def build(folder: Path) -> Reader:
        settings, kept, cache = _settings(_pictures(folder)), folder / "kept", folder / "cache"
        load_pictures(settings, cache=kept)
        if of_twins:
            for path in (kept / "index").iterdir():
                if "report" in json.loads(path.read_text()):
                    path.unlink()
        whole = [path for path in kept.glob(name) if not name.startswith("index") or of_twins or _is_report(path)]
        good = whole[0].read_bytes()

        def read(stored: bytes) -> object:
            shutil.rmtree(cache, ignore_errors=True)
            shutil.copytree(kept, cache)
            (cache / whole[0].relative_to(kept)).write_bytes(stored)
            return _check_set(load_pictures(settings, cache=cache))

        return Reader(good, read, 128 if name.endswith("images.npy") else None)

    return build


def _is_report(path: Path) -> bool:
    return "report" in json.loads(path.read_text())


class _Colours(nn.Module):
    """An extractor that needs no weights: (B, 3, S, S) -> (B, 3)."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3))


def _features(folder: Path) -> Reader:
    extractor = Extractor("colours", "Colours", _Colours(), SIZE_PX, has_unit_length=False, sha256="0")
    pictures = load_pictures(_settings(_pictures(folder)), cache=folder / "cache")
    path = folder / "cache" / "features" / f"{pictures.key}-{extractor.key}.safetensors"

    def read(_: Path) -> object:
        found = reference_features(pictures, extractor, COUNT, folder / "cache")
        if found.shape != (COUNT, 3) or found.dtype != torch.float32 or not found.isfinite().all():
            raise AssertionError(f"features {found.dtype} {tuple(found.shape)}")
        return found

    good = save({"features": reference_features(pictures, extractor, COUNT - 2, folder / "other")})
    return Reader(good, in_file(path, read), header_of(good))


def _look(source: Path) -> object:
    """All that looking at a source does before it writes anything."""
    settings = _settings(str(source))
    with open_source(settings).open() as listing:
        labels = [entry.label for entry in listing.entries]
        found = [examine(read_entry(listing, place), settings)[0] for place in choose(listing.entries, 1.0)]
        told = [*listing.notes, listing.label_error, *(one.broken for one in found)]
        told += [f"{one.file} {one.reason}" for one in listing.broken]
        if any("\n" in each for each in told) or any(
            len(each.encode()) > LONGEST_LINE for each in sorted_classes(labels)
        ):
            raise AssertionError(f"not one line each: {told}")
        return found


def _labels(name: str, good: str) -> Build:
    def build(folder: Path) -> Reader:
        source = Path(_pictures(folder))
        return Reader(good.encode(), in_file(source / name, lambda _: _look(source)))

    return build


def _source(name: str, stored: Callable[[], bytes]) -> Build:
    return lambda folder: Reader(stored(), in_file(folder / name, _look), most_growth=MOST_GROWTH_OF_PICTURES)


_MEMBERS = {"a/0.png": 0, "a/1.png": 1, "b/2.png": 2}


def _zip() -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, number in _MEMBERS.items():
            archive.writestr(name, encoded(Image.fromarray(small_picture(number)), "PNG"))
        archive.writestr("labels.csv", "file,label\na/0.png,cat\n")
    return stored.getvalue()


def _tar(mode: str) -> bytes:
    stored = io.BytesIO()
    with tarfile.open(fileobj=stored, mode=mode, format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
        for name, number in {**_MEMBERS, "b/" + "long" * 40 + "é.png": 3}.items():
            member, data = tarfile.TarInfo(name), encoded(Image.fromarray(small_picture(number)), "PNG")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("b/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "2.png"
        archive.addfile(link)
    return stored.getvalue()


def _look_at_shards(source: Path) -> object:
    """All that a set in shards tells before a picture is shown, and every picture once."""
    settings = _settings(str(source))
    with tempfile.TemporaryDirectory() as cache:
        pictures = load_pictures(settings, cache=Path(cache))
        with BatchStream(pictures, COUNT, seed=0) as stream:
            shown = stream.batch_at(0, min(pictures.count, 4 * COUNT))
            told = [f"{loss.where} {loss.reason}" for loss in stream.losses()]
    if any("\n" in each or len(each.encode()) > LONGEST_LINE for each in told):
        raise AssertionError(f"not one line each: {told}")
    return shown.images.numpy().tobytes(), pictures.report.summary()


def _shards(name: str, *, indexed: bool) -> Build:
    """A file of a set of two shards."""

    def build(folder: Path) -> Reader:
        packed, source = folder / "shards", PictureSettings(source=_pictures(folder))
        pack_pictures(open_source(source), packed, shards=2, shard_bytes=1, progress=None)
        good = (packed / name).read_bytes()
        if not indexed:
            (packed / "index.json").unlink()
        read = in_file(packed / name, lambda _: _look_at_shards(packed))
        return Reader(good, read, None if indexed else 8192, MOST_GROWTH_OF_PICTURES)

    return build


def _parquet(folder: Path) -> Reader:
    """A table of pictures, as the hub keeps them."""
    path = folder / "shards" / "table.parquet"
    path.parent.mkdir()
    stored = [encoded(Image.fromarray(small_picture(number)), "PNG") for number in range(COUNT)]
    pictures = [{"bytes": data, "path": None} for data in stored]
    kinds = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": ["a", "b"]}}
    table = pyarrow.table({"image": pictures, "label": [number % 2 for number in range(COUNT)]})
    told = json.dumps({"info": {"features": kinds}})
    pyarrow.parquet.write_table(table.replace_schema_metadata({"huggingface": told}), path)
    good = path.read_bytes()
    return Reader(good, in_file(path, lambda _: _look_at_shards(path.parent)), most_growth=MOST_GROWTH_OF_PICTURES)


def _npy() -> bytes:
    stored = io.BytesIO()
    np.save(stored, np.stack([small_picture(number) for number in range(2)]))
    return stored.getvalue()


def _npz() -> bytes:
    stored = io.BytesIO()
    np.savez(stored, images=small_picture(0)[None])
    return stored.getvalue()


def _picture_files() -> dict[str, Callable[[], bytes]]:
    colour = Image.fromarray(small_picture(0))
    clear = colour.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(colour.size))
    levels = np.arange(SIZE_PX * SIZE_PX).reshape(SIZE_PX, SIZE_PX)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    more: dict[str, Any] = {
        "exif": exif,
        "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
    }
    files: dict[str, tuple[Image.Image, str, dict[str, Any]]] = {
        "colour.png": (colour, "PNG", more),
        "palette.png": (colour.convert("P", palette=Image.Palette.ADAPTIVE, colors=8), "PNG", {"transparency": 1}),
        "deep.png": (Image.fromarray((levels * 200).astype(np.uint16)), "PNG", {}),
        "photo.jpg": (colour, "JPEG", {**more, "quality": 50}),
        "progressive.jpg": (colour.convert("CMYK"), "JPEG", {"progressive": True, "quality": 50}),
        "moving.gif": (colour, "GIF", {"save_all": True, "append_images": [colour.rotate(90)], "comment": b"c"}),
        "lossy.webp": (clear, "WEBP", {"exif": exif}),
        "lossless.webp": (colour, "WEBP", {"lossless": True}),
        "packed.tif": (colour, "TIFF", {"compression": "tiff_lzw", "exif": exif}),
        "float.tif": (
            Image.fromarray((levels / 255).astype(np.float32)),
            "TIFF",
            {"compression": "tiff_adobe_deflate"},
        ),
        "plain.tif": (colour.convert("L"), "TIFF", {}),
        "colour.bmp": (colour.convert("P", palette=Image.Palette.ADAPTIVE, colors=8), "BMP", {}),
        "colour.ppm": (colour, "PPM", {}),
    }
    if pillow_features.check("avif"):
        files["colour.avif"] = (colour, "AVIF", {"speed": 10})
    found = {name: partial(encoded, image, kind, **options) for name, (image, kind, options) in files.items()}
    if has_heif():
        found["colour.heic"] = partial(_heic, colour)
    return found


def _heic(image: Image.Image) -> bytes:
    from pillow_heif import from_pillow

    stored = io.BytesIO()
    from_pillow(image).save(stored)
    return stored.getvalue()


def _picture(stored: Callable[[], bytes]) -> Build:
    settings = _settings("")

    def read(data: bytes) -> object:
        found, row = examine(data, settings)
        if row is None:
            raise PicturesError(found.broken)  # as a list of what is broken names it
        if row.shape != (SIZE_PX, SIZE_PX, 3) or row.dtype != np.uint8:
            raise AssertionError(f"a row of {row.dtype} {row.shape}")
        return json.dumps(vars(found))

    return lambda folder: Reader(stored(), read, most_growth=MOST_GROWTH_OF_PICTURES)


PICTURES: dict[str, Build] = {
    "cache: index": _cached("index/*.json"),
    "cache: index of a copy": _cached("index/*.json", of_twins=True),
    "cache: verdicts.json": _cached("pictures/*/verdicts.json", of_twins=True),
    "cache: classes.json": _cached("pictures/*/classes.json"),
    "cache: labels.npy": _cached("pictures/*/labels.npy"),
    "cache: images.npy": _cached("pictures/*/images.npy"),
    "cache: features": _features,
    "dataset.json": _labels("dataset.json", '{"labels": [["a/0.bmp", 0], ["b/1.bmp", 1]], "classes": ["x", "y"]}'),
    "metadata.jsonl": _labels("metadata.jsonl", '{"file_name": "a/0.bmp", "label": "x"}\n{"file_name": "b/1.bmp"}\n'),
    "metadata.csv": _labels("metadata.csv", 'file_name,label\na/0.bmp,x\n"b/1.bmp","y ""z"""\n'),
    "labels.csv": _labels("labels.csv", "file,label\na/0.bmp,1\nb/1.bmp,02\n"),
    "archive.zip": _source("archive.zip", _zip),
    "archive.tar": _source("archive.tar", partial(_tar, "w")),
    "archive.tar.gz": _source("archive.tar.gz", lambda: gzip.compress(_tar("w"), mtime=0)),
    "archive.tar.bz2": _source("archive.tar.bz2", partial(_tar, "w:bz2")),
    "archive.tar.xz": _source("archive.tar.xz", partial(_tar, "w:xz")),
    "shards: index.json": _shards("index.json", indexed=True),
    "shards: 000000.tar": _shards("000000.tar", indexed=False),
    "shards: table.parquet": _parquet,
    "array.npy": _source("array.npy", _npy),
    "arrays.npz": _source("arrays.npz", _npz),
    **{name: _picture(stored) for name, stored in _picture_files().items()},
}
