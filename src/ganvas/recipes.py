"""The recipes: named configurations, each with the project or paper it reproduces, what it reached, how it fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganvas.config import (
    SWIFT_OBJECTIVE,
    SWIFT_RATES,
    AnchorSettings,
    EnlargingSettings,
    MatchingSettings,
    NetworkSettings,
    ObjectiveSettings,
    OptimizerSettings,
    PictureSettings,
    ReconstructionSettings,
    RunConfig,
    StatisticsSettings,
    TrainingSettings,
)
from ganvas.errors import SettingError

DEFAULT = "swift"


@dataclass(frozen=True)
class Recipe:
    """A configuration and what is known of it.

    how: how it works, a sentence each, for who has trained no network yet; () where the source says it all.
    blind: 'section.field' -> value, how it differs without pretrained weights (--blind); empty: it uses none anyway.
    """

    title: str
    source: str
    reached: str
    failings: str
    config: RunConfig
    how: tuple[str, ...] = ()
    blind: Mapping[str, Any] = field(default_factory=dict)


RECIPES: dict[str, Recipe] = {
    "swift": Recipe(
        title="Principal components sharpened by a small network under a discriminator that has seen ImageNet",
        source="Sauer et al. 2021, arXiv:2111.01007 (a discriminator on frozen features), Huang et al. 2024, "
        "arXiv:2501.05441 (relativistic loss), dos Santos et al. 2019, arXiv:1904.02762 (feature matching), "
        "Karras et al. 2023, arXiv:2312.02696 (averaging), Mescheder et al. 2018, arXiv:1801.04406 (penalty), "
        "Shazeer & Stern 2018, arXiv:1804.04235 (shortened steps), Jordan et al. 2024 (Muon); the "
        "start from principal components is its own",
        reached="faces with eyes, mouths and hair from 1,030 photographs after 20,000 images, most of which hold up at "
        "twice the size after 80,000; cartoon faces after 5,000; cars of several colours with wheels from 2,000 "
        "photographs after 30,000. Two cores show 20 to 120 images a second",
        failings="Of 64 faces 28 are warped after 27,000 images, 20 after 87,000; cars' windows and outlines melt. "
        "Small things on a large plain ground stay blurred for long; with --blind flat shapes all get one outline.",
        config=RunConfig(
            recipe="swift",
            pictures=PictureSettings(),
            network=NetworkSettings(architecture="cascade-narrow", z_dim=64, width="planned", weights="kaiming"),
            objective=ObjectiveSettings(loss="relativistic", rescue_augment=(), **SWIFT_OBJECTIVE),
            optimizer=OptimizerSettings(
                generator_rate=1e-3,
                discriminator_rate=1e-3,
                beta1=0.0,
                beta2=0.99,
                muon_momentum=0.5,
                largest_step=2.0,
                **SWIFT_RATES,
            ),
            training=TrainingSettings(batch=16, double_batch_at=8000, average_half_life_images=2000),
            statistics=StatisticsSettings(),
            anchor=AnchorSettings(),
            matching=MatchingSettings(),
            reconstruction=ReconstructionSettings(),
            enlarging=EnlargingSettings(),
        ),
        how=(
            "A latent is a list of 64 numbers, each of which says how much of one principal component of your pictures "
            "to add to their mean: linear algebra, which gives varied but blurred pictures before the first step.",
            "The generator is a small network that learns to add what the blur lacks, from the coarsest scale to the "
            "finest; its steps are made even (Muon), so that it learns rare things as fast as common ones.",
            "The discriminator sees through EfficientNet-Lite0, which learned on ImageNet and learns no more; only "
            "small heads on three of its layers do.",
            "They learn to score the real picture of a pair higher than the drawn one, and the generator learns to "
            "turn that round.",
            "Heads whose scores change too steeply pay for it, so that they are not too sure of themselves, as they "
            "would be with flat shapes.",
            "So that drawn pictures stay as varied as yours, the light and tint of each are held to those of its "
            "blurred start, and later the features of all of them to the mean and spread of the set's.",
            "At first half of them are drawn from your own pictures, blurred in the same way, and should come out in "
            "their colours.",
            "Pictures over 64 px are drawn small and doubled by further networks, which learn on crops, so that size "
            "costs little.",
            "What is drawn for you is an average of the generator over its last few thousand images, which is steadier "
            "than any one moment.",
            "The run measures itself as it goes, and ships its best moment.",
        ),
        # Pixels alone are soon learned by heart, so that they are augmented.
        blind={"network.architecture": "cascade-narrow-blind", "objective.augment": ("tint", "translation")},
    ),
    "quick": Recipe(
        title="DCGAN's networks at half width, made for minutes on a CPU",
        source="parts of the others: Radford et al. 2015, arXiv:1511.06434 (networks), Zhao et al. 2020, "
        "arXiv:2006.10738 (augmentation), Karras et al. 2023, arXiv:2312.02696 (averaging)",
        reached="varied cartoon faces from avatars in 4 minutes; recognisable faces from 1,030 photographs in 4, from "
        "2,000 grey ones in 2; of cars only blotches in 3",
        failings="Features are smudged, and a faint grid shows; very varied sets such as cars stay blotches.",
        config=RunConfig(
            recipe="quick",
            pictures=PictureSettings(),
            network=NetworkSettings(architecture="dcgan", z_dim=100, width=0.5),
            objective=ObjectiveSettings(loss="bce", augment=("color", "translation", "cutout")),
            optimizer=OptimizerSettings(generator_rate=4e-4, discriminator_rate=4e-4, beta2=0.99),
            training=TrainingSettings(batch=16, average_half_life_images=2000),
        ),
    ),
    "mlp": Recipe(
        title="A multilayer-network GAN for digits and small faces",
        source="Goodfellow et al. 2014, arXiv:1406.2661; the multilayer GAN on MNIST and LFW that Ganvas grows from",
        reached="readable but speckled digits in 1 minute",
        failings="Speckles: nothing ties neighbouring pixels together. Colour and sizes above 32 px are beyond it.",
        config=RunConfig(
            recipe="mlp",
            pictures=PictureSettings(source="digits", width=28, height=28),
            network=NetworkSettings(architecture="mlp", z_dim=100, weights="kaiming"),
            objective=ObjectiveSettings(loss="bce"),
            optimizer=OptimizerSettings(generator_rate=2e-4, discriminator_rate=2e-4),
            training=TrainingSettings(batch=64),
        ),
    ),
    "dcgan28": Recipe(
        title="A small convolutional GAN for digits and thumbnails",
        source="Radford et al. 2015, arXiv:1511.06434; the 28x28 DCGAN on MNIST and CelebA that Ganvas grows from",
        reached="smooth strokes, about half of them digits, in 2 minutes",
        failings="Can collapse to a few pictures, and its losses can spike late: the project saw both.",
        config=RunConfig(
            recipe="dcgan28",
            pictures=PictureSettings(source="digits", width=28, height=28),
            network=NetworkSettings(architecture="dcgan28", z_dim=128, z_distribution="uniform"),
            objective=ObjectiveSettings(loss="bce"),
            optimizer=OptimizerSettings(generator_rate=2e-4, discriminator_rate=2e-4),
            training=TrainingSettings(batch=64),
        ),
    ),
    "balanced": Recipe(
        title="Upsampling and wide 5x5 convolutions, the two losses kept within a margin of each other",
        source="the 64x64 GAN trained on a CPU from 400 jpgs that Ganvas grows from",
        reached="at a quarter of the width, blurred faces with eyes from 1,030 photographs in 3 minutes",
        failings="Slow on a CPU at full width. The margin rule cannot tell good players from two bad ones.",
        config=RunConfig(
            recipe="balanced",
            pictures=PictureSettings(),
            network=NetworkSettings(architecture="balanced", z_dim=100, z_distribution="uniform"),
            objective=ObjectiveSettings(loss="bce"),
            optimizer=OptimizerSettings(generator_rate=2e-5, discriminator_rate=2e-5),
            training=TrainingSettings(batch=32, balance_margin=0.10),
        ),
    ),
    "vaegan": Recipe(
        title="An autoencoder and a GAN in one: it also encodes and rebuilds pictures",
        source="Larsen et al. 2016, arXiv:1512.09300",
        reached="photographs of faces rebuilt with their pose and colour in 3 minutes; free samples are rougher",
        failings="Rebuilt pictures keep pose and colour, not identity. Free samples are softer than the rebuilt ones.",
        config=RunConfig(
            recipe="vaegan",
            pictures=PictureSettings(),
            network=NetworkSettings(architecture="vaegan", z_dim=100, width=0.5),
            objective=ObjectiveSettings(loss="bce", reconstruction_weight=5.0),
            optimizer=OptimizerSettings(generator_rate=2e-4, discriminator_rate=2e-4),
            training=TrainingSettings(batch=16),
        ),
    ),
    "dcgan": Recipe(
        title="The DCGAN of the paper and of the PyTorch tutorial",
        source="Radford et al. 2015, arXiv:1511.06434",
        reached="varied, smeared faces from 1,030 photographs in 25 minutes on one core; in 3 minutes one grey outline",
        failings="With few pictures the discriminator wins and they smear; transposed convolutions leave a faint grid.",
        config=RunConfig(
            recipe="dcgan",
            pictures=PictureSettings(),
            network=NetworkSettings(architecture="dcgan", z_dim=100),
            objective=ObjectiveSettings(loss="bce"),
            optimizer=OptimizerSettings(generator_rate=2e-4, discriminator_rate=2e-4),
            training=TrainingSettings(batch=64),
        ),
    ),
    "lsgan": Recipe(
        title="DCGAN's networks with least squares",
        source="Mao et al. 2016, arXiv:1611.04076",
        reached="grey noise after 148 updates in 3 minutes of faces at half width: it wants hours on a CPU",
        failings="Slow to start on a CPU at 128 px; beta1 of 0.9 lets it swing.",
        config=RunConfig(
            recipe="lsgan",
            pictures=PictureSettings(width=128, height=128),
            network=NetworkSettings(architecture="dcgan", z_dim=100),
            objective=ObjectiveSettings(loss="lsgan"),
            optimizer=OptimizerSettings(generator_rate=2e-4, discriminator_rate=2e-4, beta1=0.9),
            training=TrainingSettings(batch=64),
        ),
    ),
    "wgan-gp": Recipe(
        title="Wasserstein GAN with gradient penalty, at half width and in small batches for a CPU",
        source="Gulrajani et al. 2017, arXiv:1704.00028",
        reached="varied heads with faces and shoulders, grainy, from avatars in 8 minutes on one core",
        failings="Five updates of the critic for one of the generator make it slow; grain shows for long.",
        config=RunConfig(
            recipe="wgan-gp",
            pictures=PictureSettings(),
            network=NetworkSettings(architecture="dcgan-critic", z_dim=128, width=0.5),
            objective=ObjectiveSettings(loss="wasserstein", gradient_penalty_weight=10.0),
            optimizer=OptimizerSettings(generator_rate=4e-4, discriminator_rate=4e-4, beta1=0.0, beta2=0.9),
            training=TrainingSettings(batch=16, discriminator_updates=5),
        ),
    ),
    "r3gan": Recipe(
        title="Relativistic pairing with R1 and R2 on small residual networks without normalisation",
        source="Huang et al. 2024, arXiv:2501.05441, sized for a CPU; Zhao et al. 2020, arXiv:2006.10738 "
        "(augmentation)",
        reached="heads with hair, eyes and mouth, little varied, from avatars in 8 minutes on one core",
        failings="Its contrast runs ahead of its detail, it varies little, and the penalties cost time.",
        config=RunConfig(
            recipe="r3gan",
            pictures=PictureSettings(),
            network=NetworkSettings(architecture="r3gan", z_dim=64, width=0.5, weights="kaiming"),
            objective=ObjectiveSettings(
                loss="relativistic",
                r1_weight=1.0,
                r2_weight=1.0,
                penalty_every=4,
                augment=("color", "translation", "cutout"),
            ),
            optimizer=OptimizerSettings(generator_rate=4e-4, discriminator_rate=4e-4, beta1=0.0, beta2=0.99),
            training=TrainingSettings(batch=16, average_half_life_images=2000),
        ),
    ),
}


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        SettingError: there is none; names those that there are.
    """
    if name not in RECIPES:
        raise SettingError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]
