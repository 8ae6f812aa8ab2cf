from typing import Any

import pytest
import torch

from ganvas.config import with_settings
from ganvas.data import Batch, PictureSet
from ganvas.networks import NetworkSpec
from ganvas.recipes import RECIPES
from ganvas.training import new_state


class SamePictures:
    """A stream of 12 drawn pictures in a fixed order, as a function of images shown."""

    def __init__(self, height, width, channels, classes=3):
        self.stored = torch.randint(0, 256, (12, height, width, channels), generator=torch.Generator().manual_seed(1))
        self.stored, self.labels = self.stored.to(torch.uint8), torch.arange(12) % classes

    def as_set(self):
        report: Any = None
        return PictureSet(self.stored.numpy(), self.labels.numpy(), ("a", "b", "c"), "", report)

    def batch_at(self, images_shown, count):
        at = torch.arange(images_shown, images_shown + count) % 12
        return Batch(self.stored[at], self.labels[at], at, torch.zeros(count, dtype=torch.bool))


@pytest.fixture
def tiny():
    """A function: recipe name and settings -> configuration, stream and fresh state, all small."""

    def make(name, *assignments, classes=0, channels=3, device="cpu"):
        small = ["training.batch=4", "network.width=0.02", "network.z_dim=6", "pictures.width=16", "pictures.height=16"]
        config = with_settings(RECIPES[name].config, [*small, *assignments])
        size = config.pictures.height, config.pictures.width
        spec = NetworkSpec(*size, channels, 6, classes, config.network.width)
        stream = SamePictures(*size, channels)
        return config, stream, lambda: new_state(config, spec, torch.device(device), stream.as_set())

    return make
