"""What a device does with every recipe, as a table: whether it agrees with the CPU, how fast it is, what it holds.

    python -m bench.device [--device cuda] [--steps 20] [--size 64] [--batches 16 32 64 128 256] [--seconds 5]
        [--compile]

scripts/check-device runs it on a machine that has only PyTorch and numpy. Pictures are made, nothing is fetched.

finite: each recipe trains for STEPS; all its losses are numbers.
first losses: of the first steps, beside those on the CPU, as the largest relative difference; once as trained, in
    bfloat16 where the device has it, once in float32.
waits: how often this process waits for the device in a step; 0 but for rules that need a number at once.
resumes: half of the steps, saved, loaded and gone on with, give the weights of all steps in one sitting, bit for bit.
draws: the same latents on the device and on the CPU, as the largest difference in grey levels of 255.
speed: images a second of the default recipe by batch, for SECONDS each, and the most memory that the device held; the
    same in float32. With --compile, the smallest batch compiled too, which may take minutes more.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ganvas.config import Precision, RunConfig
from ganvas.data import BatchStream, PictureSet
from ganvas.device import choose_device, prepare, synchronise
from ganvas.networks import NetworkSpec
from ganvas.recipes import RECIPES
from ganvas.training import TrainingState, architecture, load_checkpoint, new_state, save_checkpoint
from ganvas.training.step import train_step
from ganvas.training.tally import Report
from ganvas.training.trials import compile_parts, why_not_compiled

COMPARED = 3  # steps whose losses are held against the CPU's; later ones differ by chaos
LOSSES = ("discriminator_loss", "generator_loss")
DRAWN = 16


def made(count: int, size: int, seed: int = 0) -> np.ndarray:
    """(count, size, size, 3) uint8: smooth blots of colour, all different."""
    numbers = np.random.default_rng(seed)
    coarse = torch.from_numpy(numbers.random((count, 3, 4, 4), np.float32))
    smooth = torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic").clamp(0, 1)
    return (255 * smooth).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


class Training:
    """One recipe on one device, on made pictures; no clock, no folder.

    batch: pictures a step; None: the recipe's.
    """

    def __init__(
        self,
        name: str,
        device: torch.device,
        images: np.ndarray,
        batch: int | None = None,
        precision: Precision = "auto",
    ) -> None:
        recipe = RECIPES[name].config
        sides = {"batch": batch, "double_batch_at": None} if batch else {}
        changes = {"training": recipe.training.model_copy(update=sides), "precision": precision}
        self.config: RunConfig = recipe.model_copy(update=changes)
        pictures = PictureSet(images, np.zeros(len(images), np.int64), (), "made", None)  # type: ignore[arg-type]
        _, height, width, channels = images.shape
        spec = NetworkSpec(height, width, channels, self.config.network.z_dim)
        self.stream = BatchStream(pictures, self.config.training.batch, 0)
        self.play = architecture(self.config.network.architecture).step
        self.state = new_state(self.config, spec, device, pictures)

    def step(self) -> list[float]:
        """One more; its losses, which are waited for."""
        report = self.take()
        return [float(report[name]) for name in LOSSES]

    def take(self) -> Report:
        """One more."""
        count = self.config.training.step_after(self.state.images)
        batch = self.stream.batch_at(self.state.images, count).without_labels()
        return train_step(self.state, batch, self.config, self.play)

    def waits(self) -> int | None:
        """How often this process waits for the device in one more step; None where that is not told."""
        if self.state.device.type != "cuda":
            return None
        with warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                self.take()
            finally:
                torch.cuda.set_sync_debug_mode("default")
        return sum("synchroniz" in str(warning.message) for warning in noted)


def weights(state: TrainingState) -> list[torch.Tensor]:
    """Of all networks, on the CPU."""
    return [one.cpu() for module in state.modules().values() for one in module.state_dict().values()]


def compared(name: str, device: torch.device, images: np.ndarray, steps: int) -> dict[str, str]:
    """One row: what the recipe does on the device."""
    ours, theirs = Training(name, device, images), Training(name, torch.device("cpu"), images)
    exact = Training(name, device, images, precision="float32")
    first, exactly, expected = ([each.step() for _ in range(min(COMPARED, steps))] for each in (ours, exact, theirs))
    theirs.state.shown.load_state_dict(ours.state.shown.state_dict())
    z = torch.randn((DRAWN, ours.config.network.z_dim), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        drawn = [one.state.shown.eval()(z.to(one.state.device), None).float().cpu() for one in (ours, theirs)]
    ours.state.shown.train()
    losses = [ours.step() for _ in range(steps - len(first))]
    is_finite, waits = bool(np.isfinite([*first, *losses]).all()), ours.waits()
    return {
        "finite": "yes" if is_finite else "NO",
        "first losses differ by": f"{apart(first, expected):.1e}",
        "in float32 by": f"{apart(exactly, expected):.1e}",
        "drawings by": f"{127.5 * float((drawn[0] - drawn[1]).abs().max()):.1f} levels",
        "resumes": "yes" if resumes(name, device, images, steps // 2) else "NO",
        "waits": "" if waits is None else str(waits),
    }


def apart(losses: Sequence[Sequence[float]], expected: Sequence[Sequence[float]]) -> float:
    """The largest relative difference of losses, (steps, losses) each."""
    ours, theirs = np.asarray(losses), np.asarray(expected)
    return float((np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-3)).max())


def resumes(name: str, device: torch.device, images: np.ndarray, steps: int) -> bool:
    """Whether two halves are the whole, bit for bit."""
    whole, half, rest = (Training(name, device, images) for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(steps):
            half.step()
        save_checkpoint(half.state, Path(folder))
        load_checkpoint(rest.state, Path(folder))
    for _ in range(steps):
        rest.step()
    for _ in range(2 * steps):
        whole.step()
    return all(torch.equal(*pair) for pair in zip(weights(whole.state), weights(rest.state), strict=True))


def speed(
    device: torch.device,
    images: np.ndarray,
    batch: int,
    seconds: float,
    *,
    precision: Precision = "auto",
    compiled: bool = False,
) -> tuple[float, float | None]:
    """Images a second of the default recipe, and the most memory in MB that the device held, where it tells."""
    training = Training("swift", device, images, batch, precision)
    if compiled:
        compile_parts(training.state, training.config)
    for _ in range(2):
        training.step()
    synchronise(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    shown, begun = training.state.images, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        training.take()
    synchronise(device)
    rate = (training.state.images - shown) / (time.perf_counter() - begun)
    return rate, torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Check, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--pictures", type=int, default=512)
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 32, 64, 128, 256])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    asked = parser.parse_args(arguments)
    device = choose_device(asked.device)
    prepare(device)
    images = made(asked.pictures, asked.size)
    title = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    print(f"{title}, PyTorch {torch.__version__}, {asked.size}x{asked.size}\n")
    for at, name in enumerate(asked.recipes):
        row = {"recipe": name, **compared(name, device, images, asked.steps)}
        if at == 0:
            print(f"| {' | '.join(row)} |\n|{'---|' * len(row)}")
        print(f"| {' | '.join(row.values())} |", flush=True)
    print("\n| batch | images/s | MB | images/s in float32 | MB |\n|---|---|---|---|---|")
    precisions: tuple[Precision, ...] = "auto", "float32"
    for batch in asked.batches:
        every = [speed(device, images, batch, asked.seconds, precision=precision) for precision in precisions]
        cells = [f"{rate:.0f} | {'' if held is None else f'{held:.0f}'}" for rate, held in every]
        print(f"| {batch} | {' | '.join(cells)} |", flush=True)
    if asked.compile:
        print(f"\ncompiled, batch {asked.batches[0]}: {compiled(device, images, asked.batches[0], asked.seconds)}")


def compiled(device: torch.device, images: np.ndarray, batch: int, seconds: float) -> str:
    """Images a second of the default recipe with compiled parts, or why there are none."""
    training = Training("swift", device, images, batch)
    if why_not := why_not_compiled(training.state, training.stream, training.config):
        return why_not
    return f"{speed(device, images, batch, seconds, compiled=True)[0]:.0f} images/s"


if __name__ == "__main__":
    main()
