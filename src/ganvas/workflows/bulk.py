"""Very many pictures of one model, from several processes, in memory that does not grow with their number.

They are drawn in chunks. A chunk that is done is noted in generated.json; one that was not done when a process ended is
drawn again, with the same bytes. So the same call goes on where the last one stopped.
"""

import os
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from filelock import FileLock, Timeout
from pydantic import Field, ValidationError

from ganvas.errors import GanvasError, SettingError
from ganvas.files import read_json, replace_text, writing_to
from ganvas.formats.images import png_bytes, save_png
from ganvas.formats.point import Point
from ganvas.formats.shards import write_shard
from ganvas.model import draw, labels_for, latents_for
from ganvas.model.weights import Model, load_model
from ganvas.settings import LARGEST_WHOLE, Settings, first_fault, shortened
from ganvas.wording import counted
from ganvas.workflows.pool import check_processes, each_done

NOTES, ARRAY = "generated.json", "pictures.npy"
CHUNK = 1000  # pictures: some seconds of drawing that a kill costs, and shards of some megabytes
MOST = 10**9  # their chunks are noted one by one
Kind = Literal["folder", "npy", "shards"]
_FORMAT = 1


class Bulk(Settings):
    """What is drawn, and which chunks of it are done; generated.json.

    model: a hash of the weights. chunk: pictures of a chunk, and so of a shard.
    """

    format: Literal[1] = _FORMAT
    model: str
    to: Kind
    count: int = Field(gt=0, le=MOST)
    seed: int = Field(default=0, ge=0)
    truncation: float = 1.0
    label: str | None = None
    chunk: int = Field(default=CHUNK, gt=0, le=100_000)
    done: tuple[int, ...] = ()

    @property
    def chunks(self) -> range:
        """All of them."""
        return range(-(-self.count // self.chunk))

    def seeds(self, chunk: int) -> range:
        """Those of one chunk."""
        first = self.seed + chunk * self.chunk
        return range(first, min(first + self.chunk, self.seed + self.count))


class _Work(Settings):
    """What a process must know to draw a chunk."""

    folder: Path
    path: Path
    at: int | None
    threads: int | None
    bulk: Bulk


def save_bulk(
    folder: Path,
    model: Model,
    path: Path,
    at: int | None,
    bulk: Bulk,
    *,
    processes: int = 1,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Draw all of `bulk` into `folder`, or what of it is not done yet; what was written: the folder, or the array.

    Args:
        model: of `path`, a run or model folder, from which other processes read it again. at: the moment of the run.
        processes: that draw; with one it is this one.
        told: is told how many pictures are done, and of how many.
    Raises:
        GanvasError: other pictures were drawn into the folder before, it cannot be written, or a process ended.
    """
    check_processes(processes)
    if bulk.seed + bulk.count - 1 > LARGEST_WHOLE:
        raise SettingError(f"--seed {bulk.seed}: expected one from which on there are {counted(bulk.count, 'seed')}")
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            bulk = _begun(folder, bulk)
            missing = sorted(set(bulk.chunks) - set(bulk.done))
            if bulk.to == "npy" and missing:
                if (folder / ARRAY).exists():
                    raise SettingError(f"--out {folder}: holds another {ARRAY}; choose another folder")
                _make_array(folder, bulk, model)
            threads = None if processes == 1 else max((os.cpu_count() or 1) // processes, 1)
            work = _Work(folder=folder, path=path, at=at, threads=threads, bulk=bulk.model_copy(update={"done": ()}))
            told(_drawn(bulk), bulk.count)
            if processes == 1:
                drawing = (_draw_chunk(work, model, chunk) for chunk in missing)
            else:
                drawing = each_done(partial(_draw_elsewhere, work), missing, min(processes, len(missing) or 1))
            for chunk in drawing:
                bulk = bulk.model_copy(update={"done": tuple(sorted((*bulk.done, chunk)))})
                replace_text(folder / NOTES, bulk.model_dump_json(indent=1) + "\n")
                told(_drawn(bulk), bulk.count)
            if bulk.to == "npy" and _unfinished(folder).exists():
                os.replace(_unfinished(folder), folder / ARRAY)
    return folder / ARRAY if bulk.to == "npy" else folder


def weights_key(model: Model) -> str:
    """A hash of what draws."""
    hashed = sha256()
    for name, tensor in sorted(model.generator.state_dict().items()):
        hashed.update(name.encode())
        hashed.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return hashed.hexdigest()[:32]


def single_png(picture: np.ndarray, seed: int, truncation: float, label: str | None) -> dict[str, Any]:
    """What `save_png` and `png_bytes` take for the picture of a seed: as it is, with its link."""
    point = Point(seed=seed, truncation=None if truncation == 1 else truncation, label=label)
    return {"picture": picture, "scale": 1, "link": point.to_link()}


def single_name(seed: int) -> str:
    """Of the file of a seed, without its ending."""
    return f"{seed:06d}"


def _draw_elsewhere(work: _Work, chunk: int) -> int:
    """`_draw_chunk` in a process that draws nothing else."""
    if work.threads is not None:
        torch.set_num_threads(work.threads)
    return _draw_chunk(work, _read_once(work.path, work.at, work.bulk.model), chunk)


def _draw_chunk(work: _Work, model: Model, chunk: int) -> int:
    """Draw one chunk and write it; its number."""
    bulk, seeds = work.bulk, work.bulk.seeds(chunk)
    z = latents_for(model.description, seeds, bulk.truncation)
    labels = labels_for(model.description, seeds, bulk.label)
    pictures = draw(model.generator, z, labels)
    if bulk.to == "npy":
        _write_rows(work.folder, chunk * bulk.chunk, pictures)
        return chunk
    singles = (
        (seed, single_png(one, seed, bulk.truncation, bulk.label)) for seed, one in zip(seeds, pictures, strict=True)
    )
    if bulk.to == "folder":
        for seed, single in singles:
            save_png(work.folder / f"{single_name(seed)}.png", **single)
        return chunk
    names = None if labels is None else [model.description.classes[int(number)] for number in labels]
    write_shard(
        work.folder / f"{chunk:06d}.tar",
        (
            (
                single_name(seed),
                png_bytes(**single),
                {"seed": seed} | ({} if names is None else {"label": names[index]}),
            )
            for index, (seed, single) in enumerate(singles)
        ),
    )
    return chunk


@cache
def _read_once(path: Path, at: int | None, key: str) -> Model:
    model = load_model(path, at)
    if weights_key(model) != key:
        raise GanvasError(f"{path}: its model changed while it drew; choose another --out for the new one")
    return model


def _begun(folder: Path, bulk: Bulk) -> Bulk:
    """The same with what is done of it already."""
    try:
        there = Bulk.model_validate(read_json(folder / NOTES))
    except FileNotFoundError:
        return bulk
    except ValidationError as error:
        raise SettingError(f"{folder / NOTES}: {first_fault(error).message}; choose another --out") from error
    except (OSError, ValueError) as error:
        raise SettingError(f"{folder / NOTES}: cannot be read: {error}; choose another --out") from error
    for name in type(bulk).model_fields:
        one, other = getattr(there, name), getattr(bulk, name)
        if name != "done" and one != other:
            raise SettingError(
                f"--out {folder}: holds pictures with {name} = {shortened(one)}, not {shortened(other)}; choose "
                "another, or repeat the command that made them"
            )
    return there.model_copy(update={"done": tuple(chunk for chunk in there.done if _is_there(folder, there, chunk))})


def _is_there(folder: Path, bulk: Bulk, chunk: int) -> bool:
    """Whether what was noted as done was not taken away since; of a folder's chunk, the last picture stands for all."""
    if bulk.to == "npy":
        return (folder / ARRAY).exists() or _unfinished(folder).exists()
    name = f"{chunk:06d}.tar" if bulk.to == "shards" else f"{single_name(bulk.seeds(chunk)[-1])}.png"
    return (folder / name).exists()


def _drawn(bulk: Bulk) -> int:
    return sum(len(bulk.seeds(chunk)) for chunk in bulk.done)


def _unfinished(folder: Path) -> Path:
    return folder / f"unfinished-{ARRAY}"


def _make_array(folder: Path, bulk: Bulk, model: Model) -> None:
    """The file for all pictures, as zeros that take no room yet; nothing is done where it has to be made."""
    spec, path = model.description, _unfinished(folder)
    shape = bulk.count, spec.height, spec.width, spec.channels
    if not path.exists() or not bulk.done:
        np.lib.format.open_memmap(path, "w+", np.uint8, shape)


def _write_rows(folder: Path, first: int, pictures: Iterable[np.ndarray]) -> None:
    """By writes alone: a disk that is full fails a write, and kills a process that reaches it through mapped memory."""
    path = _unfinished(folder)
    array = cast("np.memmap[Any, Any]", np.lib.format.open_memmap(path, "r"))
    with path.open("r+b") as file:
        file.seek(array.offset + first * array.strides[0])
        for picture in pictures:
            file.write(picture.tobytes())
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """A block in which no other process writes there."""
    try:
        with FileLock(folder / "generated.lock", blocking=False):
            yield
    except Timeout as error:
        raise SettingError(f"--out {folder}: another process draws into it; choose another") from error
