"""Does every part of the default recipe earn its place: the same minutes without each of them, or with one more.

    python -m bench.ablations WORK_FOLDER DATA_FOLDER [--minutes 5] [--seeds 2] [NAME ...]

DATA_FOLDER holds faces-color and cars. Resumable: a run that was measured is kept in bench/results/ablations.jsonl.
NAME limits it to runs whose title contains it: a set, a part, "seed 1". Every run has one thread and its minutes are
the processor's, so that two of these may go on side by side, and other programs too. The table goes to standard
output: the distance to 500 real pictures as a share of the PCA baseline's, in EfficientNet-Lite0's features and those
of an independent ResNet, precision and coverage in the latter, the spread of what is drawn as a share of the set's, and
the share of pixels that are burnt to white, the set's own beneath.
A sheet of the seeds 0 to 63 lies in WORK_FOLDER beside each run.
"""

import argparse
import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from bench.lines import keep, kept
from bench.quality import SETS, Judge, drawn, share_of_eigen, source
from ganvas.config import LimitSettings, RunConfig, with_settings
from ganvas.data import load_pictures
from ganvas.formats.images import picture_grid
from ganvas.model.weights import kept_moments
from ganvas.networks import NetworkSpec, pca_generator
from ganvas.networks import projected_discriminator as sight
from ganvas.networks import swift as pair
from ganvas.networks.pca_generator import Components
from ganvas.recipes import recipe
from ganvas.training.steps import swift
from ganvas.workflows.train import train

RESULTS = Path("bench/results/ablations.jsonl")
COUNT = 500
NAMES = ("faces-color", "cars")

Patches = list[contextlib.AbstractContextManager[object]]


class PlainConv2d(nn.Conv2d):
    """What a spectrally normalised convolution is without the norm."""

    def __init__(self, channels: int, out_channels: int, kernel: int, stride: int, padding: int, *, bias: bool = True):
        super().__init__(channels, out_channels, kernel, stride, padding, bias=bias)


def learn_noise(self: Components, images: Tensor, labels: Tensor | None, generator: torch.Generator) -> None:
    """In place of principal components: the mean, and directions of noise that together vary as much as the set."""
    rows = images.permute(0, 2, 3, 1).flatten(1)
    self.mean.copy_(rows.mean(0).expand_as(self.mean))
    noise = torch.randn(self.axes.shape, generator=generator)
    self.axes.copy_(noise * (rows.var(0).mean() / len(noise)).sqrt())


def unspread(self: sight.Sight, images: Tensor) -> list[Tensor]:
    """In place of learning how each channel is spread."""
    return [torch.cat(maps) for maps in zip(*map(self, images.split(32)), strict=True)]


class AlsoPixels(sight.SeeingDiscriminator):
    """One more look, at the pixels and what is finest in them, as --blind has it."""

    def __init__(self, spec: NetworkSpec, eyes: sight.Sight):
        super().__init__(spec, eyes)
        self.pixels = sight.PixelSight()
        self.look.extend(sight.SeeingDiscriminator(spec, self.pixels).look)

    def see(self, images: Tensor) -> list[Tensor]:
        return [*super().see(images), *self.pixels(images)]

    def learn(self, images: Tensor, labels: Tensor | None, generator: torch.Generator) -> None:
        super().learn(images, labels, generator)
        self.pixels.learn(images)


def coloured_cells(images: Tensor, _: float, cells: int) -> Tensor:
    """In place of the tint of the whole: each part's own."""
    return F.adaptive_avg_pool2d(images, (cells, cells))


def burnt(images: np.ndarray) -> float:
    """Share of the pixels of (N, H, W, C) uint8 pictures that are white, or as good as white."""
    return float((images >= 254).all(-1).mean())


def attribute(owner: object, name: str, value: object) -> Callable[[], Patches]:
    return lambda: [patch.object(owner, name, value)]


# name -> settings that differ, what is patched
PARTS: dict[str, tuple[list[str], Callable[[], Patches]]] = {
    "nothing left out": ([], list),
    "without the eigen start (noise is drawn)": ([], attribute(Components, "learn", learn_noise)),
    "begun at 8 to 12 px instead of 3 to 5": ([], attribute(pca_generator, "COARSEST_PX", 12)),
    "without ImageNet (--blind)": (
        [f"{name}={json.dumps(value)}" for name, value in recipe("swift").blind.items()],
        list,
    ),
    "with a look at pixels too": ([], attribute(pair, "SeeingDiscriminator", AlsoPixels)),
    "without the spread of Lite0's channels": ([], attribute(sight.Sight, "learn", unspread)),
    "without spectral norms": ([], attribute(sight, "SpectralConv2d", PlainConv2d)),
    "without holding light and tint": (["anchor.weight=0"], list),
    "without noise for a certain discriminator": (["noise.largest_deviation=0"], list),
    "with its tint held as light is": (["anchor.saturated_tint_weight=1"], list),
    "with each part's tint held": ([], attribute(swift, "broad", coloured_cells)),
    "without matching features": (["matching.weight=0"], list),
    "without pulling back what sticks out": (["objective.out_of_range_weight=0"], list),
    "without a slow start of the generator": (["optimizer.warmup_images=0"], list),
    "without a limit to the length of a step": (["optimizer.largest_step=1000"], list),
    "hinge loss instead of relativistic": (['objective.loss="hinge"'], list),
    "colours and places augmented": (['objective.augment=["tint", "translation"]'], list),
    "without averaging": (["training.average_half_life_images=0"], list),
    "batches of 16 to the end": (["training.double_batch_at=1000000000"], list),
    "128 latents": (["network.z_dim=128"], list),
}


def configuration(settings: list[str], pictures: str, size: str, minutes: float, seed: int) -> RunConfig:
    width, height = size.split("x")
    shape = [f"pictures.width={width}", f"pictures.height={height}"]
    config = with_settings(recipe("swift").config, [f"pictures.source={json.dumps(pictures)}", *shape, *settings])
    return config.model_copy(update={"limits": LimitSettings(seconds=60 * minutes), "seed": seed})


def main() -> None:
    """Make the runs that are missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", nargs="*", metavar="NAME")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seeds", type=int, default=2)
    torch.set_num_threads(1)
    asked = parser.parse_intermixed_args()  # names may come behind the options
    lines = kept(RESULTS)
    plans = [(part, name, seed) for seed in range(asked.seeds) for name in NAMES for part in PARTS]
    for part, name, seed in plans:
        title = f"{name}, {part}, {asked.minutes:g} minutes, seed {seed}"
        if any(line["run"] == title for line in lines) or (asked.runs and not any(n in title for n in asked.runs)):
            continue
        pictures = source(name, asked.data, asked.work)
        settings, patches = PARTS[part]
        config = configuration(settings, pictures, SETS[name], asked.minutes, seed)
        out = asked.work / "".join(letter if letter.isalnum() else "-" for letter in title)
        with contextlib.ExitStack() as stack:
            for each in patches():
                stack.enter_context(each)
            stack.enter_context(patch.object(time, "perf_counter", time.process_time))
            for _ in train(config, out):
                pass
            images = drawn(out, max(kept_moments(out)), COUNT)
        known = load_pictures(config.pictures)
        judge = Judge(known)
        real = np.asarray(known.images[:])
        spread = float(images.std(0).mean() / real.std(0).mean())
        line = {"run": title, "set": name, "part": part, "minutes": asked.minutes, "seed": seed, "spread": spread}
        line |= {"burnt": burnt(images), "burnt_of_set": burnt(real)}
        seen = judge.see(images)
        line |= {"images": max(kept_moments(out)), "eigen": judge.eigen, **judge.distances(seen), **judge.shares(seen)}
        lines.append(line)
        keep(RESULTS, line)
        Image.fromarray(picture_grid(images[:64], columns=8).squeeze()).save(out.with_suffix(".png"))
        print(title, flush=True)
    report([line for line in lines if line["minutes"] == asked.minutes])


def report(lines: list[dict]) -> None:
    """A table a set, one row a part; a cell has one number for every seed."""
    columns: dict[str, Callable[[dict], str]] = {
        "Lite0": lambda line: f"{share_of_eigen(line, 'lite'):.2f}",
        "ResNet": lambda line: f"{share_of_eigen(line, 'other'):.2f}",
        "precision": lambda line: f"{line['precision']:.2f}",
        "coverage": lambda line: f"{line['coverage']:.2f}",
        "spread": lambda line: f"{line['spread']:.2f}",
        "burnt": lambda line: f"{line['burnt']:.1%}",
    }
    for name in NAMES:
        known = sorted((line for line in lines if line["set"] == name), key=lambda line: line["seed"])
        print(f"\n| {name} | {' | '.join(columns)} |\n{'|---' * (1 + len(columns))}|")
        for part in PARTS:
            members = [line for line in known if line["part"] == part]
            if not members:
                continue
            print(f"| {part} | {' | '.join(', '.join(map(cell, members)) for cell in columns.values())} |")
        if known:
            print(f"\nOf the set's own pixels {known[0]['burnt_of_set']:.1%} are burnt.")


if __name__ == "__main__":
    main()
