"""Can the verdict be trusted: short runs, half of them healthy, the others spoilt on purpose at a known moment.

    python -m bench.verdicts WORK_FOLDER [NAME ...]

Every run shows a fixed number of images, is measured every so many, and is not rescued. Its measures go to
bench/results/verdicts.jsonl, one line a run, and a run that is there is not made again. Verdicts are made from them
anew each time and the tables go to standard output, so that a rule can be changed and tried in a second.

How runs are spoilt, from SPOILT_AT images on:
    runaway      both learning rates 30 times as high
    strong       the discriminator's rate 30 times as high, the generator's left: it wins
    blind        the discriminator learns no more: the generator runs into its blind spot
    noise        a tenth of each weight's size is added to the generator's weights as noise, at every step
    one latent   the first layer of the generator forgets its latents: every picture is the same
    few latents  latents are rounded to one of four
    replay       the generator draws training pictures again
    blurred replay  the same, blurred by half a pixel and with a little noise
    still        no player learns any more
"""

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.response import shape
from ganvas.config import LimitSettings, PlanSettings, RunConfig, with_settings
from ganvas.data import load_pictures
from ganvas.metrics import Measure, judge
from ganvas.pixels import to_float
from ganvas.recipes import recipe
from ganvas.recorder import Recorder
from ganvas.run import train
from ganvas.training import Progress, TrainingState, training_loop
from ganvas.viewing import read_log

RESULTS = Path("bench/results/verdicts.jsonl")
IMAGES, SPOILT_AT, EVERY, COUNT = 12_800, 6_400, 640, 128

Spoil = Callable[[TrainingState, RunConfig], None]


def rates(generator: float, discriminator: float) -> Spoil:
    def spoil(state: TrainingState, config: RunConfig) -> None:
        state.optimizers["generator"].rate = generator * config.optimizer.generator_rate
        state.optimizers["discriminator"].rate = discriminator * config.optimizer.discriminator_rate

    return spoil


@torch.no_grad()
def noise(state: TrainingState, config: RunConfig) -> None:
    numbers = torch.Generator().manual_seed(state.images)
    for network in (state.generator, state.averaged):
        for weight in network.parameters() if network is not None else ():
            weight += 0.1 * weight.std().nan_to_num() * torch.randn(weight.shape, generator=numbers)


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


def replaced(make: Callable[[TrainingState, RunConfig], nn.Module]) -> Spoil:
    """From here on, what is shown is another generator."""

    def spoil(state: TrainingState, config: RunConfig) -> None:
        if "impostor" not in vars(state):
            vars(state)["impostor"] = make(state, config)

    return spoil


def shown(state: TrainingState) -> nn.Module:
    """What is measured, drawn and kept: the impostor once there is one."""
    return vars(state).get("impostor") or (state.generator if state.averaged is None else state.averaged)


def training_pictures(config: RunConfig) -> Tensor:
    return torch.from_numpy(np.array(load_pictures(config.pictures).images[:400]))


SPOILS: dict[str, tuple[str, Spoil]] = {
    "runaway": ("divergence", rates(30, 30)),
    "strong": ("divergence", rates(1, 30)),
    "blind": ("divergence", rates(1, 0)),
    "noise": ("divergence", noise),
    "one latent": ("collapse", replaced(lambda state, config: Forgetful(state.shown, 1))),
    "few latents": ("collapse", replaced(lambda state, config: Forgetful(state.shown, 4))),
    "replay": ("copying", replaced(lambda state, config: Replay(training_pictures(config), blur=False))),
    "blurred replay": ("copying", replaced(lambda state, config: Replay(training_pictures(config), blur=True))),
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
        plan = PlanSettings(images=IMAGES, images_per_second=100, measure_every=EVERY, measure_count=COUNT)
        config = with_settings(config, ["measuring.rescue=false"])
        return config.model_copy(update={"limits": LimitSettings(images=IMAGES), "plan": plan})

    return {
        "dcgan28 digits": made("dcgan28", "digits", "training.batch=16", "training.average_half_life_images=1000"),
        "quick avatars": made("quick", "avatars", *small),
        "quick shapes": made("quick", str(shapes), *small),
        "r3gan avatars": made("r3gan", "avatars", *small),
        "wgan-gp shapes": made("wgan-gp", str(shapes), *small),
    }


def spoilt_loop(spoil: Spoil | None) -> Callable[..., Iterator[Progress]]:
    def loop(state: TrainingState, stream: object, config: RunConfig, until_images: int) -> Iterator[Progress]:
        for progress in training_loop(state, stream, config, until_images):  # type: ignore[arg-type]
            if spoil is not None and state.images >= SPOILT_AT:
                spoil(state, config)
            yield progress

    return loop


def measured(config: RunConfig, out: Path, spoil: Spoil | None) -> list[dict[str, float]]:
    """The measures of one run."""
    with contextlib.ExitStack() as patches:
        patches.enter_context(patch("ganvas.run.training_loop", spoilt_loop(spoil)))
        patches.enter_context(patch.object(TrainingState, "shown", property(shown)))
        patches.enter_context(patch.object(Recorder, "finish", lambda self: iter(())))  # no model of an impostor
        for _ in train(config, out):
            pass
    names = [field.name for field in fields(Measure)]
    return [
        {name: entry[name] for name in names} for entry in read_log(out / "log.jsonl") if "kernel_distance" in entry
    ]


def verdicts(measures: list[dict[str, float]]) -> list[tuple[int, str]]:
    """(images, kind of verdict) after every measure."""
    every = [Measure(**{**one, "images": int(one["images"])}) for one in measures]
    return [(every[index].images, judge(every[: index + 1]).kind) for index in range(len(every))]


def main() -> None:
    """Make the runs that are missing, then print what came of all."""
    work, wanted = Path(sys.argv[1]), sys.argv[2:]
    work.mkdir(parents=True, exist_ok=True)
    lines = [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []
    plans = [(name, None, seed) for seed in range(4) for name in configurations(work)]
    plans += [(name, spoil, 9) for spoil in SPOILS for name in ("dcgan28 digits", "quick avatars", "quick shapes")]
    for name, spoil, seed in plans:
        title = f"{name}, {spoil or 'healthy'}, seed {seed}"
        if any(line["run"] == title for line in lines) or (wanted and not any(word in title for word in wanted)):
            continue
        config = configurations(work)[name].model_copy(update={"seed": seed})
        expected, how = SPOILS[spoil] if spoil else ("healthy", None)
        measures = measured(config, work / title.replace(", ", "-").replace(" ", "-"), how)
        line = {"run": title, "set": name.split()[1], "expected": expected, "measures": measures}
        lines.append(line)
        with RESULTS.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(title, Counter(kind for _, kind in verdicts(measures)), flush=True)
    report(lines)


def report(lines: list[dict]) -> None:
    """The confusion of what was done with what was said, and how long it took to say it."""
    alarms = ("collapse", "divergence", "copying")
    lines = [line | {"verdicts": verdicts(line["measures"])} for line in lines]
    print("\n| made to | runs | said so | another alarm | nothing | images until it was said (median) |")
    print("|---|---|---|---|---|---|")
    for expected in ("collapse", "divergence", "copying", "plateau"):
        members = [line for line in lines if line["expected"] == expected]
        first = [
            next(((at, kind) for at, kind in line["verdicts"] if at > SPOILT_AT and kind in (*alarms, expected)), None)
            for line in members
        ]
        said = [
            next((at - SPOILT_AT for at, kind in line["verdicts"] if at > SPOILT_AT and kind == expected), None)
            for line in members
        ]
        right = [delay for delay in said if delay is not None]
        other = sum(one is None and any_ is not None for one, any_ in zip(said, first, strict=True))
        nothing = len(members) - len(right) - other
        delay = f"{np.median(right):.0f}" if right else "-"
        print(f"| {expected} | {len(members)} | {len(right)} | {other} | {nothing} | {delay} |")
    healthy = [line for line in lines if line["expected"] == "healthy"]
    false = [line["run"] for line in healthy if any(kind in alarms for _, kind in line["verdicts"])]
    print(f"\nhealthy: {len(healthy)} runs, {len(false)} with a false alarm {false}")


if __name__ == "__main__":
    main()
