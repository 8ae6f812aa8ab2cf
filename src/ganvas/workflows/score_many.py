"""KD and FD of very many pictures: both sides in blocks, by several processes, in memory that does not grow.

What needs all pictures at once is left out: neighbourhoods, copies and classes are on the card of `ganvas score`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganvas.config import PictureSettings
from ganvas.data import BatchStream, PictureSet, load_pictures
from ganvas.errors import SettingError
from ganvas.features import Extractor, extract, load_extractor
from ganvas.files import cache_folder
from ganvas.formats.images import REDUCED_PX
from ganvas.metrics import Moments, added, as_scored, frechet_of_moments, kernel_distance, mean_of_blocks, taken
from ganvas.metrics.distances import Estimate
from ganvas.model import draw_all, drawn_at_once, labels_for, latents_for
from ganvas.model.weights import Model, load_model
from ganvas.settings import LARGEST_WHOLE, Settings
from ganvas.wording import counted
from ganvas.workflows.pool import check_processes, each_done
from ganvas.workflows.score import ScoreOptions, Told, broken_notes, nobody, subject_of

BLOCK = 1000  # pictures: of these KD is taken, and its interval from how blocks differ
MOST_FEATURES = 2048  # that a covariance is held of, 34 MB; with the 6,400 of multiscale it would take 330
FEWEST_REAL = 8  # in a block; two halves of four
_ORDER_SEED = 20_180_101  # of both sides' shuffled orders


@dataclass(frozen=True)
class ManyScores:
    """KD and FD of a large sample.

    kernel_distance: the mean over blocks of a thousand, with its interval; where there are fewer real blocks, these
    are used again, and the interval is of the generated side alone. floor: the same of halves of the real blocks, which
    is what a perfect generator would get; None where there are fewer than two. frechet_distance: of all together; None
    with features of more than MOST_FEATURES numbers. notes: what could not be read of either side.
    """

    model: str
    against: str
    features: str
    extractor_sha256: str
    width: int
    height: int
    seed: int
    count: int
    real_count: int
    blocks: int
    kernel_distance: Estimate
    floor: Estimate | None
    frechet_distance: float | None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        name = "" if self.features == "inception" else f"-{self.features}"
        floor = "" if self.floor is None else f"; halves of the real ones {_interval(self.floor)}"
        frechet = (
            f"FD is left out: these features have more than {MOST_FEATURES:,} numbers; --features inception has it"
            if self.frechet_distance is None
            else f"FD{name} {self.frechet_distance:.4g}, of all together"
        )
        return "\n".join(
            [
                f"{self.model}: {counted(self.count, 'picture')} against {self.real_count:,} of {self.against}",
                f"KD{name} {_interval(self.kernel_distance)}, {counted(self.blocks, 'block')} {floor}",
                frechet,
                f"{self.width}x{self.height}, seed {self.seed}, SHA-256 of the features {self.extractor_sha256[:8]}",
                *self.notes,
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


class _Asked(Settings):
    """What a process must know to measure a block."""

    subject: Path
    at: int | None
    is_model: bool
    pictures: PictureSettings
    count: int
    seed: int
    features: str
    weights: Path | None
    block: int
    threads: int | None = None


@dataclass(frozen=True)
class _Unread:
    """Pictures of shards that could not be read, and so are not counted. first: where and why the first was lost."""

    count: int = 0
    first: str = ""

    def __add__(self, other: "_Unread") -> "_Unread":
        return _Unread(self.count + other.count, self.first or other.first)

    def notes(self, which: str) -> list[str]:
        """What is to be said of it."""
        return [f"{counted(self.count, 'picture')} of {which} could not be read: {self.first}"] if self.count else []


@dataclass(frozen=True)
class _Block:
    """What was found of one block; None where there is none of a side with that number, or no FD.

    unread_real, unread_fake: what could not be read of each side's.
    """

    number: int
    distance: float | None
    floor: float | None
    fake: Moments | None
    real: Moments | None
    unread_real: _Unread
    unread_fake: _Unread


def score_many(
    options: ScoreOptions,
    model: Model | None = None,
    *,
    processes: int = 1,
    block: int = BLOCK,
    told: Told = nobody,
) -> ManyScores:
    """Measure everything.

    Args:
        options: as for `score_pictures`, but nothing held out, and any count; of real pictures in shards as many count,
            of others all.
        model: the one that is in `options.subject`, if it was loaded already.
        processes: that draw and look; with one it is this one.
        block: pictures that KD is taken of at a time.
    Raises:
        GanvasError: as `score_pictures`, or a process ended.
    """
    check_processes(processes)
    model, settings, pictures = subject_of(options, model, told)
    asked = _Asked(
        subject=options.subject,
        at=options.at,
        is_model=model is not None,
        pictures=settings,
        count=options.count,
        seed=options.seed,
        features=options.extractor,
        weights=options.weights,
        block=block,
        threads=None if processes == 1 else max(torch.get_num_threads() // processes, 1),
    )
    if options.seed + options.count - 1 > LARGEST_WHOLE:
        raise SettingError(
            f"--seed {options.seed}: expected one from which on there are {counted(options.count, 'seed')}"
        )
    with _Sides(asked, pictures, model) as sides:
        return _measured(sides, asked, options, processes, told)


def _measured(sides: "_Sides", asked: _Asked, options: ScoreOptions, processes: int, told: Told) -> ManyScores:
    if len(sides.fake_parts) < 2:
        raise SettingError(f"--count {sides.count}: expected enough for two blocks of {asked.block:,}")
    if len(sides.real.parts[0]) < FEWEST_REAL:
        raise SettingError(f"--against {options.against}: expected {FEWEST_REAL} pictures or more")
    numbers = range(max(len(sides.fake_parts), len(sides.real.parts)))
    if processes == 1:
        measured = (sides.block(number) for number in numbers)
    else:
        measured = each_done(partial(_measured_elsewhere, asked), numbers, min(processes, len(numbers)))
    distances: list[float] = []
    floors: list[float] = []
    fake: Moments | None = None
    real: Moments | None = None
    unread_fake = unread_real = _Unread()
    for found in _in_order(measured, told, len(numbers)):
        distances += [] if found.distance is None else [found.distance]
        floors += [] if found.floor is None else [found.floor]
        fake, real = added(fake, found.fake), added(real, found.real)
        unread_fake, unread_real = unread_fake + found.unread_fake, unread_real + found.unread_real
    height, width = sides.real.pictures.images.shape[1:3]
    images = "" if sides.model is None else f" after {counted(sides.model.description.images, 'image')}"
    return ManyScores(
        model=f"{options.subject}{images}",
        against=options.against,
        features=sides.extractor.name,
        extractor_sha256=sides.extractor.sha256,
        width=width,
        height=height,
        seed=options.seed,
        count=sides.count - unread_fake.count,
        real_count=sides.real.count - unread_real.count,
        blocks=len(distances),
        kernel_distance=mean_of_blocks(distances),
        floor=mean_of_blocks(floors) if len(floors) > 1 else None,
        frechet_distance=None if real is None or fake is None else frechet_of_moments(real, fake),
        notes=(
            *([] if sides.made is None else sides.made.broken("the scored pictures")),
            *sides.real.broken("the real pictures"),
            *unread_fake.notes("the scored pictures"),
            *unread_real.notes("the real pictures"),
        ),
    )


class _Pictures:
    """The pictures of one side, in blocks. Of shards a block is what follows in their stream, so that all are seen.

    Args:
        most: pictures that count.
    """

    def __init__(self, pictures: PictureSet, most: int, block: int) -> None:
        self.pictures, self.count = pictures, min(most, pictures.count)
        self._stream = None if pictures.endless is None else BatchStream(pictures, block, _ORDER_SEED)
        order = np.arange(self.count) if self._stream else _order(pictures.count)[: self.count]
        self.parts = _parts(order, block)

    def block(self, number: int) -> tuple[np.ndarray, _Unread]:
        """(N, h, w, C) uint8 of the block, and what of it could not be read; PicturesError where that is too much."""
        part = self.parts[number]
        if self._stream is None:
            return taken(self.pictures, part), _Unread()
        batch = self._stream.batch_at(int(part[0]), len(part))
        is_read = batch.indices.numpy() < self.pictures.count
        first = next((f"{loss.where} ({loss.reason})" for loss in self._stream.losses()), "")
        return as_scored(batch.images.numpy()[is_read]), _Unread(int((~is_read).sum()), first)

    def broken(self, which: str) -> list[str]:
        """What is to be said of files that were left out before; of shards each block says it."""
        return broken_notes(which, self.pictures) if self._stream is None else []

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()


class _Sides:
    """Both sides of a comparison, in blocks."""

    def __init__(self, asked: _Asked, pictures: PictureSet, model: Model | None) -> None:
        self._asked, self.model = asked, model
        size = pictures.images.shape[1], pictures.images.shape[2]
        self.extractor: Extractor = load_extractor(asked.features, size, cache_folder() / "downloads", asked.weights)
        most = pictures.count if pictures.endless is None else asked.count
        self.real = _Pictures(pictures, most, asked.block)
        self.made: _Pictures | None = None
        if model is None:
            made = load_pictures(asked.pictures.model_copy(update={"source": str(asked.subject)}))
            self.made = _Pictures(made, asked.count, asked.block)
        self.count = asked.count if self.made is None else self.made.count
        self.fake_parts = _parts(np.arange(self.count), asked.block) if self.made is None else self.made.parts

    def __enter__(self) -> "_Sides":
        return self

    def __exit__(self, *_: object) -> None:
        self.real.close()
        if self.made is not None:
            self.made.close()

    def block(self, number: int) -> _Block:
        """Measure one. Where a side has fewer blocks, those of the other are compared with them again in turn."""
        images, unread_real = self.real.block(number % len(self.real.parts))
        real = extract(self.extractor, images)
        is_first = number < len(self.real.parts)
        half = len(real) // 2
        images, unread_fake = self._drawn(number) if number < len(self.fake_parts) else (None, _Unread())
        fake = None if images is None else extract(self.extractor, images)
        return _Block(
            number,
            None if fake is None else kernel_distance(real, fake),
            kernel_distance(real[:half], real[half:]) if is_first else None,
            None if fake is None else _moments(fake),
            _moments(real) if is_first else None,
            unread_real if is_first else _Unread(),
            unread_fake,
        )

    def _drawn(self, number: int) -> tuple[np.ndarray, _Unread]:
        if self.made is not None:
            return self.made.block(number)
        assert self.model is not None
        model, seeds = self.model, [self._asked.seed + int(at) for at in self.fake_parts[number]]
        z, labels = latents_for(model.description, seeds), labels_for(model.description, seeds)
        at_once = drawn_at_once(model.description)
        return draw_all(model.generator, z, labels, at_once=at_once, longest_px=REDUCED_PX), _Unread()


def _moments(features: Tensor) -> Moments | None:
    return Moments.of(features) if features.shape[1] <= MOST_FEATURES else None


def _measured_elsewhere(asked: _Asked, number: int) -> _Block:
    """One block, in a process that measures nothing else."""
    if asked.threads is not None:
        torch.set_num_threads(asked.threads)
    return _sides_of(asked.model_dump_json()).block(number)


@cache
def _sides_of(written: str) -> _Sides:
    """Read once for all blocks of a process. written: an `_Asked` as JSON."""
    asked = _Asked.model_validate_json(written)
    model = load_model(asked.subject, asked.at) if asked.is_model else None
    return _Sides(asked, load_pictures(asked.pictures), model)


def _order(count: int) -> np.ndarray:
    return np.random.default_rng(_ORDER_SEED).permutation(count)


def _parts(positions: np.ndarray, block: int) -> list[np.ndarray]:
    """Blocks of nearly `block`, as even as can be: none is so small that its number is worth less."""
    return np.array_split(positions, max(round(len(positions) / block), 1))


def _in_order(blocks: Iterable[_Block], told: Told, total: int) -> Iterator[_Block]:
    """By their numbers, so that sums have the same last bit every time; held no longer than until those before come."""
    waiting: dict[int, _Block] = {}
    given = 0
    for done, block in enumerate(blocks, 1):
        told("measuring blocks", done, total)
        waiting[block.number] = block
        while given in waiting:
            yield waiting.pop(given)
            given += 1


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.4g} [{estimate.low:.4g}, {estimate.high:.4g}]"
