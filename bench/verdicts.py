"""Can the verdict be trusted: short runs, half of them healthy, the others spoilt on purpose at a known moment.

    python -m bench.verdicts WORK_FOLDER [NAME ...]

Every run shows a fixed number of images, is measured every so many, and is not rescued. Its measures go to
bench/results/verdicts.jsonl, one line a run, and a run that is there is not made again. Verdicts are made from them
anew each time and the tables go to standard output, so that a rule can be changed and tried in a second.

How runs are spoilt, from SPOILT_AT images on:
    runaway      both learning rates 30 times as high; far: 300 times
    strong       the discriminator's rate 30 times as high, the generator's left: it wins; far: 300 times
    blind        the discriminator learns no more: the generator runs into its blind spot; far: at 10 times its rate
    noise        a tenth of each weight's size is added to the generator's weights as noise, at every step; far: a third
    one latent   the first layer of the generator forgets its latents: every picture is the same
    few latents  latents are rounded to one of four
    replay       the generator draws training pictures again
    blurred replay  the same, blurred by half a pixel and with a little noise
    still        no player learns any more
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.lines import keep, kept
from bench.response import shape
from ganvas.config import LimitSettings, Plan, RunConfig, with_settings
from ganvas.data import PictureSet, load_pictures
from ganvas.errors import DivergedError
from ganvas.formats.log import read_log
from ganvas.formats.manifest import Description
from ganvas.metrics import Measure, assess
from ganvas.pixels import to_float
from ganvas.recipes import recipe
from ganvas.run.execute import RunParts
from ganvas.run.monitor import Monitor
from ganvas.training import Progress, TrainingState, training_loop
from ganvas.training.loop import Stream
from ganvas.workflows.train import train

RESULTS = Path("bench/results/verdicts.jsonl")
IMAGES, SPOILT_AT, EVERY, COUNT = 12_800, 6_400, 640, 128
WORSE = 1.15
ALARMS = ("collapse", "divergence", "copying")

Spoil = Callable[[TrainingState, RunConfig], nn.Module | None]
"""Changes the state, after every step; or returns what is measured from here on instead of its generator."""


def rates(generator: float, discriminator: float) -> Spoil:
    def spoil(state: TrainingState, config: RunConfig) -> None:
        state.optimizers["generator"].rate = generator * config.optimizer.generator_rate
        state.optimizers["discriminator"].rate = discriminator * config.optimizer.discriminator_rate

    return spoil


def noise(share: float) -> Spoil:
    @torch.no_grad()
    def spoil(state: TrainingState, config: RunConfig) -> None:
        numbers = torch.Generator().manual_seed(state.images)
        for network in (state.generator, state.averaged):
            for weight in network.parameters() if network is not None else ():
                weight += share * weight.std().nan_to_num() * torch.randn(weight.shape, generator=numbers)

    return spoil


class Forgetful(nn.Module):
    """A generator that hears little of its latents."""

    def __init__(self, generator: nn.Module, latents: int) -> None:
        super().__init__()
        self.generator, self.latents = generator, latents

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        of = torch.randn(self.latents, z.shape[1], generator=torch.Generator().manual_seed(0))
        return self.generator(of[(z[:, 0] * 1e4).long().abs() % self.latents], labels)


class Replay(nn.Module):
    """A "generator" that looks latents up among training pictures."""

    def __init__(self, pictures: Tensor, blur: bool) -> None:
        super().__init__()
        self.pictures, self.blur = pictures, blur

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        images = to_float(self.pictures[(z[:, 0] * 1e4).long().abs() % len(self.pictures)])
        if not self.blur:
            return images
        soft = F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
        return (images + soft) / 2 + 0.05 * torch.randn(images.shape, generator=torch.Generator().manual_seed(1))


def training_pictures(config: RunConfig) -> Tensor:
    return torch.from_numpy(np.array(load_pictures(config.pictures).images[:400]))


SPOILS: dict[str, tuple[str, Spoil]] = {
    "runaway": ("divergence", rates(30, 30)),
    "strong": ("divergence", rates(1, 30)),
    "blind": ("divergence", rates(1, 0)),
    "noise": ("divergence", noise(0.1)),
    "far runaway": ("divergence", rates(300, 300)),
    "far strong": ("divergence", rates(1, 300)),
    "far blind": ("divergence", rates(10, 0)),
    "far noise": ("divergence", noise(1 / 3)),
    "one latent": ("collapse", lambda state, config: Forgetful(state.shown, 1)),
    "few latents": ("collapse", lambda state, config: Forgetful(state.shown, 4)),
    "replay": ("copying", lambda state, config: Replay(training_pictures(config), blur=False)),
    "blurred replay": ("copying", lambda state, config: Replay(training_pictures(config), blur=True)),
    "still": ("plateau", rates(0, 0)),
}


def configurations(work: Path) -> dict[str, RunConfig]:
    """Recipes on sets, small enough for a minute each."""
    shapes = work / "shapes.npy"
    if not shapes.exists():
        np.save(shapes, np.stack([shape(index) for index in range(1000)]))
    small = ["pictures.width=32", "pictures.height=32", "training.average_half_life_images=1000"]

    def made(name: str, source: str, *more: str) -> RunConfig:
        config = with_settings(recipe(name).config, [f"pictures.source={json.dumps(source)}", *more])
        return with_settings(config, ["measuring.rescue=false", "recording.report=false"])

    return {
        "dcgan28 digits": made("dcgan28", "digits", "training.batch=16", "training.average_half_life_images=1000"),
        "quick avatars": made("quick", "avatars", *small),
        "quick shapes": made("quick", str(shapes), *small),
        "r3gan avatars": made("r3gan", "avatars", *small),
        "wgan-gp shapes": made("wgan-gp", str(shapes), *small),
    }


@dataclass
class Spoiling:
    """How one run is spoilt, from a moment on.

    spoil: None: it is left healthy. impostor: what is measured instead of the generator, once there is one.
    """

    spoil: Spoil | None
    from_images: int
    impostor: nn.Module | None = None

    def loop(
        self, state: TrainingState, stream: Stream, config: RunConfig, until: int, **more: Any
    ) -> Iterator[Progress]:
        """As training_loop."""
        for progress in training_loop(state, stream, config, until, **more):
            if self.spoil is not None and self.impostor is None and state.images >= self.from_images:
                self.impostor = self.spoil(state, config)
            yield progress


class DeceivedMonitor(Monitor):
    """Measures the impostor of a spoilt run."""

    def __init__(
        self,
        spoiling: Spoiling,
        config: RunConfig,
        description: Description,
        pictures: PictureSet,
        state: TrainingState,
    ) -> None:
        super().__init__(config, description, pictures, state)
        self.spoiling = spoiling

    @property
    def generator(self) -> nn.Module:
        return self.spoiling.impostor or super().generator


@dataclass(frozen=True)
class Length:
    """Of a run, in images shown; `every` so many it is measured, on `count` pictures."""

    images: int = IMAGES
    spoilt_at: int = SPOILT_AT
    every: int = EVERY
    count: int = COUNT


def measured(
    config: RunConfig, out: Path, spoil: Spoil | None, length: Length = Length()
) -> tuple[list[dict[str, float]], int | None]:
    """The measures of one run, and after how many images it ended with numbers that are not finite, if it did."""
    ended = None
    spoiling = Spoiling(spoil, length.spoilt_at)
    parts = RunParts(loop=spoiling.loop, monitor=partial(DeceivedMonitor, spoiling))
    width = 1.0 if config.network.width == "planned" else config.network.width
    config = config.model_copy(update={"limits": LimitSettings(images=length.images)})
    plan = Plan(
        images=length.images,
        images_per_second=100,
        width=width,
        measure_every=length.every,
        measure_count=length.count,
    )
    try:
        for _ in train(config, out, plan=plan, parts=parts):
            pass
    except DivergedError:
        ended = read_log(out / "log.jsonl").events[-1].images
    return logged_measures(out), ended


def logged_measures(run: Path) -> list[dict[str, float]]:
    """What a run measured, as results keep it."""
    names, numbers = [field.name for field in fields(Measure)], read_log(run / "log.jsonl").numbers
    return [{name: entry[name] for name in names} for entry in numbers if "kernel_distance" in entry]


def measure_of(stored: dict) -> Measure:
    """A measure as results keep it; earlier lines lack the PCA baseline's distance, or have it as eigen_distance."""
    values = {**stored, "images": int(stored["images"])}
    values["pca_distance"] = values.pop("eigen_distance", values.get("pca_distance", 0.0))
    return Measure(**values)


def verdicts(line: dict, *, from_pca: bool = False) -> list[tuple[int, str]]:
    """(images, kind of verdict) after every measure. from_pca: as of assess."""
    every = [measure_of(one) for one in line["measures"]]
    said: list[tuple[int, str]] = [
        (one.images, assess(every[: at + 1], from_pca=from_pca).kind) for at, one in enumerate(every)
    ]
    return [*said, (line["ended"], "divergence")] if line.get("ended") else said


def truth(line: dict) -> str:
    """What came of a run that was made to diverge: it did only if its pictures ended clearly worse than at best."""
    if line["expected"] != "divergence" or line.get("ended"):
        return line["expected"]
    distances = [one["kernel_distance"] for one in line["measures"]]
    means = [np.mean(distances[at : at + 3]) for at in range(len(distances) - 2)]
    return "divergence" if means[-1] > WORSE * min(means) else "recovery"


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the runs that are missing, then print what came of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("runs", nargs="*", metavar="NAME")
    asked = parser.parse_args(arguments)
    work, wanted = asked.work, asked.runs
    work.mkdir(parents=True, exist_ok=True)
    lines = kept(RESULTS)
    plans = [(name, None, seed) for seed in range(4) for name in configurations(work)]
    plans += [(name, spoil, 9) for spoil in SPOILS for name in ("dcgan28 digits", "quick avatars", "quick shapes")]
    for name, spoil, seed in plans:
        title = f"{name}, {spoil or 'healthy'}, seed {seed}"
        if any(line["run"] == title for line in lines) or (wanted and not any(word in title for word in wanted)):
            continue
        config = configurations(work)[name].model_copy(update={"seed": seed})
        expected, how = SPOILS[spoil] if spoil else ("healthy", None)
        measures, ended = measured(config, work / title.replace(", ", "-").replace(" ", "-"), how)
        line = {"run": title, "set": name.split()[1], "expected": expected, "measures": measures, "ended": ended}
        lines.append(line)
        keep(RESULTS, line)
        print(title, Counter(kind for _, kind in verdicts(line)), flush=True)
    report(lines)


def report(lines: list[dict]) -> None:
    """The confusion of what came of the runs with what was said, and how long it took to say it.

    A spoilt run counts as caught if any alarm was raised once it was spoilt: a generator that runs away may well
    collapse. One that stands still is caught if it is said to.
    """
    print("\n| what came of it | runs | caught | under that name | images until then (median) | missed |")
    print("|---|---|---|---|---|---|")
    for came in ("collapse", "divergence", "copying", "plateau"):
        members = [line for line in lines if truth(line) == came]
        wanted = ALARMS if came in ALARMS else (came,)
        after = [[(at - SPOILT_AT, kind) for at, kind in verdicts(line) if at > SPOILT_AT] for line in members]
        delays = [next((at for at, kind in said if kind in wanted), None) for said in after]
        named = sum(any(kind == came for _, kind in said) for said in after)
        missed = [line["run"] for line, delay in zip(members, delays, strict=True) if delay is None]
        right = [delay for delay in delays if delay is not None]
        delay = f"{np.median(right):.0f}" if right else "-"
        print(f"| {came} | {len(members)} | {len(right)} | {named} | {delay} | {'; '.join(missed)} |")
    print("\n| no harm came of it | runs | with an alarm | at the end |\n|---|---|---|---|")
    for came in ("healthy", "recovery"):
        members = [line for line in lines if truth(line) == came]
        alarmed = [line["run"] for line in members if any(kind in ALARMS for _, kind in verdicts(line))]
        last = Counter(verdicts(line)[-1][1] for line in members)
        ends = ", ".join(f"{count} {kind}" for kind, count in last.most_common())
        print(f"| {came} | {len(members)} | {len(alarmed)}: {'; '.join(alarmed)} | {ends} |")


if __name__ == "__main__":
    main()
