"""What a device does with every recipe, as a table: whether it agrees with the CPU, how fast it is, what it holds.

    python -m bench.device [--device cuda] [--steps 20] [--size 64] [--batches 16 32 64 128 256] [--seconds 5]

scripts/check-device runs it on a machine that has only PyTorch and numpy. Pictures are made, nothing is fetched.

finite: each recipe trains for STEPS; all its losses are numbers.
agrees: the losses of the first steps beside those on the CPU, as the largest relative difference.
resumes: half of the steps, saved, loaded and gone on with, give the weights of all steps in one sitting, bit for bit.
draws: the same latents on the device and on the CPU, as the largest difference in grey levels of 255.
speed: images a second of the default recipe by batch, for SECONDS each, and the most memory that the device held.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ganvas.config import RunConfig
from ganvas.data import BatchStream, PictureSet
from ganvas.device import choose_device, prepare, synchronise
from ganvas.networks import NetworkSpec
from ganvas.recipes import RECIPES
from ganvas.training import TrainingState, architecture, load_checkpoint, new_state, save_checkpoint
from ganvas.training.step import train_step

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

    def __init__(self, name: str, device: torch.device, images: np.ndarray, batch: int | None = None) -> None:
        recipe = RECIPES[name].config
        sides = {"batch": batch, "double_batch_at": None} if batch else {}
        self.config: RunConfig = recipe.model_copy(update={"training": recipe.training.model_copy(update=sides)})
        pictures = PictureSet(images, np.zeros(len(images), np.int64), (), "made", None)  # type: ignore[arg-type]
        _, height, width, channels = images.shape
        spec = NetworkSpec(height, width, channels, self.config.network.z_dim)
        self.stream = BatchStream(pictures, self.config.training.batch, 0)
        self.play = architecture(self.config.network.architecture).step
        self.state = new_state(self.config, spec, device, pictures)

    def step(self) -> list[float]:
        """One more; its losses."""
        count = self.config.training.step_after(self.state.images)
        batch = self.stream.batch_at(self.state.images, count).without_labels()
        report = train_step(self.state, batch, self.config, self.play)
        return [float(report[name]) for name in LOSSES]


def weights(state: TrainingState) -> list[torch.Tensor]:
    """Of all networks, on the CPU."""
    return [one.cpu() for module in state.modules().values() for one in module.state_dict().values()]


def compared(name: str, device: torch.device, images: np.ndarray, steps: int) -> dict[str, str]:
    """One row: what the recipe does on the device."""
    ours, theirs = Training(name, device, images), Training(name, torch.device("cpu"), images)
    pairs = [(ours.step(), theirs.step()) for _ in range(min(COMPARED, steps))]
    apart = max(abs(one - other) / max(abs(other), 1e-3) for pair in pairs for one, other in zip(*pair, strict=True))
    theirs.state.shown.load_state_dict(ours.state.shown.state_dict())
    z = torch.randn((DRAWN, ours.config.network.z_dim), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        drawn = [one.state.shown.eval()(z.to(one.state.device), None).float().cpu() for one in (ours, theirs)]
    ours.state.shown.train()
    losses = [ours.step() for _ in range(steps - len(pairs))]
    is_finite = bool(np.isfinite([*losses, *(pair[0] for pair in pairs)]).all())
    return {
        "finite": "yes" if is_finite else "NO",
        "first losses differ by": f"{apart:.1e}",
        "drawings by": f"{127.5 * float((drawn[0] - drawn[1]).abs().max()):.1f} levels",
        "resumes": "yes" if resumes(name, device, images, steps // 2) else "NO",
    }


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


def speed(device: torch.device, images: np.ndarray, batch: int, seconds: float) -> tuple[float, float | None]:
    """Images a second of the default recipe, and the most memory in MB that the device held, where it tells."""
    training = Training("swift", device, images, batch)
    for _ in range(2):
        training.step()
    synchronise(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    shown, begun = training.state.images, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        training.step()
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
    print("\n| batch | images/s | MB |\n|---|---|---|")
    for batch in asked.batches:
        rate, held = speed(device, images, batch, asked.seconds)
        print(f"| {batch} | {rate:.0f} | {'' if held is None else f'{held:.0f}'} |", flush=True)


if __name__ == "__main__":
    main()
