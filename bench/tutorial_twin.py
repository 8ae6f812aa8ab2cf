"""The plain twin: DCGAN as the PyTorch tutorial trains it, kept plain as the yardstick of bench/step.py.

Same networks, losses and updates as the `dcgan` recipe, written the obvious way: three forward passes through the
discriminator, weight gradients it never uses, a sigmoid before the loss, PyTorch's default layout and optimiser.
Nothing here may be made faster; the product's step is what gets faster, and both must report the same two losses.

Shapes: B batch, Z latent. Images are (B, 3, 64, 64) float in [-1, 1]; noise is (B, Z, 1, 1) from N(0, I).

Source: Radford, Metz, Chintala 2015, arXiv:1511.06434; the update order is the DCGAN tutorial's on pytorch.org.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

LATENT_SIZE = 100
IMAGE_SIZE_PX = 64


@dataclass(frozen=True)
class PlainState:
    """Two networks and the optimiser of each; `plain_step` updates all four in place."""

    generator: nn.Module
    discriminator: nn.Module
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer


def build_generator() -> nn.Sequential:
    """Noise (B, 100, 1, 1) -> images (B, 3, 64, 64) in [-1, 1]: 3,576,704 parameters."""
    return nn.Sequential(
        nn.ConvTranspose2d(LATENT_SIZE, 512, 4, 1, 0, bias=False),  # (B, 512, 4, 4)
        nn.BatchNorm2d(512),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(512, 256, 4, 2, 1, bias=False),  # (B, 256, 8, 8)
        nn.BatchNorm2d(256),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False),  # (B, 128, 16, 16)
        nn.BatchNorm2d(128),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False),  # (B, 64, 32, 32)
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False),  # (B, 3, 64, 64)
        nn.Tanh(),
    )


def build_discriminator() -> nn.Sequential:
    """Images (B, 3, 64, 64) -> the probability of being real (B, 1, 1, 1): 2,765,568 parameters."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 4, 2, 1, bias=False),  # (B, 64, 32, 32)
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(64, 128, 4, 2, 1, bias=False),  # (B, 128, 16, 16)
        nn.BatchNorm2d(128),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(128, 256, 4, 2, 1, bias=False),  # (B, 256, 8, 8)
        nn.BatchNorm2d(256),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(256, 512, 4, 2, 1, bias=False),  # (B, 512, 4, 4)
        nn.BatchNorm2d(512),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(512, 1, 4, 1, 0, bias=False),  # (B, 1, 1, 1)
        nn.Sigmoid(),
    )


def initialise(network: nn.Module, random: torch.Generator) -> None:
    """Draw convolution weights from N(0, 0.02) and batch-norm scales from N(1, 0.02), in place; shifts become zero."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02, generator=random)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02, generator=random)
            nn.init.zeros_(module.bias)


def build_plain_state(seed: int = 0) -> PlainState:
    """Fresh networks in training mode and an Adam each (rate 2e-4, betas 0.5 and 0.999); same seed, same weights."""
    random = torch.Generator().manual_seed(seed)
    generator, discriminator = build_generator(), build_discriminator()
    initialise(generator, random)
    initialise(discriminator, random)
    return PlainState(
        generator=generator,
        discriminator=discriminator,
        generator_optimizer=torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999)),
        discriminator_optimizer=torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999)),
    )


def plain_step(state: PlainState, real_images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Update the discriminator, then the generator, once each, in place.

    Real and fake go through the discriminator apart, so that each batch norm sees one kind of image at a time.

    Args:
        state: what is updated.
        real_images: (B, 3, 64, 64) in [-1, 1].
        noise: (B, 100, 1, 1) from N(0, I), as many as the real images; the same fakes serve both updates.
    Returns:
        The discriminator's loss, real half plus fake half, before its update, and the generator's non-saturating loss
        against the updated discriminator: detached scalars in nats. At a tie they are 2 ln 2 and ln 2.
    """
    cross_entropy = nn.BCELoss()
    real_target = torch.ones(len(real_images), device=real_images.device)  # (B,)
    fake_target = torch.zeros_like(real_target)

    state.discriminator.zero_grad()
    real_probabilities = state.discriminator(real_images).view(-1)  # (B,)
    real_loss = cross_entropy(real_probabilities, real_target)
    real_loss.backward()
    fake_images = state.generator(noise)  # (B, 3, 64, 64)
    fake_probabilities = state.discriminator(fake_images.detach()).view(-1)  # (B,)
    fake_loss = cross_entropy(fake_probabilities, fake_target)
    fake_loss.backward()
    state.discriminator_optimizer.step()

    state.generator.zero_grad()
    fooled_probabilities = state.discriminator(fake_images).view(-1)  # (B,)
    generator_loss = cross_entropy(fooled_probabilities, real_target)
    generator_loss.backward()
    state.generator_optimizer.step()
    return (real_loss + fake_loss).detach(), generator_loss.detach()
