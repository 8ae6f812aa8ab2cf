"""An exported model that was never trained, and the golden pictures that everything has to draw."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock

from ganvas.files import cache_folder
from ganvas.formats.manifest import Description
from ganvas.model import draw_all, labels_for, latents_for
from ganvas.model.onnx import export
from ganvas.model.weights import Model, spec_of
from ganvas.publishing.web_runtime import web_runtime
from ganvas.training import build_networks
from ganvas.workflows.publish import Quality, Wording, write_export


def small_model(architecture: str = "cascade-narrow", **changes: object) -> Model:
    """A small generator with random weights, and principal components of smooth random pictures where it has them."""
    values = {
        "architecture": architecture,
        "width": 32,
        "height": 24,
        "channels": 3,
        "z_dim": 8,
        "z_distribution": "normal",
        "multiplier": 0.25,
        "recipe": architecture,
        "images": 640,
        "averaged": True,
        "ganvas": "0",
    }
    described = Description.model_validate(values | changes)
    numbers = torch.Generator().manual_seed(0)
    networks = build_networks(architecture, spec_of(described), "kaiming", numbers)
    coarse = torch.rand(60, described.channels, 3, 4, generator=numbers) * 2 - 1
    pictures = torch.nn.functional.interpolate(coarse, size=(described.height, described.width), mode="bilinear")
    labels = torch.arange(60) % len(described.classes) if described.classes else None
    networks.learn(networks.seen(pictures), labels, numbers)
    for parameter in networks.generator.parameters():  # a last layer that starts at zero would hide the others
        if not parameter.any():
            torch.nn.init.normal_(parameter, 0, 0.1, generator=numbers)
    return Model(described, networks.generator.eval().requires_grad_(False), None)


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Model]:
    return small_model


@pytest.fixture(scope="session")
def web_runtime_fetched_once(tmp_path_factory) -> None:
    """Tests may run in several processes, none of which should read what another one is still writing."""
    with FileLock(tmp_path_factory.getbasetemp().parent / "web-runtime.lock"):
        for kind in ("wasm", "webgpu"):
            web_runtime(cache_folder() / "downloads", kind)


@dataclass(frozen=True)
class Published:
    """An exported folder, and what PyTorch draws of its first seeds: (12, H, W, C) uint8."""

    folder: Path
    golden: np.ndarray


SEEDS = range(12)


def publish_model(folder: Path, model: Model) -> Published:
    words = Wording(title="This thing does not exist", about="Made <by> hand.", licence="CC0-1.0")
    write_export(folder, model, export(model), words, Quality())
    golden = draw_all(model.generator, latents_for(model.description, SEEDS), labels_for(model.description, SEEDS))
    return Published(folder, golden)


@pytest.fixture(scope="session")
def published(tmp_path_factory) -> Published:
    return publish_model(tmp_path_factory.mktemp("published") / "things", small_model())


@pytest.fixture(scope="session")
def labelled(tmp_path_factory) -> Published:
    """A conditional one, grey, of another architecture."""
    model = small_model(
        "dcgan28", classes=("cat", "dog", "owl"), channels=1, width=28, height=28, z_distribution="uniform"
    )
    return publish_model(tmp_path_factory.mktemp("labelled") / "animals", model)
