"""Pictures -> features, by networks that learned on other pictures. A score is only as good as these, so it names them.

To add an extractor, write its network in a file of its own and give it a line in EXTRACTORS.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.data.fit import resize
from ganvas.download import fetch
from ganvas.errors import SettingError
from ganvas.features import dinov2, efficientnet, inception, multiscale
from ganvas.features.pretrained import read_network
from ganvas.formats.images import over_white
from ganvas.pixels import to_float

AT_ONCE = 32
WAY_OUT = "fetch it with a browser and pass it with --weights FILE"
RESIZE = "Pillow's Lanczos, antialiased"


@dataclass(frozen=True)
class Pretrained:
    """A network that learned on other pictures, and where its weights are.

    size_px: (height, width) of the pictures -> the side of the network's square input.
    find: the folder for downloads -> the file of weights.
    has_unit_length: features are scaled to one length. EfficientNet's grow many times over on pictures smaller than
        those it was trained on, and distances then say little but how large they are.
    """

    title: str
    size_px: Callable[[int, int], int]
    build: Callable[[dict[str, Tensor]], nn.Module]
    find: Callable[[Path], Path]
    sha256: str
    has_unit_length: bool = False


DEFAULT_EXTRACTOR = "multiscale"
EXTRACTORS: dict[str, Pretrained] = {
    "multiscale": Pretrained(
        multiscale.TITLE,
        efficientnet.size_for,
        multiscale.build,
        lambda downloads: efficientnet.weights_path(),
        efficientnet.SHA256,
        has_unit_length=True,
    ),
    "lite": Pretrained(
        efficientnet.TITLE,
        efficientnet.size_for,
        efficientnet.build,
        lambda downloads: efficientnet.weights_path(),
        efficientnet.SHA256,
        has_unit_length=True,
    ),
    "inception": Pretrained(
        "Inception-v3 of the original FID",
        lambda height, width: inception.SIZE_PX,
        inception.build,
        lambda downloads: fetch(inception.URL, downloads / "inception.pth", inception.SHA256, way_out=WAY_OUT),
        inception.SHA256,
    ),
    "dinov2": Pretrained(
        "DINOv2 ViT-S/14",
        lambda height, width: dinov2.SIZE_PX,
        dinov2.build,
        lambda downloads: fetch(dinov2.URL, downloads / "dinov2.pth", dinov2.SHA256, way_out=WAY_OUT),
        dinov2.SHA256,
    ),
}


@dataclass(frozen=True)
class Extractor:
    """A network ready to use, and what a score says of it.

    network: (B, 3, S, S) in [-1, 1] -> (B, F), S = size_px, in evaluation mode on the CPU.
    sha256: of the file that the weights came from.
    """

    name: str
    title: str
    network: nn.Module
    size_px: int
    has_unit_length: bool
    sha256: str

    @property
    def key(self) -> str:
        """Differs where features may differ: by the weights, the size, the resize and the scaling."""
        said = f"{self.name} {self.sha256} {self.size_px} {self.has_unit_length} {RESIZE}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def load_extractor(name: str, size: tuple[int, int], downloads: Path, weights: Path | None = None) -> Extractor:
    """An extractor with its weights, whose checksum is verified before anything is read from them.

    Args:
        size: (height, width) of the pictures that it will see.
        downloads: where weights that have to be fetched are kept.
        weights: a file to use instead of fetching it.
    Raises:
        SettingError: there is no such extractor, or its weights cannot be fetched.
        ModelError: the weights are damaged or are not this network's.
    """
    if name not in EXTRACTORS:
        raise SettingError(f"there is no extractor {name!r}; there are {', '.join(EXTRACTORS)}")
    pretrained = EXTRACTORS[name]
    path = weights or pretrained.find(downloads)
    network, digest = read_network(path, pretrained.title, pretrained.build, pretrained.sha256)
    return Extractor(name, pretrained.title, network, pretrained.size_px(*size), pretrained.has_unit_length, digest)


@torch.no_grad()
def extract(extractor: Extractor, images: np.ndarray) -> Tensor:
    """(N, H, W, C) uint8 -> (N, F) float32 features, N >= 1."""
    parts = []
    for start in range(0, len(images), AT_ONCE):
        seen = as_seen(images[start : start + AT_ONCE], extractor.size_px)
        parts.append(extractor.network(to_float(torch.from_numpy(seen)).contiguous()))
    features = torch.cat(parts)
    return F.normalize(features, dim=1) * math.sqrt(features.shape[1]) if extractor.has_unit_length else features


def as_seen(images: np.ndarray, size_px: int) -> np.ndarray:
    """(N, H, W, C) uint8 -> (N, S, S, 3) uint8: the one resize of every score.

    Grey is repeated for the three channels, opacity is laid on white, other shapes are stretched to the square.
    """
    return np.stack([np.asarray(resize(_colour(image), (size_px, size_px), "stretch")) for image in images])


def _colour(image: np.ndarray) -> Image.Image:
    return over_white(Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)).convert("RGB")
