"""What Ganvas reads back: for each file a good one, and a function that reads it as the commands do.

A reader takes the bytes that stand in the place of the file. It returns what it read or raises a GanvasError of one
line; anything else is a fault, as are seconds and gigabytes. `tried` tells these apart.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import signal
import tarfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import ExifTags, Image, ImageCms
from PIL import features as pillow_features
from pydantic import ValidationError
from safetensors.torch import save
from torch import nn

from ganvas.config import LimitSettings, PictureSettings, Plan, RunConfig, to_toml, with_settings
from ganvas.data import PictureSet, load_pictures
from ganvas.data.decode import has_heif
from ganvas.data.doctor import examine, read_entry
from ganvas.data.listing import choose, sorted_classes
from ganvas.data.sources import open_source
from ganvas.errors import GanvasError, PicturesError
from ganvas.features.extractor import Extractor
from ganvas.formats.manifest import (
    DESCRIPTION_FILE,
    ONNX_FILE,
    TRAINING_FILE,
    Description,
    Direction,
    Provenance,
    Publication,
    read_description,
)
from ganvas.metrics import Measure, assess, is_sound
from ganvas.metrics.reference import reference_features
from ganvas.model.card import model_card
from ganvas.model.weights import WEIGHTS_FILE, load_model, save_model, spec_of
from ganvas.networks import NetworkSpec
from ganvas.recipes import recipe
from ganvas.report import write_comparison, write_film, write_report
from ganvas.run.folder import RunFolder, moment_name
from ganvas.run.monitor import measures_in
from ganvas.serving.auth import read_keys
from ganvas.serving.engine import Engine
from ganvas.training import build_networks, load_checkpoint, new_state, save_checkpoint
from ganvas.training.steps.memory import swift_memory
from ganvas.workflows.runs import Run

MOST_SECONDS = 5.0  # of all processors, for one file
MOST_GROWTH = 256 << 20  # bytes of memory for one file
MOST_GROWTH_OF_PICTURES = 1400 << 20  # as much as data/memory.py lends, and what stands around it
STUCK_SECONDS = 60  # after which the process ends itself
LONGEST_LINE = 1500  # bytes of UTF-8
SIZE_PX = 16
COUNT = 8  # pictures of a set, as few as may be

Read = Callable[[bytes], object]


@dataclass(frozen=True)
class Reader:
    """A good file, and what reads whatever stands in its place.

    until: how many bytes of the good file are damaged, where the rest is pixels or weights.
    """

    good: bytes
    read: Read
    until: int | None = None
    most_growth: int = MOST_GROWTH


Build = Callable[[Path], Reader]


@dataclass(frozen=True)
class Tried:
    """What came of one file: "read", "refused" or "wrong".

    said: the error, or what is wrong. place: where it was refused, the same for the same reason.
    """

    kind: str
    said: str = ""
    place: str = ""
    seconds: float = 0.0


def tried(reader: Reader, stored: bytes) -> Tried:
    """Have a reader read these bytes."""
    before, started = _memory_kb("VmRSS", start_anew=True), time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(stored)
        kind, said, place = "read", "", ""
    except GanvasError as error:
        kind, said, place = "refused", str(error), _place(error)
        if "\n" in said or not said.strip() or len(said.encode("utf-8", "replace")) >= LONGEST_LINE:
            kind, said = "wrong", f"not one line: {said[:300]!r}"
    except Exception as error:  # noqa: BLE001 - it is what is looked for
        kind, said, place = "wrong", f"{type(error).__name__}: {str(error)[:300]}", _place(error)
    seconds = time.process_time() - started
    grown = (_memory_kb("VmHWM") - before) << 10
    if seconds > MOST_SECONDS:
        kind, said = "wrong", f"took {seconds:.1f} s; {said[:200]}"
    elif grown > reader.most_growth:
        kind, said = "wrong", f"took {grown >> 20} MB; {said[:200]}"
    return Tried(kind, said, place, seconds)


def _place(error: BaseException | None) -> str:
    """The lines that raised an error and what caused it; of pydantic's errors also which they are."""
    places = []
    while error is not None:
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        places.append(
            f"{type(error).__name__}:{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else ""
        )
        if isinstance(error, ValidationError):
            places[-1] += f":{error.errors()[0]['type']}"
        error = error.__cause__
    return " ".join(places)


def _memory_kb(name: str, *, start_anew: bool = False) -> int:
    """Of this process, now (VmRSS) or at its most (VmHWM) since it was last told to start anew. Linux only."""
    if start_anew:
        Path("/proc/self/clear_refs").write_text("5")
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))


def alone(function: Callable[..., Any], *arguments: object) -> Any:
    """What a function gives in a fork of this process, as JSON has it; None if a signal ended that.

    Raises:
        RuntimeError: the function raised something, which is on standard error.
    """
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            with os.fdopen(writing, "w") as pipe:
                json.dump(function(*arguments), pipe)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - nothing of this process's own goes on in the fork
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status > 0:
        raise RuntimeError(f"{function.__name__}{arguments} failed")
    return json.loads(told) if status == 0 else None


def watched(reader: Reader, folder: Path) -> Callable[[bytes], Tried]:
    """`tried` for a process that may die of it: the bytes are first kept as `last`, and what does not end is ended."""

    def watch(stored: bytes) -> Tried:
        (folder / "last").write_bytes(stored)
        signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS)
        found = tried(reader, stored)
        signal.setitimer(signal.ITIMER_REAL, 0)
        return found

    return watch


def _in_file(path: Path, read: Callable[[Path], object]) -> Read:
    """Of a reader that takes a path."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def read_bytes(stored: bytes) -> object:
        path.write_bytes(stored)
        return read(path)

    return read_bytes


def _config() -> RunConfig:
    sizes = ["pictures.width=16", "pictures.height=16", "network.width=0.02", "network.z_dim=4"]
    config = with_settings(recipe("mlp").config, sizes)
    return config.model_copy(update={"limits": LimitSettings(images=64)})


def _description(**changes: object) -> Description:
    values = {
        "architecture": "mlp",
        "width": SIZE_PX,
        "height": SIZE_PX,
        "channels": 3,
        "z_dim": 4,
        "z_distribution": "normal",
        "multiplier": 0.02,
        "classes": ("a", "b"),
        "recipe": "mlp",
        "images": 64,
        "averaged": True,
        "ganvas": "0",
    }
    return Description.model_validate(values | changes)


def _drawn(number: int) -> np.ndarray:
    """(16, 16, 3) uint8, smooth, of a few bytes in a file."""
    corners = np.random.default_rng(number).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(corners).resize((SIZE_PX, SIZE_PX), Image.Resampling.BILINEAR))


def _encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stored = io.BytesIO()
    image.save(stored, kind, **options)
    return stored.getvalue()


# Runs


def _run(folder: Path) -> RunFolder:
    """A run as it lies on disk, but for its networks."""
    run = RunFolder(folder)
    run.make()
    run.write_config(_config(), Plan(images=64, images_per_second=3.5, measure_every=16, width=0.02))
    (folder / "log.jsonl").write_bytes(_log())
    (folder / "data.json").write_bytes(_data())
    (folder / "model").mkdir()
    (folder / "model" / DESCRIPTION_FILE).write_text(_description().to_json())
    for images in (16, 64):
        Image.fromarray(_drawn(images)).save(run.samples / f"{moment_name(images)}.png")
    return run


def _log() -> bytes:
    measure = {field.name: 0.1 for field in fields(Measure) if field.name != "images"}
    lines: list[dict[str, object]] = [
        {"images": 16, "seconds": 1.5, "generator_loss": 0.7, **measure},
        {"images": 64, "seconds": 3.0, "generator_loss": 0.6, **measure},
        {"images": 64, "seconds": 3.0, "event": "verdict", "kind": "improving", "evidence": "E", "advice": "A"},
        {"images": 64, "seconds": 3.0, "event": "went back to the state after 16 images, with augmentation (1 of 3)"},
        {"images": 64, "seconds": 3.0, "event": "ended", "reason": "finished"},
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _data() -> bytes:
    found = {
        "source": "s",
        "key": "k",
        "found": 3,
        "used": 2,
        "width": 16,
        "height": 16,
        "classes": {"a": 1},
        "broken": [{"file": "f", "reason": "r"}],
        "duplicates": [{"file": "f", "same_as": "g"}],
        "ignored": 0,
        "notes": ["n"],
    }
    return json.dumps(found).encode()


def _of_run(name: str, read: Callable[[RunFolder], object]) -> Build:
    def build(folder: Path) -> Reader:
        run = _run(folder / "run")
        path = run.root / name
        return Reader(path.read_bytes(), _in_file(path, lambda _: read(run)))

    return build


def _config_again(run: RunFolder) -> object:
    found = run.read_config()
    return found and (to_toml(*found), run.continued(_config(), None))


def _log_again(run: RunFolder) -> object:
    found = run.read_log()
    if run.forget_after(64) < 0 or any(one["images"] > 64 for one in run.read_log().numbers):
        raise AssertionError("later moments are still there")
    return [event.text for event in found.events]


def _assessed(run: RunFolder) -> object:
    """What going on with a run makes of its log, and what Python gives of it."""
    again = Run(run.root)
    measures = measures_in(again.log.numbers)
    return again.images, again.seconds, again.verdict, again.best, assess(measures), measures and is_sound(measures)


def _pages(run: RunFolder) -> object:
    write_report(run.root)
    return write_comparison([run.root, run.root], run.root.parent / "compare.html")


def _film(run: RunFolder) -> object:
    return write_film(run.drawn(), run.root / "film.webp")


def _holder(folder: Path) -> Reader:
    run = RunFolder(folder / "run")
    run.make()

    def read(stored: bytes) -> None:
        with run.locked():
            (run.root / "training.pid").write_bytes(stored)
            with RunFolder(run.root).locked():
                pass

    return Reader(b"12345\n", read)


def _state(folder: Path, name: str) -> Reader:
    """A saved state, with a memory as the default's step has one."""
    config = _config()
    state = new_state(config, NetworkSpec(SIZE_PX, SIZE_PX, 3, 4, 0, 0.02), torch.device("cpu"))
    state.memory = swift_memory(recipe("swift").config)
    state.tally = {"generator_loss": 0.7, "steps": 3}
    save_checkpoint(state, folder / "checkpoint")
    path = next((folder / "checkpoint").glob(name))

    def read(_: Path) -> object:
        load_checkpoint(state, folder / "checkpoint")
        if not (0 <= state.augment_share <= 1 and 0 <= state.seconds < float("inf") and state.images >= 0):
            raise AssertionError("a clock that cannot be")
        return json.dumps(state.tally)

    good = path.read_bytes()
    return Reader(good, _in_file(path, read), _header_of(good) if name.endswith("safetensors") else None)


def _header_of(safetensors: bytes) -> int:
    return 8 + int.from_bytes(safetensors[:8], "little")


# Models


def _graph() -> bytes:
    """A graph of the operators that generators are made of, for 16 pixels, 4 numbers and 2 classes."""
    numbers = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return numbers.random(shape).astype(np.float32)

    stored: dict[str, np.ndarray] = {
        "embedding": weights(2, 4),
        "matrix": weights(4, 16),
        "shape": np.array([-1, 1, 4, 4]),
        "up": weights(1, 2, 4, 4),
        **{name: weights(2) for name in ("scale", "bias", "mean", "variance")},
        "scales": np.array([1, 1, 2, 2], np.float32),
        "kernel": weights(3, 2, 3, 3).astype(np.float16),
        "half": np.array(127.5, np.float32),
        "least": np.array(0, np.float32),
        "most": np.array(255, np.float32),
    }
    node = helper.make_node
    steps = [
        node("Gather", ["embedding", "label"], ["embedded"], axis=0),
        node("Add", ["z", "embedded"], ["moved"]),
        node("Gemm", ["moved", "matrix"], ["flat"]),
        node("Reshape", ["flat", "shape"], ["small"]),
        node("ConvTranspose", ["small", "up"], ["grown"], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["grown", "scale", "bias", "mean", "variance"], ["normal"]),
        node("LeakyRelu", ["normal"], ["bent"], alpha=0.2),
        node("Resize", ["bent", "", "scales"], ["large"], mode="nearest"),
        node("Cast", ["kernel"], ["kernel32"], to=TensorProto.FLOAT),
        node("Conv", ["large", "kernel32"], ["colours"], pads=[1, 1, 1, 1]),
        node("Tanh", ["colours"], ["levels"]),
        node("Mul", ["levels", "half"], ["halves"]),
        node("Add", ["halves", "half"], ["wholes"]),
        node("Clip", ["wholes", "least", "most"], ["held"]),
        node("Round", ["held"], ["rounded"]),
        node("Cast", ["rounded"], ["bytes"], to=TensorProto.UINT8),
        node("Transpose", ["bytes"], ["image"], perm=[0, 2, 3, 1]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        steps,
        "main",
        [value("z", TensorProto.FLOAT, ["batch", 4]), value("label", TensorProto.INT64, ["batch"])],
        [value("image", TensorProto.UINT8, ["batch", SIZE_PX, SIZE_PX, 3])],
        [numpy_helper.from_array(each, name) for name, each in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10).SerializeToString()


def _exported(folder: Path, graph: bytes) -> None:
    directions = (Direction(name="d", share=0.5, vector=(1.0, 0.0, 0.0, 0.0)),)
    published = Publication(
        title="T",
        licence="CC0-1.0",
        sha256=hashlib.sha256(graph).hexdigest(),
        weights="float16",
        compared_seeds=3,
        largest_difference=0,
        directions=directions,
        scores={"kd": 0.1},
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ONNX_FILE).write_bytes(graph)
    (folder / DESCRIPTION_FILE).write_text(_description(published=published).to_json())


def _served(folder: Path) -> object:
    """What a server draws first of all."""
    engine = Engine(folder, threads=1)
    drawn = engine.draw(engine.latents([1, 2], None, {1: 0.5}), engine.labels([1, 2]))
    described = engine.description
    if drawn.shape != (2, described.height, described.width, described.channels) or drawn.dtype != np.uint8:
        raise AssertionError(f"drew {drawn.dtype} {drawn.shape}")
    return engine.identity


def _onnx(folder: Path) -> Reader:
    def read(stored: bytes) -> object:
        _exported(folder, stored)
        return _served(folder)

    return Reader(_graph(), read)


def _served_json(folder: Path) -> Reader:
    _exported(folder, _graph())
    path = folder / DESCRIPTION_FILE

    def read(_: Path) -> object:
        described = read_description(folder)
        return described.to_json().encode(), model_card(described).encode(), _served(folder)

    return Reader(path.read_bytes(), _in_file(path, read))


def _model(folder: Path, name: str) -> Reader:
    described = _description()
    provenance = Provenance(date="2026-01-31", images=3, seconds=1.5, device="cpu")
    networks = build_networks("mlp", spec_of(described), "kaiming", torch.Generator().manual_seed(0))
    save_model(folder, described, networks.generator)
    (folder / TRAINING_FILE).write_text(provenance.model_dump_json(indent=1) + "\n")
    path = folder / name
    good = path.read_bytes()

    def read(_: Path) -> object:
        found = load_model(folder)
        return found.description.to_json().encode(), model_card(found.description).encode()

    return Reader(good, _in_file(path, read), _header_of(good) if name == WEIGHTS_FILE else None)


def _keys(folder: Path) -> Reader:
    good = b"# ours\n8d1f0c36be52a974e07d3b61c5fa2849\n\n46b0e9d2173fac58d5c8127e90fb6a34\n"
    return Reader(good, _in_file(folder / "keys", read_keys))


# Pictures


def _pictures(folder: Path) -> str:
    """A folder of as few pictures as may be, in two classes."""
    for number in range(COUNT):
        path = folder / "pictures" / "ab"[number % 2] / f"{number}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(_drawn(number)).save(path)
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
    return Reader(good, _in_file(path, read), _header_of(good))


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
        return Reader(good.encode(), _in_file(source / name, lambda _: _look(source)))

    return build


def _source(name: str, stored: Callable[[], bytes]) -> Build:
    return lambda folder: Reader(stored(), _in_file(folder / name, _look), most_growth=MOST_GROWTH_OF_PICTURES)


_MEMBERS = {"a/0.png": 0, "a/1.png": 1, "b/2.png": 2}


def _zip() -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, number in _MEMBERS.items():
            archive.writestr(name, _encoded(Image.fromarray(_drawn(number)), "PNG"))
        archive.writestr("labels.csv", "file,label\na/0.png,cat\n")
    return stored.getvalue()


def _tar(mode: str) -> bytes:
    stored = io.BytesIO()
    with tarfile.open(fileobj=stored, mode=mode, format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
        for name, number in {**_MEMBERS, "b/" + "long" * 40 + "é.png": 3}.items():
            member, data = tarfile.TarInfo(name), _encoded(Image.fromarray(_drawn(number)), "PNG")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("b/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "2.png"
        archive.addfile(link)
    return stored.getvalue()


def _npy() -> bytes:
    stored = io.BytesIO()
    np.save(stored, np.stack([_drawn(number) for number in range(2)]))
    return stored.getvalue()


def _npz() -> bytes:
    stored = io.BytesIO()
    np.savez(stored, images=_drawn(0)[None])
    return stored.getvalue()


def _picture_files() -> dict[str, Callable[[], bytes]]:
    colour = Image.fromarray(_drawn(0))
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
    found = {name: partial(_encoded, image, kind, **options) for name, (image, kind, options) in files.items()}
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


READERS: dict[str, Build] = {
    "run.toml": _of_run("run.toml", _config_again),
    "run.toml, on a page": _of_run("run.toml", _pages),
    "data.json": _of_run("data.json", RunFolder.pictures_key),
    "data.json, on a page": _of_run("data.json", _pages),
    "log.jsonl": _of_run("log.jsonl", _log_again),
    "log.jsonl, assessed": _of_run("log.jsonl", _assessed),
    "log.jsonl, on a page": _of_run("log.jsonl", _pages),
    "model.json, on a page": _of_run("model/model.json", _pages),
    "samples, on a page": _of_run(f"samples/{moment_name(64)}.png", _pages),
    "samples, in a film": _of_run(f"samples/{moment_name(64)}.png", _film),
    "training.pid": _holder,
    "state.json": partial(_state, name="state.json"),
    "checkpoint": partial(_state, name="*.safetensors"),
    "model.json": partial(_model, name=DESCRIPTION_FILE),
    "training.json": partial(_model, name=TRAINING_FILE),
    "generator.safetensors": partial(_model, name=WEIGHTS_FILE),
    "model.json, served": _served_json,
    "model.onnx": _onnx,
    "keys": _keys,
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
    "array.npy": _source("array.npy", _npy),
    "arrays.npz": _source("arrays.npz", _npz),
    **{name: _picture(stored) for name, stored in _picture_files().items()},
}
