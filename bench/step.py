"""The `dcgan` recipe's step against the plain form of the PyTorch tutorial: the same losses, images/s, the ratio.

    python -m bench.step --blocks 8 --steps 4

Both train in one process, a few steps of one and then of the other, so that what else the machine does falls on both.
Figures are medians over the blocks. The table in docs/speed.md is what this prints.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from bench.tutorial_twin import PlainState, build_plain_state, plain_step
from ganvas.device import prepare
from ganvas.networks import NetworkSpec
from ganvas.recipes import RECIPES
from ganvas.training import TrainingState, new_state
from ganvas.training.step import Numbers, gan_play, sample_latents, train_step

CONFIG = RECIPES["dcgan"].config
BATCH = CONFIG.training.batch
TOLERANCE = 1e-3  # nats


def twins() -> tuple[TrainingState, PlainState]:
    """Our state and the plain one, with the same weights."""
    ours = new_state(CONFIG, NetworkSpec(64, 64, 3, CONFIG.network.z_dim), torch.device("cpu"))
    plain = build_plain_state()
    for network, twin in ((ours.generator, plain.generator), (ours.discriminator, plain.discriminator)):
        tensors = list(network.state_dict().values())
        targets = list(twin.state_dict().values())
        for tensor, target in zip(tensors, targets, strict=True):
            target.copy_(as_convolution(tensor, target))
    return ours, plain


def as_convolution(tensor: Tensor, like: Tensor) -> Tensor:
    """Our dense layers as the convolutions that they stand for; everything else as it is.

    Rows of a dense layer are in the order (h, w, C): 512 maps of 4x4.
    """
    if tensor.ndim == 2 and like.ndim == 4:
        if tensor.shape[0] == 1:  # the score: (1, 4 * 4 * 512) -> (1, 512, 4, 4)
            return tensor.view(1, 4, 4, 512).permute(0, 3, 1, 2)
        return tensor.view(4, 4, 512, -1).permute(3, 2, 0, 1)  # the start: (4 * 4 * 512, Z) -> (Z, 512, 4, 4)
    return tensor


def check_losses(steps: int) -> float:
    """The largest difference between the two forms' losses over the first steps, on the same pictures and latents.

    The first step compares everything: both losses, and through the generator's also the discriminator's update. After
    it Adam, whose first updates are as large for tiny gradients as for big ones, lets rounding drift apart.
    """
    ours, plain = twins()
    stored = torch.randint(0, 256, (BATCH, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    worst = 0.0
    for _ in range(steps):
        noise = sample_latents(BATCH, CONFIG, Numbers.at(CONFIG.seed, ours.images).latents)
        plain_losses = plain_step(plain, stored.permute(0, 3, 1, 2).float() / 127.5 - 1, noise[:, :, None, None])
        report = train_step(ours, stored, None, CONFIG, gan_play)
        losses = (report["discriminator_loss"], report["generator_loss"])
        worst = max(worst, *(abs(float(a) - float(b)) for a, b in zip(losses, plain_losses, strict=True)))
    return worst


def interleaved(
    first: Callable[[], object], second: Callable[[], object], blocks: int, steps: int
) -> list[list[float]]:
    """Images a second of every block of each, in turns."""
    speeds: list[list[float]] = [[], []]
    for _ in range(blocks):
        for call, found in zip((first, second), speeds, strict=True):
            started = time.perf_counter()
            for _ in range(steps):
                call()
            found.append(steps * BATCH / (time.perf_counter() - started))
    return speeds


def main() -> None:
    """Check the losses, then time, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--steps", type=int, default=4, help="steps of a block")
    wanted = parser.parse_args()
    # The plain form gets none of our process-wide settings while its losses are checked, and all while it is timed.
    difference = check_losses(1)
    print(f"largest difference of a loss in the first step: {difference:.1e} nats")
    if difference > TOLERANCE:
        raise SystemExit("the two forms do not compute the same losses")
    ours, plain = twins()
    stored = torch.randint(0, 256, (BATCH, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    real = stored.permute(0, 3, 1, 2).float() / 127.5 - 1

    def plain_call() -> object:
        return plain_step(plain, real, torch.randn(BATCH, CONFIG.network.z_dim, 1, 1))

    def our_call() -> object:
        return train_step(ours, stored, None, CONFIG, gan_play)

    for call in (plain_call, our_call):
        call()
    alone = interleaved(plain_call, our_call, wanted.blocks, wanted.steps)
    prepare(torch.device("cpu"))
    for call in (plain_call, our_call):
        call()
    prepared = interleaved(plain_call, our_call, wanted.blocks, wanted.steps)
    print("| process-wide settings | plain, images/s | ours, images/s | ratio (least to most) |\n|---|---|---|---|")
    for name, (plain_speeds, our_speeds) in (("PyTorch's own", alone), ("ours (`device.prepare`)", prepared)):
        ratios = [b / a for a, b in zip(plain_speeds, our_speeds, strict=True)]
        plain_speed, our_speed, ratio = map(statistics.median, (plain_speeds, our_speeds, ratios))
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"| {name} | {plain_speed:.1f} | {our_speed:.1f} | {ratio:.2f} ({spread}) |")


if __name__ == "__main__":
    main()
