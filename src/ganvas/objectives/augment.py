"""Differentiable augmentation: the discriminator sees changed pictures only, real and fake ones changed alike.

Images are (B, C, H, W) in [-1, 1], so 0 is mid-grey; C is 1, 3 or 4, and the fourth channel is opacity. Every picture
of a batch is changed differently. Random numbers are drawn on the CPU, so that one seed gives the same change on every
device, and their count depends on B alone: two generators of one seed change real and fake pictures alike. Where
a batch is parted among ranks, each draws the numbers of all of it (ranks.py).
Colour may leave [-1, 1]; clamping would stop gradients.
Source: Zhao et al. 2020, arXiv:2006.10738 (color, translation, cutout, with its strengths).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ganvas.config import AugmentationSettings
from ganvas.device import upload
from ganvas.errors import SettingError
from ganvas.ranks import ALONE, Ranks

DEFAULT_STRENGTHS = AugmentationSettings()


def color(
    images: Tensor,
    generator: torch.Generator,
    strengths: AugmentationSettings = DEFAULT_STRENGTHS,
    ranks: Ranks = ALONE,
) -> Tensor:
    """Brightness +-0.5, then saturation x0 to 2 about each pixel's grey, then contrast x0.5 to 1.5 about the mean.

    Opacity stays as it is.
    """
    return _recoloured(images, generator, (strengths.brightness, strengths.saturation, strengths.contrast), ranks)


def tint(
    images: Tensor,
    generator: torch.Generator,
    strengths: AugmentationSettings = DEFAULT_STRENGTHS,
    ranks: Ranks = ALONE,
) -> Tensor:
    """A weaker `color`, under which a discriminator still minds colours: +-0.2, x0.5 to 1.5, x0.75 to 1.25."""
    changes = strengths.tint_brightness, strengths.tint_saturation, strengths.tint_contrast
    return _recoloured(images, generator, changes, ranks)


def _recoloured(
    images: Tensor, generator: torch.Generator, changes: tuple[float, float, float], ranks: Ranks
) -> Tensor:
    """Change brightness, saturation and contrast by at most so much, either way; the three steps are one weighted sum
    of the picture, its greys and its mean."""
    colours, opacity = images[:, :3], images[:, 3:]
    added, saturated, contrasted = (
        (2 * _uniform(images, generator, ranks) - 1) * strength + around  # (B, 1, 1, 1) each
        for strength, around in zip(changes, (0, 1, 1), strict=True)
    )
    grey = colours.mean(dim=1, keepdim=True)  # (B, 1, H, W)
    mean = grey.mean(dim=(2, 3), keepdim=True)  # (B, 1, 1, 1)
    rest = grey * (contrasted * (1 - saturated)) + ((1 - contrasted) * mean + added)  # (B, 1, H, W)
    colours = torch.addcmul(rest, colours, contrasted * saturated)  # (B, 1 or 3, H, W)
    return torch.cat((colours, opacity), dim=1) if opacity.shape[1] else colours


def translation(
    images: Tensor,
    generator: torch.Generator,
    strengths: AugmentationSettings = DEFAULT_STRENGTHS,
    ranks: Ranks = ALONE,
) -> Tensor:
    """Move by whole pixels, up to an eighth of each side; what comes in from outside is 0."""
    down, right = (_whole(images, generator, side * strengths.largest_shift, ranks) for side in images.shape[2:])
    # one image at a time, as (H, W, C): padding by (a, -a) moves a whole image with one copy, and so does its gradient
    moved = [
        F.pad(image, (0, 0, x, -x, y, -y))
        for image, y, x in zip(images.permute(0, 2, 3, 1).unbind(), down, right, strict=True)
    ]
    return torch.stack(moved).permute(0, 3, 1, 2)  # (B, H, W, C) -> (B, C, H, W)


def cutout(
    images: Tensor,
    generator: torch.Generator,
    strengths: AugmentationSettings = DEFAULT_STRENGTHS,
    ranks: Ranks = ALONE,
) -> Tensor:
    """Put 0 in a rectangle of half of each side, centred anywhere in the picture; what would stick out is left off."""
    inside = [
        _band(_uniform(images, generator, ranks).view(-1, 1), side, strengths.cut_side, images.device)
        for side in images.shape[2:]
    ]  # (B, H), (B, W)
    hole = inside[0][:, None, :, None] & inside[1][:, None, None, :]  # (B, 1, H, W)
    return images * ~hole


def flip(
    images: Tensor,
    generator: torch.Generator,
    strengths: AugmentationSettings = DEFAULT_STRENGTHS,
    ranks: Ranks = ALONE,
) -> Tensor:
    """Mirror every second picture, on average, left to right."""
    return torch.where(_uniform(images, generator, ranks) < 0.5, images.flip(3), images)


AUGMENTS: dict[str, Callable[[Tensor, torch.Generator, AugmentationSettings, Ranks], Tensor]] = {
    "color": color,
    "tint": tint,
    "translation": translation,
    "cutout": cutout,
    "flip": flip,
}


def augment(
    images: Tensor,
    names: Sequence[str],
    generator: torch.Generator,
    *,
    share: float = 1.0,
    strengths: AugmentationSettings = DEFAULT_STRENGTHS,
    ranks: Ranks = ALONE,
) -> Tensor:
    """`images` (B, C, H, W) in [-1, 1] after every augmentation of `names` in turn; differentiable, even twice.

    Args:
        generator: on the CPU. For another batch to be changed in the same way, pass another one of the same seed.
        share: the probability that an augmentation is applied to a picture, each by a coin of its own.
        strengths: how much each changes.
        ranks: among which the batch is parted, of which `images` are this one's.
    Raises:
        SettingError: there is no augmentation of that name.
        ValueError: the images are not (B, 1, 3 or 4, H, W).
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3, 4):
        raise ValueError(f"expected images (B, 1, 3 or 4, H, W), got {tuple(images.shape)}")
    for name in names:
        if name not in AUGMENTS:
            raise SettingError(f"there is no augmentation {name!r}; there are {', '.join(AUGMENTS)}")
        changed = AUGMENTS[name](images, generator, strengths, ranks)
        images = changed if share >= 1 else torch.where(_uniform(images, generator, ranks) < share, changed, images)
    return images


def _uniform(images: Tensor, generator: torch.Generator, ranks: Ranks) -> Tensor:
    """(B, 1, 1, 1) numbers in [0, 1), one for each picture, on the pictures' device."""
    numbers = ranks.drawn(images.shape[0], lambda count: torch.rand(count, generator=generator))
    return upload(numbers.view(-1, 1, 1, 1), images.device).to(images.dtype)


def _whole(images: Tensor, generator: torch.Generator, largest: float, ranks: Ranks) -> list[int]:
    """B whole numbers from -round(largest) to round(largest), each as likely."""
    furthest = round(largest)
    return ranks.drawn(
        images.shape[0], lambda count: torch.randint(-furthest, furthest + 1, (count,), generator=generator)
    ).tolist()


def _band(centre: Tensor, side: int, cut_side: float, device: torch.device) -> Tensor:
    """(B, side) bool: True on `cut_side` of the side around `centre` (B, 1), a share of the side."""
    cut = round(side * cut_side)
    first = (centre * (side + 1 - cut % 2)).floor() - cut // 2  # (B, 1)
    positions = torch.arange(side, device=device)
    return (positions >= first) & (positions < first + cut)
