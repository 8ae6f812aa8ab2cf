"""What a run learns from and how: pictures, networks, objective, optimizer, and what the swift step adds.

The text after each field is its help on the command line and in docs.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ganvas.settings import (
    LARGEST_PX,
    LEAST_EVERY_SECONDS,
    MOST_EVERY_SECONDS,
    SMALLEST_PX,
    STEP_PX,
    USUAL_EVERY_SECONDS,
    Settings,
)

SWIFT_PENALTY: dict[str, Any] = {"r1_weight": 0.3, "r2_weight": 0.3, "penalty_every": 2}
SWIFT_OBJECTIVE: dict[str, Any] = {"out_of_range_weight": 0.25, **SWIFT_PENALTY}
SWIFT_RATES: dict[str, Any] = {"warmup_images": 512, "full_rate_px": 64, "full_rate_width": 1.0}


def _levels(value: object) -> object:
    """'4095', 4095 and '0:4095' -> '0:4095'."""
    text = str(value).strip() if isinstance(value, str | int | float) else ""
    if text == "auto":
        return text
    parts = text.split(":") if ":" in text else ["0", text]
    try:
        black, white = map(float, parts)
    except ValueError:
        black = white = math.nan
    if not (math.isfinite(white - black) and black < white):
        raise ValueError("expected auto, the value that becomes white, as 4095, or black:white, as 0:4095")
    return ":".join(part.strip() for part in parts)


class PictureSettings(Settings):
    """Which pictures, and what is done to each before the network sees it."""

    source: str = Field(
        default="avatars", description="a folder, zip, tar, .npy, video, shards, an address or the name of a set"
    )
    width: int = Field(default=64, ge=SMALLEST_PX, le=LARGEST_PX, multiple_of=STEP_PX, description="pixels")
    height: int = Field(default=64, ge=SMALLEST_PX, le=LARGEST_PX, multiple_of=STEP_PX, description="pixels")
    fit: Literal["crop", "pad", "stretch"] = Field(
        default="crop", description="how a picture of another shape is made to fit"
    )
    channels: Literal["auto", "grey", "rgb", "rgba"] = Field(
        default="auto", description="auto: grey if every picture is, else rgb; rgba keeps transparency"
    )
    conditional: bool = Field(default=False, description="sub-folders (or the set's own classes) are labels")
    per_class: float = Field(default=1.0, gt=0, le=1, description="the share of every class that is used")
    levels: Annotated[str, BeforeValidator(_levels)] = Field(
        default="auto",
        description="what becomes black and white in pictures of more than 8 bits: white as 4095, or black:white as "
        "0:4095; auto: by the values of the whole set",
    )
    drop_near: float | None = Field(
        default=None, gt=0, le=1, description="leave out pictures that are as similar as that to another, as 0.98"
    )
    mirror: bool = Field(default=False, description="show every second picture mirrored left to right")
    every: float = Field(
        default=USUAL_EVERY_SECONDS,
        ge=LEAST_EVERY_SECONDS,
        le=MOST_EVERY_SECONDS,
        description="of a video: seconds from one frame that is taken to the next",
    )
    sample: int = Field(
        default=5000,
        ge=8,
        le=100_000,
        description="of shards: pictures that are looked at before training, for the doctor, what a recipe takes from "
        "the set, and scores, which compare with 5,000 at most",
    )
    shuffle: int = Field(
        default=1024,
        ge=1,
        description="of shards: pictures in memory that are shuffled among each other, fewer where 128 MB hold fewer; "
        "the first step waits for them; chosen once, not varied",
    )
    most_lost: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="of shards: the share of a pass that may be unreadable before the run ends; chosen once",
    )

    @property
    def black_and_white(self) -> tuple[float, float] | None:
        """The values of `levels`; None where they follow from the pictures."""
        if self.levels == "auto":
            return None
        black, white = map(float, self.levels.split(":"))
        return black, white


class NetworkSettings(Settings):
    """The two players."""

    architecture: str = Field(description="a name in networks.ARCHITECTURES")
    z_dim: int = Field(default=100, ge=1, le=4096, description="numbers in a latent")
    z_distribution: Literal["normal", "uniform"] = Field(default="normal", description="N(0, 1), or uniform on [-1, 1]")
    width: Literal["planned"] | Annotated[float, Field(gt=0, le=4)] = Field(
        default=1.0, description="multiplies the channels of every layer; planned: as much as the time allows"
    )
    wide: float = Field(
        default=1.5,
        gt=0,
        le=4,
        description="the width that is planned for long runs (journal, 2026-11-26, sixth round)",
    )
    wide_from_images: int = Field(
        default=150_000, gt=0, description="images that a run must show at width 1 to be planned wider (likewise)"
    )
    weights: Literal["normal", "kaiming"] = Field(
        default="normal", description="initial weights: N(0, 0.02), or He et al. 2015"
    )


def _split(value: object) -> object:
    """'color,cutout' -> ('color', 'cutout'), so that a command line needs no brackets."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class ObjectiveSettings(Settings):
    """What the players minimise."""

    loss: str = Field(default="bce", description="a name in objectives.LOSSES")
    r1_weight: float = Field(default=0.0, ge=0, description="penalty on the discriminator's gradient at real pictures")
    r2_weight: float = Field(default=0.0, ge=0, description="the same at generated pictures")
    penalty_every: int = Field(
        default=1, ge=1, description="R1 and R2 every so many updates, weighted up to make it even"
    )
    gradient_penalty_weight: float = Field(
        default=0.0, ge=0, description="WGAN-GP's penalty between real and generated"
    )
    augment: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        default=(), description="names in objectives.AUGMENTS, for all pictures that the discriminator scores"
    )
    rescue_augment: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        default=("color", "translation", "cutout"), description="the same after a rescue, where `augment` names none"
    )
    augment_target: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="augment just so often that the mean sign of real scores stays there, as 0.6; not set: always",
    )
    augment_adapting_images: int = Field(
        default=20_000,
        gt=0,
        description="images over which so adapted augmentation goes from no picture to all of them; a pace for small "
        "sets (Karras et al. 2020, arXiv:2006.06676, have 500,000), chosen once and not varied",
    )
    reconstruction_weight: float = Field(
        default=0.0, ge=0, description="VAE-GAN: reconstruction against fooling, for the decoder"
    )
    out_of_range_weight: float = Field(
        default=0.0,
        ge=0,
        description="swift: penalty on the mean square by which pixels leave [-1, 1]; without it cars become blobs: "
        "precision 0.68 for 0.79 (journal, 2026-11-26, seventh round)",
    )


class AugmentationSettings(Settings):
    """How strongly `objective.augment` changes pictures in [-1, 1].

    Strengths of color, translation and cutout: Zhao et al. 2020, arXiv:2006.10738. Those of tint were chosen once.
    """

    brightness: float = Field(default=0.5, ge=0, description="color: added, at most, either way")
    saturation: float = Field(default=1.0, ge=0, description="color: its factor is 1, this more or less")
    contrast: float = Field(default=0.5, ge=0, description="color: its factor is 1, this more or less")
    tint_brightness: float = Field(default=0.2, ge=0, description="tint: as brightness")
    tint_saturation: float = Field(default=0.5, ge=0, description="tint: as saturation")
    tint_contrast: float = Field(default=0.25, ge=0, description="tint: as contrast")
    largest_shift: float = Field(default=1 / 8, ge=0, le=1, description="translation: of a side")
    cut_side: float = Field(default=1 / 2, ge=0, le=1, description="cutout: of a side")


class OptimizerSettings(Settings):
    """Adam for each player, and Muon for what of the generator it suits."""

    generator_rate: float = Field(default=2e-4, gt=0, description="learning rate")
    discriminator_rate: float = Field(default=2e-4, gt=0, description="learning rate")
    beta1: float = Field(default=0.5, ge=0, lt=1, description="memory of the gradients' mean")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="memory of the gradients' squares")
    epsilon: float = Field(default=1e-8, gt=0, description="added to the root of those (Kingma & Ba 2014)")
    muon_momentum: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="the generator's inner convolutions are updated by Muon with this memory of the gradients' mean "
        "(journal, 2026-11-30, orthogonal steps); None: by Adam, as all else",
    )
    largest_step: float | None = Field(
        default=None, gt=0, description="times the rate, over which a step of all weights is shortened; None: none is"
    )
    warmup_images: int = Field(
        default=0,
        ge=0,
        description="swift: images over which the generator's rate rises from 0; without, the first steps spoil the "
        "PCA draw: cars at 1.2 of the PCA baseline after five seconds (journal, 2026-11-26, seventh round)",
    )
    full_rate_px: int | None = Field(
        default=None,
        gt=0,
        description="swift: pixels of the longer side up to which both rates are full; above, they fall with its root "
        "(journal, 2026-11-27, what begins well and goes to pieces)",
    )
    full_rate_width: float | None = Field(
        default=None,
        gt=0,
        description="swift: network.width up to which both rates are full; above, they fall in proportion "
        "(journal, 2026-11-26, sixth round)",
    )


class StatisticsSettings(Settings):
    """What is computed from the set before the first step: its principal components, and moments of its features.

    Numbers whose description names no measurement were chosen once and not varied.
    """

    pca_pictures: int = Field(
        default=2000, ge=1, description="pictures, drawn at random, that the principal components are computed from"
    )
    length_share: float = Field(
        default=0.81,
        gt=0,
        description="length of the coefficients that are drawn as a share of those of the set's pictures, which are "
        "trained with: at 1 an eye prefers 36 of 50 faces of the recipe of 2026-11-28, at 0.93 30, at 0.81 21 to 24 "
        "(journal, 2026-11-30, orthogonal steps)",
    )
    feature_pictures: int = Field(
        default=512,
        ge=1,
        description="of those, evenly spread, that mean and deviation of the frozen features are computed from; the "
        "first of a sorted set would all be of one class (journal, 2026-11-26, sixth round)",
    )
    least_deviation: float = Field(
        default=1e-3,
        gt=0,
        description="added to the deviation of a feature, so that one that hardly varies stays small",
    )


class AnchorSettings(Settings):
    """Broad light and tint of a drawn picture are held to those of its PCA draw, which vary as the set's do."""

    weight: float = Field(
        default=5.0,
        ge=0,
        description="of the mean square difference; 1 and 20 were worse (journal, 2026-11-22, second round); without, "
        "drawn icons have few colours (journal, 2026-11-30, a penalty for noise)",
    )
    cells: int = Field(
        default=4, gt=0, description="parts of a side whose light is compared (journal, 2026-11-22, second round)"
    )


class MatchingSettings(Settings):
    """Feature matching: mean and deviation of the frozen features of drawn pictures against those of the set.

    Sources: Salimans et al. 2016, arXiv:1606.03498; dos Santos et al. 2019, arXiv:1904.02762.
    """

    weight: float = Field(
        default=3.0, ge=0, description="of the root of the mismatch (journal, 2026-11-26, sixth round)"
    )
    from_images: int = Field(
        default=4000,
        ge=0,
        description="images shown before anything is matched (journal, 2026-11-30, every picture of the set is drawn)",
    )
    rise_images: int = Field(
        default=4000, gt=0, description="images over which the weight rises to its full value; at once it jolts"
    )
    half_life_images: float = Field(
        default=2000.0,
        gt=0,
        description="of the moving averages over drawn pictures; not varied (journal, 2026-11-26, fifth round)",
    )
    least_variance: float = Field(
        default=0.1,
        gt=0,
        description="added to the set's variance of a feature, about 1 on average, that its mismatch is divided by, so "
        "that one that hardly varies does not outweigh the others; chosen once and not varied",
    )


class ReconstructionSettings(Settings):
    """A share of what is drawn in a step are the step's own pictures, as blurred as a draw, sharpened again.

    Their broad colours should be those of the pictures. So every picture of the set has a part in what is drawn.
    Source: Vashist et al. 2024, arXiv:2409.17439 (each picture of a small set pulls what is drawn near it).
    """

    share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="of the pictures of a step (journal, 2026-11-30, every picture of the set is drawn)",
    )
    coarse_weight: float = Field(
        default=5.0,
        ge=0,
        description="of the mean square difference of broad colours; without it avatars have two grounds for "
        "long; at 20 they swing (journal, 2026-11-30, a penalty for noise)",
    )
    coarse_cells: int = Field(default=8, gt=0, description="parts of a side that have a broad colour; not varied")
    fades_from_images: int = Field(
        default=4000,
        ge=0,
        description="images shown from which on the share falls; where it stays, mouths are hedged, and an eye prefers "
        "36 of 49 pictures without, after 26,000 images (journal, 2026-11-30, a penalty for noise)",
    )
    fades_over_images: int = Field(
        default=4000, gt=0, description="images over which it falls to none, while feature matching sets in"
    )


class EnlargingSettings(Settings):
    """How the levels learn that double what is drawn, where pictures are larger than 64 px.

    Source: Ledig et al. 2017, arXiv:1609.04802 (pixels, features and a discriminator together).
    """

    share: float = Field(
        default=0.25,
        gt=0,
        le=1,
        description="of the pictures of a step, that each level takes a crop of; chosen once and not varied",
    )
    pixel_weight: float = Field(
        default=10.0,
        ge=0,
        description="of the mean difference between a real picture and itself made small and enlarged; not varied",
    )
    feature_weight: float = Field(
        default=1.0, ge=0, description="of the mean square difference of their frozen features; not varied"
    )


class TrainingSettings(Settings):
    """How the players take turns, and what is kept."""

    batch: int = Field(default=64, ge=1, le=4096, description="pictures an update")
    double_batch_at: int | None = Field(
        default=None, ge=0, description="images shown from which on the batch is twice as large"
    )
    discriminator_updates: int = Field(
        default=1, ge=1, le=100, description="per update of the generator, each on new pictures"
    )
    balance_margin: float | None = Field(default=None, gt=0, description="losses are kept within this of each other")
    balance_limit: int = Field(default=10, ge=1, description="extra updates a batch may take")
    average_half_life_images: int = Field(default=0, ge=0, description="of the averaged generator; 0: none is kept")
    average_ramp: float = Field(
        default=0.05,
        ge=0,
        description="of the images shown so far: the half-life is never longer, so that the first weights are soon "
        "forgotten (Karras et al. 2023, arXiv:2312.02696)",
    )
    average_fewest_steps: int = Field(
        default=8,
        ge=1,
        description="steps that the half-life has at least; with fewer, what is drawn follows every swing of the first "
        "hundred steps (journal, 2026-11-27, an average of no fewer than eight steps)",
    )

    @property
    def step_images(self) -> int:
        """Images of a step at its largest, a batch for every update of the discriminator; all clocks count in these."""
        return self.batch * self.discriminator_updates * (1 if self.double_batch_at is None else 2)

    def step_after(self, images: int) -> int:
        """Images of the step that follows after `images` shown: half of `step_images` until the batch has doubled."""
        begun = images // self.step_images * self.step_images
        is_small = self.double_batch_at is not None and begun < self.double_batch_at
        return self.step_images // 2 if is_small else self.step_images
