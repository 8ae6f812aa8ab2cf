"""A generator, ready to draw: seeds or latents in, pictures out."""

import operator
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike

from ganvas.config import PictureSettings, checked
from ganvas.data import contact_indices, load_pictures
from ganvas.data.handed import PicturesLike, as_source
from ganvas.errors import SettingError
from ganvas.files import writing_to
from ganvas.formats.images import Pictures, save_grid, save_png
from ganvas.formats.manifest import Description
from ganvas.model import MainDirection, draw, labels_for, latents_for, main_directions, rebuild
from ganvas.model.weights import Model, load_model
from ganvas.settings import MOST_TRUNCATION, shortened
from ganvas.workflows.bulk import CHUNK, Bulk, save_bulk, single_name, single_png, weights_key
from ganvas.workflows.progress import counting

MOST_ON_GRID = 1024
MOST_SEEDS = 100_000  # at a time: their latents are held in memory, 40 MB of 100 numbers each
SEEDS = range(16)


def checked_seeds(seeds: Iterable[int]) -> list[int]:
    """Seeds as whole numbers.

    Raises:
        SettingError: there are none, or more than MOST_SEEDS, or one is not in [0, 2^64).
        ValueError: they are not whole numbers, one after another.
    """
    try:
        found = [operator.index(seed) for seed in islice(seeds, MOST_SEEDS + 1)]
    except TypeError as error:
        raise ValueError(f"seeds {seeds!r:.80}: expected whole numbers, as in range(16)") from error
    if len(found) > MOST_SEEDS:
        raise SettingError(
            f"seeds: expected at most {MOST_SEEDS} at a time; the next ones can be drawn by another call"
        )
    if not found or not (min(found) >= 0 and max(found) < 2**64):
        what = f"from {shortened(min(found))} to {shortened(max(found))}" if found else "none"
        raise SettingError(f"seeds: {what}; expected one or more, each from 0 to {2**64 - 1}")
    return found


def checked_truncation(truncation: float) -> float:
    """A truncation that generators draw with.

    Raises:
        SettingError: it is not from 0 to MOST_TRUNCATION.
    """
    if not 0 <= truncation <= MOST_TRUNCATION:
        raise SettingError(f"truncation {truncation:g}: expected 0 to {MOST_TRUNCATION:g}, as in 0.7")
    return truncation


@dataclass(frozen=True)
class Generator:
    """A trained model that draws pictures; `ganvas.load` makes it.

    path: the run or model folder that it was read from. at: the moment of the run, images shown; None: the model that
    the run ships, which is the best that was measured.
    """

    path: Path
    at: int | None = None
    model: Model = field(repr=False, kw_only=True)

    @staticmethod
    def read(path: Path, at: int | None = None) -> "Generator":
        """That of a run folder or a model folder.

        Raises:
            ModelError: there is no model, or it cannot be read.
        """
        model = load_model(path, at)
        return Generator(path, None if at is None else model.description.images, model=model)

    @property
    def description(self) -> Description:
        """What the model says of itself: its size, channels, classes, recipe, images shown."""
        return self.model.description

    def latents(self, seeds: Iterable[int] = SEEDS, *, truncation: float = 1.0) -> np.ndarray:
        """(N, Z) float32 latents of `seeds`.

        Args:
            seeds: each in [0, 2^64).
            truncation: below 1, nearer to the mean picture and less varied.
        """
        return latents_for(self.description, checked_seeds(seeds), checked_truncation(truncation)).numpy()

    def draw(
        self,
        z: ArrayLike | None = None,
        *,
        seeds: Iterable[int] = SEEDS,
        truncation: float = 1.0,
        label: str | None = None,
    ) -> Pictures:
        """Pictures of latents, or of seeds: (N, H, W, C) uint8. `.grid()` of them is one PIL image.

        The same seed gives the same picture, whatever is drawn beside it.

        Args:
            z: (N, Z) latents, or (Z,) for one picture; None: those of `seeds`.
            truncation: of seeds' latents; below 1, nearer to the mean picture and less varied.
            label: a class, of a model that has classes; None: each seed's own.
        Raises:
            SettingError: the model does not know the label, or a seed is out of range.
            ValueError: z is of another shape.
        """
        if z is None:
            numbers = checked_seeds(seeds)
            latents = latents_for(self.description, numbers, checked_truncation(truncation)).numpy()
        else:
            latents = np.atleast_2d(np.asarray(z, np.float32))
            numbers = range(len(latents))
        if not np.isfinite(latents).all():
            raise ValueError("latents that are not finite numbers")
        if latents.ndim != 2 or not len(latents) or latents.shape[1] != self.description.z_dim:
            shape = latents.shape
            raise ValueError(f"latents {shape}: expected (N, {self.description.z_dim}), N >= 1; seeds go into seeds=")
        labels = labels_for(self.description, numbers, label)
        pictures = draw(self.model.generator, torch.as_tensor(latents), labels)
        return np.stack(list(pictures)).view(Pictures)

    @property
    def directions(self) -> list[MainDirection]:
        """The main directions of variation, the one that changes pictures most first: `z + 2 * direction.vector`."""
        return main_directions(self.model)

    def rebuild(self, source: PicturesLike, count: int = 16) -> tuple[Pictures, Pictures]:
        """Pictures of a source, spread over it, and the same encoded and decoded again: (N, H, W, C) uint8 each.

        Args:
            source: as `ganvas.look` takes it.
        Raises:
            GanvasError: the pictures cannot be used, or the model has no encoder.
        """
        spec = self.description
        name = as_source(source)
        values = {"source": name, "width": spec.width, "height": spec.height, "channels": spec.channel_setting}
        pictures = load_pictures(checked(PictureSettings, values | {"conditional": bool(spec.classes)}))
        if spec.classes and pictures.classes != spec.classes:
            raise SettingError(f"{name}: its labels are {pictures.classes[:5]}, the model's {spec.classes[:5]}")
        chosen = contact_indices(pictures, count)
        originals = np.asarray(pictures.images[chosen])
        labels = torch.as_tensor(pictures.labels[chosen]) if spec.classes else None
        return originals.view(Pictures), rebuild(self.model, torch.as_tensor(originals), labels).view(Pictures)

    def save_pictures(
        self,
        folder: str | os.PathLike[str],
        seeds: Iterable[int] = SEEDS,
        *,
        truncation: float = 1.0,
        label: str | None = None,
        singles: bool = True,
        most_on_grid: int = MOST_ON_GRID,
    ) -> Path:
        """Draw into `folder`: a file for each seed, written as it is drawn, and a grid of the first; returns its path.

        Args:
            singles: False: the grid alone.
            most_on_grid: pictures on the grid, which are held in memory.
        Raises:
            SettingError: as `draw`, or the folder cannot be written.
        """
        folder, seeds = Path(folder), checked_seeds(seeds)
        z = latents_for(self.description, seeds, checked_truncation(truncation))
        drawn = draw(self.model.generator, z, labels_for(self.description, seeds, label))
        shown: list[np.ndarray] = []
        with writing_to(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for seed, picture in zip(seeds, drawn, strict=True):
                if singles:
                    save_png(folder / f"{single_name(seed)}.png", **single_png(picture, seed, truncation, label))
                if len(shown) < most_on_grid:
                    shown.append(picture)
            save_grid(folder / "grid.png", np.stack(shown))
        return folder / "grid.png"

    def save_many(
        self,
        folder: str | os.PathLike[str],
        count: int,
        *,
        seed: int = 0,
        to: str = "folder",
        processes: int = 1,
        truncation: float = 1.0,
        label: str | None = None,
        chunk: int = CHUNK,
        progress: bool = True,
    ) -> Path:
        """Draw very many pictures into `folder`; the same call again goes on. Returns the folder, or the array's path.

        A seed's picture is that of `save_pictures`, with the same bytes. Memory does not grow with the count.

        Args:
            count: pictures; their seeds follow each other from `seed` on.
            to: folder: a PNG each; npy: pictures.npy, (N, H, W, C) uint8, for `numpy.load(path, mmap_mode="r")`;
                shards: tar files as WebDataset lays them out, each picture with a .json of its seed and label.
            processes: that draw, on this machine.
            chunk: pictures of a shard, and what a process that ends costs at most.
            progress: show on stderr how far it is.
        Raises:
            GanvasError: as `draw`; other pictures were drawn into the folder before; or a process ended.
        """
        labels_for(self.description, [seed], label)  # which says at once if there is no such label
        values = {
            "model": weights_key(self.model),
            "to": to,
            "count": count,
            "seed": seed,
            "truncation": checked_truncation(truncation),
            "label": label,
            "chunk": chunk,
        }
        bulk = checked(Bulk, values)
        with counting("drawing", progress) as told:
            return save_bulk(Path(folder), self.model, self.path, self.at, bulk, processes=processes, told=told)

    def save_rebuilt(self, folder: str | os.PathLike[str], source: PicturesLike, count: int = 16) -> Path:
        """A grid of pictures of `source` over the same rebuilt, row by row; returns its path. Raises as `rebuild`."""
        originals, rebuilt = self.rebuild(source, count)
        columns = min(8, len(originals))
        rows = [part[at : at + columns] for at in range(0, len(originals), columns) for part in (originals, rebuilt)]
        path = Path(folder) / "rebuilt.png"
        with writing_to(path.parent):
            save_grid(path, np.concatenate(rows), columns=columns if len(originals) % columns == 0 else None)
        return path
