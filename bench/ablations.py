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
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from bench.lines import keep, kept
from bench.quality import COUNT, SETS, Judge, drawn, share_of_eigen, source
from ganvas.config import LimitSettings, RunConfig, StatisticsSettings, with_settings
from ganvas.data import load_pictures
from ganvas.formats.images import picture_grid
from ganvas.model.weights import kept_moments
from ganvas.networks import Networks, NetworkSpec
from ganvas.networks.layers import resized
from ganvas.networks.pca_generator import PcaGenerator
from ganvas.networks.projected_discriminator import FrozenFeatures, PixelFeatures, ProjectedDiscriminator
from ganvas.recipes import recipe
from ganvas.run.execute import RunParts
from ganvas.run.monitor import Monitor
from ganvas.training import ARCHITECTURES, Architecture
from ganvas.workflows.train import train

RESULTS = Path("bench/results/ablations.jsonl")
NAMES = ("faces-color", "cars")
PROCESSOR = RunParts(clock=time.process_time, monitor=partial(Monitor, clock=time.process_time))
SWIFT = ARCHITECTURES["swift"]


class NoiseGenerator(PcaGenerator):
    """In place of principal components: the mean, and directions of noise that together vary as much as the set."""

    @torch.no_grad()
    def learn(
        self, images: Tensor, labels: Tensor | None, generator: torch.Generator, settings: StatisticsSettings
    ) -> None:
        rows = resized(images, self.components.size).permute(0, 2, 3, 1).flatten(1)  # (N, D)
        mean, axes = self.components.mean, self.components.axes
        mean.copy_(rows.mean(0).expand_as(mean))
        axes.copy_(torch.randn(axes.shape, generator=generator) * (rows.var(0).mean() / len(axes)).sqrt())


class RawFeatures(FrozenFeatures):
    """Channels as they are: neither mean nor deviation is taken from the set."""

    def learn(self, images: Tensor, least_deviation: float) -> list[Tensor]:
        return [torch.cat(maps) for maps in zip(*map(self, images.split(32)), strict=True)]


class AlsoPixels(ProjectedDiscriminator):
    """One more head, on the pixels and their finest detail, as --blind has it."""

    def __init__(self, spec: NetworkSpec):
        super().__init__(spec, FrozenFeatures())
        self.pixels = PixelFeatures()
        self.heads.extend(ProjectedDiscriminator(spec, self.pixels).heads)

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        return [*super().feature_maps(images), *self.pixels(images)]

    def learn(
        self, images: Tensor, labels: Tensor | None, generator: torch.Generator, settings: StatisticsSettings
    ) -> None:
        super().learn(images, labels, generator, settings)
        self.pixels.learn(images, settings.least_deviation)


def from_noise(spec: NetworkSpec) -> Networks:
    return Networks(NoiseGenerator(spec), ProjectedDiscriminator(spec, FrozenFeatures()))


def begun_large(spec: NetworkSpec) -> Networks:
    return Networks(PcaGenerator(spec, coarsest_px=12), ProjectedDiscriminator(spec, FrozenFeatures()))


def also_on_pixels(spec: NetworkSpec) -> Networks:
    return Networks(PcaGenerator(spec), AlsoPixels(spec))


def not_standardised(spec: NetworkSpec) -> Networks:
    return Networks(PcaGenerator(spec), ProjectedDiscriminator(spec, RawFeatures()))


def not_normalised(spec: NetworkSpec) -> Networks:
    discriminator = ProjectedDiscriminator(spec, FrozenFeatures(), convolution=nn.Conv2d)
    return Networks(PcaGenerator(spec), discriminator)


# name -> settings that differ; the architecture, where it is another than the recipe's
PARTS: dict[str, tuple[list[str], Architecture | None]] = {
    "nothing left out": ([], None),
    "without the eigen start (noise is drawn)": ([], replace(SWIFT, build=from_noise)),
    "begun at 8 to 12 px instead of 3 to 5": ([], replace(SWIFT, build=begun_large)),
    "without ImageNet (--blind)": (
        [f"{name}={json.dumps(value)}" for name, value in recipe("swift").blind.items()],
        None,
    ),
    "with a look at pixels too": ([], replace(SWIFT, build=also_on_pixels)),
    "without the spread of Lite0's channels": ([], replace(SWIFT, build=not_standardised)),
    "without spectral norms": ([], replace(SWIFT, build=not_normalised)),
    "without holding light and tint": (["anchor.weight=0"], None),
    "without a penalty on slopes": (["objective.r1_weight=0", "objective.r2_weight=0"], None),
    "without the set's own pictures": (["reconstruction.share=0"], None),
    "without their broad colours": (["reconstruction.coarse_weight=0"], None),
    "without matching features": (["matching.weight=0"], None),
    "without pulling back what sticks out": (["objective.out_of_range_weight=0"], None),
    "without a slow start of the generator": (["optimizer.warmup_images=0"], None),
    "without a limit to the length of a step": (["optimizer.largest_step=1000"], None),
    "hinge loss instead of relativistic": (['objective.loss="hinge"'], None),
    "colours and places augmented": (['objective.augment=["tint", "translation"]'], None),
    "without averaging": (["training.average_half_life_images=0"], None),
    "batches of 16 to the end": (["training.double_batch_at=1000000000"], None),
    "128 latents": (["network.z_dim=128"], None),
}


def configuration(part: str, pictures: str, size: str, limits: LimitSettings, seed: int) -> RunConfig:
    """The recipe with that part changed; an architecture of its own gets a row of the part's name in ARCHITECTURES."""
    width, height = size.split("x")
    settings, architecture = PARTS[part]
    shape = [f"pictures.width={width}", f"pictures.height={height}", f"pictures.source={json.dumps(pictures)}"]
    if architecture is not None:
        ARCHITECTURES[part] = architecture
        shape.append(f"network.architecture={json.dumps(part)}")
    config = with_settings(recipe("swift").config, [*shape, *settings])
    return config.model_copy(update={"limits": limits, "seed": seed})


def burnt(images: np.ndarray) -> float:
    """Share of the pixels of (N, H, W, C) uint8 pictures that are white, or as good as white."""
    return float((images >= 254).all(-1).mean())


def made(config: RunConfig, out: Path, count: int) -> np.ndarray:
    """Train, and draw `count` pictures of the last moment: (count, H, W, C) uint8."""
    for _ in train(config, out, parts=PROCESSOR):
        pass
    return drawn(out, max(kept_moments(out)), count)


def measured(images: np.ndarray, real: np.ndarray, judge: Judge) -> dict:
    """What is said of drawn pictures, (N, H, W, C) uint8, beside the set's own."""
    seen = judge.see(images)
    found = {"spread": float(images.std(0).mean() / real.std(0).mean()), "burnt": burnt(images)}
    found |= {"burnt_of_set": burnt(real), "eigen": judge.eigen}
    return found | judge.distances(seen) | judge.shares(seen)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the runs that are missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", nargs="*", metavar="NAME")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seeds", type=int, default=2)
    torch.set_num_threads(1)
    asked = parser.parse_intermixed_args(arguments)  # names may come behind the options
    lines = kept(RESULTS)
    plans = [(part, name, seed) for seed in range(asked.seeds) for name in NAMES for part in PARTS]
    limits = LimitSettings(seconds=60 * asked.minutes)
    for part, name, seed in plans:
        title = f"{name}, {part}, {asked.minutes:g} minutes, seed {seed}"
        if any(line["run"] == title for line in lines) or (asked.runs and not any(n in title for n in asked.runs)):
            continue
        config = configuration(part, source(name, asked.data, asked.work), SETS[name], limits, seed)
        out = asked.work / "".join(letter if letter.isalnum() else "-" for letter in title)
        images, known = made(config, out, COUNT), load_pictures(config.pictures)
        line = {"run": title, "set": name, "part": part, "minutes": asked.minutes, "seed": seed}
        line |= {"images": max(kept_moments(out)), **measured(images, np.asarray(known.images[:]), Judge(known))}
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
