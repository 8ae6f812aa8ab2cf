"""The `dcgan` recipe's step against the plain form of the PyTorch tutorial: the same losses, images/s, the ratio.

    python -m bench.step --blocks 8 --steps 4

Each form trains in a process of its own, since ours sets up the process's memory and the plain one does not; they take
turns of a few steps, so that what else the machine does falls on both. Figures are medians over the turns. The table
in docs/speed.md is what this prints.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection

import torch
from torch import Tensor

from bench.tutorial_twin import PlainState, build_plain_state, plain_step
from ganvas.data import Batch
from ganvas.device import prepare
from ganvas.networks import NetworkSpec
from ganvas.recipes import RECIPES
from ganvas.training import TrainingState, new_state
from ganvas.training.step import train_step
from ganvas.training.steps.gan import gan_play
from ganvas.training.updates import Numbers, sample_latents

CONFIG = RECIPES["dcgan"].config
TOLERANCE = 1e-3  # nats


def our_state() -> TrainingState:
    """The recipe as `ganvas train` starts it."""
    return new_state(CONFIG, NetworkSpec(64, 64, 3, CONFIG.network.z_dim), torch.device("cpu"))


def pictures(batch: int) -> Batch:
    """Noise of 64x64: what a step costs does not depend on what is in the pictures."""
    numbers = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (batch, 64, 64, 3), dtype=torch.uint8, generator=numbers)
    return Batch(images, None, torch.arange(batch), torch.zeros(batch, dtype=torch.bool))


def seen(stored: Tensor) -> Tensor:
    """(B, H, W, C) uint8 -> (B, C, H, W) in [-1, 1], as the plain form would."""
    return stored.permute(0, 3, 1, 2).contiguous().float() / 127.5 - 1


def copy_weights(ours: TrainingState, plain: PlainState) -> None:
    """Give the plain networks our weights, our dense layers as the convolutions that they stand for.

    Rows of a dense layer are in the order (h, w, C): 512 maps of 4x4.
    """
    for network, twin in ((ours.generator, plain.generator), (ours.discriminator, plain.discriminator)):
        tensors = zip(network.state_dict().values(), twin.state_dict().values(), strict=True)
        for tensor, target in tensors:
            if tensor.ndim == target.ndim:
                target.copy_(tensor)
            elif tensor.shape[0] == 1:  # the score: (1, 4 * 4 * 512) -> (1, 512, 4, 4)
                target.copy_(tensor.view(1, 4, 4, 512).permute(0, 3, 1, 2))
            else:  # the start: (4 * 4 * 512, Z) -> (Z, 512, 4, 4)
                target.copy_(tensor.view(4, 4, 512, -1).permute(3, 2, 0, 1))


def difference_of_losses(batch_size: int) -> float:
    """The larger of the differences between the two forms' losses in the first step, on the same pictures and latents.

    The first step compares everything: both losses, and through the generator's also the discriminator's update. After
    it Adam, whose first updates are as large for tiny gradients as for big ones, lets rounding drift apart.
    """
    ours, plain, batch = our_state(), build_plain_state(), pictures(batch_size)
    copy_weights(ours, plain)
    noise = sample_latents(batch_size, CONFIG, Numbers.at(CONFIG.seed, 0).latents)
    plain_losses = plain_step(plain, seen(batch.images), noise[:, :, None, None])
    report = train_step(ours, batch, CONFIG, gan_play)
    losses = (report["discriminator_loss"], report["generator_loss"])
    return max(abs(float(a) - float(b)) for a, b in zip(losses, plain_losses, strict=True))


def our_steps(batch_size: int) -> Callable[[], object]:
    """A function that takes one step of ours, in a process prepared as `ganvas train` prepares it."""
    prepare(torch.device("cpu"))
    state, batch = our_state(), pictures(batch_size)
    return lambda: train_step(state, batch, CONFIG, gan_play)


def plain_steps(batch_size: int) -> Callable[[], object]:
    """A function that takes one plain step, in a process as PyTorch leaves it."""
    state, real = build_plain_state(), seen(pictures(batch_size).images)
    return lambda: plain_step(state, real, torch.randn(batch_size, CONFIG.network.z_dim, 1, 1))


def serve_turns(make: Callable[[], Callable[[], object]], batch_size: int, pipe: Connection) -> None:
    """Warm up, then take as many steps as each message asks for and answer with images a second; 0 ends."""
    step = make()
    for _ in range(2):
        step()
    pipe.send(0.0)
    while steps := pipe.recv():
        started = time.perf_counter()
        for _ in range(steps):
            step()
        pipe.send(steps * batch_size / (time.perf_counter() - started))


def take_turns(blocks: int, steps: int, batch_size: int) -> list[list[float]]:
    """Images a second of every turn: the plain form's, then ours."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for make in (plain_steps, our_steps):
        pipe, other = context.Pipe()
        arguments = (partial(make, batch_size), batch_size, other)
        processes.append(context.Process(target=serve_turns, args=arguments, daemon=True))
        processes[-1].start()
        pipe.recv()
        pipes.append(pipe)
    speeds: list[list[float]] = [[], []]
    for _ in range(blocks):
        for pipe, found in zip(pipes, speeds, strict=True):
            pipe.send(steps)
            found.append(pipe.recv())
    for pipe in pipes:
        pipe.send(0)
    for process in processes:
        process.join()
    return speeds


def main(arguments: Sequence[str] | None = None) -> None:
    """Check the losses, then time, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--steps", type=int, default=4, help="steps of a turn")
    parser.add_argument("--batch", type=int, default=CONFIG.training.batch, help="pictures of a step")
    wanted = parser.parse_args(arguments)
    difference = difference_of_losses(wanted.batch)
    print(f"largest difference of a loss in the first step: {difference:.1e} nats")
    if difference > TOLERANCE:
        raise SystemExit("the two forms do not compute the same losses")
    plain, ours = take_turns(wanted.blocks, wanted.steps, wanted.batch)
    ratios = [b / a for a, b in zip(plain, ours, strict=True)]
    print("| plain, images/s | ours, images/s | ratio (least to most) |\n|---|---|---|")
    plain_speed, our_speed, ratio = map(statistics.median, (plain, ours, ratios))
    print(f"| {plain_speed:.1f} | {our_speed:.1f} | {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |")


if __name__ == "__main__":
    main()
