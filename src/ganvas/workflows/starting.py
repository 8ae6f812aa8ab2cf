"""What a run begins with in place of new weights: those of another run at some moment, or of a model."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ganvas.config import RunConfig, StartSettings
from ganvas.errors import SettingError
from ganvas.formats.manifest import Description, model_folder, read_description
from ganvas.model.weights import load_model
from ganvas.networks import NetworkSpec
from ganvas.run.folder import RunFolder
from ganvas.training import TrainingState
from ganvas.training.checkpoint import has_checkpoint, read_networks, saved_images


@dataclass(frozen=True)
class Start:
    """Weights to begin with.

    images: shown by then. tensors: by names as generator.base.mean; of an average where the run kept one, of the
    discriminator only from a saved state. pictures_key: of what it was trained on; "" if there is no telling.
    """

    model: str
    description: Description
    images: int
    tensors: dict[str, Tensor]
    pictures_key: str

    @property
    def key(self) -> str:
        """A hash of the weights."""
        hashed = hashlib.sha256()
        for name in sorted(self.tensors):
            hashed.update(name.encode())
            hashed.update(self.tensors[name].contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        return hashed.hexdigest()[:32]

    def check(self, config: RunConfig, spec: NetworkSpec | None = None) -> None:
        """Raises SettingError, with the reason, unless the networks of a configuration have the same shapes.

        spec: of these networks, once the pictures are known; None: what follows from them is not compared.
        """
        there, network, pictures = self.description, config.network, config.pictures
        is_same_recipe = there.recipe == config.recipe
        of_networks = (
            f"set network.architecture={there.architecture}" if is_same_recipe else f"give --recipe {there.recipe}"
        )
        asked: list[tuple[str, object, object, str]] = [
            ("network.architecture", there.architecture, network.architecture, of_networks),
            (
                "size",
                f"{there.width}x{there.height}",
                f"{pictures.width}x{pictures.height}",
                f"give --size {there.width}x{there.height}",
            ),
            ("network.z_dim", there.z_dim, network.z_dim, f"set network.z_dim={there.z_dim}"),
            (
                "network.z_distribution",
                there.z_distribution,
                network.z_distribution,
                f"set network.z_distribution={there.z_distribution}",
            ),
        ]
        if network.width != "planned":
            asked.append(("network.width", there.multiplier, network.width, f"give --width {there.multiplier:g}"))
        if spec is not None:
            asked.append(("channels", there.channels, spec.channels, f"set pictures.channels={there.channel_setting}"))
            classes = "its pictures need as many classes" if there.classes else "leave --conditional out"
            asked.append(("classes", len(there.classes), spec.classes, classes))
        for what, theirs, ours, advice in asked:
            if theirs != ours:
                raise SettingError(
                    f"--start {self.model}: has {what} {theirs}, this run would have {ours}; {advice}, or start anew"
                )

    def fill(self, state: TrainingState, pictures_key: str) -> None:
        """Give these weights to the networks of a new state.

        The generator that is shown draws what it drew there. What a discriminator computed from its pictures is taken
        over only where these are the same.

        Raises:
            SettingError: they are of other shapes after all.
        """
        generator = "generator" if "averaged" in self._parts and state.averaged is not None else self._shown
        self._copy(state.generator, generator)
        if state.averaged is not None:
            self._copy(state.averaged, self._shown)
        if state.encoder is not None and "encoder" in self._parts:
            self._copy(state.encoder, "encoder")
        if "discriminator" in self._parts:
            is_same_set = bool(pictures_key) and pictures_key == self.pictures_key
            self._copy(state.discriminator, "discriminator", only_parameters=not is_same_set)

    @property
    def _parts(self) -> set[str]:
        return {name.partition(".")[0] for name in self.tensors}

    @property
    def _shown(self) -> str:
        return "averaged" if "averaged" in self._parts else "generator"

    def _copy(self, module: nn.Module, part: str, *, only_parameters: bool = False) -> None:
        targets = dict(module.named_parameters()) if only_parameters else module.state_dict()
        for name, target in targets.items():
            found = self.tensors.get(f"{part}.{name}")
            if found is None or found.shape != target.shape:
                raise SettingError(
                    f"--start {self.model}: its networks are of other shapes than this run's; start anew"
                )
            target.detach().copy_(found)


def read_start(settings: StartSettings) -> Start:
    """What a run begins with: the saved state of a run, where that is what is asked for, or the weights of a moment.

    Raises:
        ModelError: there is no model, no such moment, or it is damaged.
    """
    path = Path(settings.model).expanduser()
    description, checkpoint = read_description(model_folder(path)), path / "checkpoint"
    is_saved_state = has_checkpoint(checkpoint) and settings.at in (None, saved_images(checkpoint))
    if is_saved_state:
        images, tensors = saved_images(checkpoint) or 0, read_networks(checkpoint)
    else:
        is_shipped = settings.at in (None, description.images)
        model = load_model(path, None if is_shipped else settings.at)
        images, tensors = model.description.images, _named("generator", model.generator)
        tensors |= {} if model.encoder is None else _named("encoder", model.encoder)
    return Start(settings.model, description, images, tensors, RunFolder(path).pictures_key())


def _named(part: str, module: nn.Module) -> dict[str, Tensor]:
    return {f"{part}.{name}": tensor for name, tensor in module.state_dict().items()}
