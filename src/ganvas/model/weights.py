"""The model that a run ships: a generator in safetensors and a description in JSON, read as a stranger's files are.

Nothing here runs code from a file. The description decides which network is built, on the meta device, where it costs
no memory; the weights are read only if the file's own names, types and shapes are exactly that network's.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ganvas.errors import ModelError
from ganvas.files import replace_tensors, replace_text
from ganvas.formats.manifest import DESCRIPTION_FILE, Description, model_folder, read_description
from ganvas.networks import Networks, NetworkSpec
from ganvas.training import ARCHITECTURES
from ganvas.wording import counted

_HEADER_LIMIT_BYTES = 1_000_000
MOMENTS, WEIGHTS_FILE = "moments", "generator.safetensors"


@dataclass(frozen=True)
class Model:
    """A generator ready to draw with, and its encoder if the recipe has one."""

    description: Description
    generator: nn.Module
    encoder: nn.Module | None


def spec_of(description: Description) -> NetworkSpec:
    """The sizes of the networks that a description names."""
    sizes = description.height, description.width, description.channels, description.z_dim
    return NetworkSpec(*sizes, len(description.classes), description.multiplier)


def save_model(
    folder: Path,
    description: Description,
    generator: nn.Module,
    encoder: nn.Module | None = None,
    *,
    half: bool = False,
) -> None:
    """Write model.json and the weights; each file is replaced in one rename.

    Args:
        half: as `save_weights`.
    Raises:
        OSError: the disk is full or not writable.
    """
    save_weights(folder / WEIGHTS_FILE, generator, half=half)
    if encoder is not None:
        save_weights(folder / "encoder.safetensors", encoder, half=half)
    replace_text(folder / DESCRIPTION_FILE, description.to_json())


def save_weights(path: Path, module: nn.Module, *, half: bool = False) -> None:
    """Write a module's tensors to `path`.

    Args:
        half: matrices and kernels in float16, which halves the file; vectors, such as running variances, stay as they
            are, since they can exceed float16's range.
    """
    tensors = module.state_dict()
    replace_tensors(path, {name: t.half() if half and t.ndim > 1 else t for name, t in tensors.items()})


def load_model(path: Path, at: int | None = None) -> Model:
    """Read a run folder or a model folder.

    Args:
        at: images shown; the moment of the run to go back to, or the nearest before it that was kept.
    Raises:
        ModelError: there is no model, or it is damaged, too large, of another version or not what it says it is.
    """
    folder = model_folder(path)
    description = read_description(folder)
    try:
        with torch.device("meta"):
            networks: Networks = ARCHITECTURES[description.architecture].build(spec_of(description))
    except (KeyError, ValueError) as error:
        raise ModelError(f"{folder}: names an architecture that cannot be built: {error}") from error
    weights = folder / WEIGHTS_FILE if at is None else moment_at(path, at)
    generator = _filled(networks.generator, weights)
    if at is not None:
        description = description.model_copy(update={"images": int(weights.stem)})
    encoder_path = folder / "encoder.safetensors"
    has_encoder = networks.encoder is not None and encoder_path.exists() and at is None
    encoder = _filled(networks.encoder, encoder_path) if has_encoder and networks.encoder is not None else None
    return Model(description, generator, encoder)


def kept_moments(run: Path) -> dict[int, Path]:
    """The moments whose models are kept: images shown -> weights, in order."""
    return {int(path.stem): path for path in sorted((run / MOMENTS).glob("*.safetensors")) if is_moment(path)}


def is_moment(path: Path) -> bool:
    """Whether a file is named after images shown, as 000012800, and may be read."""
    return re.fullmatch("[0-9]{1,18}", path.stem) is not None and path.is_file()


def moment_at(run: Path, images: int) -> Path:
    """The weights of the last kept moment at or before `images` shown.

    Raises:
        ModelError: none was kept; names those that were.
    """
    moments = kept_moments(run)
    earlier = [moment for moment in moments if moment <= images]
    if not earlier:
        kept = ", ".join(str(moment) for moment in moments) or "none"
        raise ModelError(f"{run}: no model is kept of {counted(images, 'image')} or before; kept: {kept}")
    return moments[earlier[-1]]


def _filled(module: nn.Module, path: Path) -> nn.Module:
    """`module`, built on the meta device, with the weights of `path`, on the CPU and ready to draw with."""
    expected = module.state_dict()
    limit = sum(tensor.numel() * tensor.element_size() for tensor in expected.values()) + _HEADER_LIMIT_BYTES
    try:
        if not path.is_file():
            raise ModelError(f"{path}: is missing")
        if path.stat().st_size > limit:
            raise ModelError(
                f"{path}: {counted(path.stat().st_size, 'byte')}, but the network it belongs to has at most {limit:,}"
            )
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            for name in names:
                _check(file.get_slice(name), expected, name)
            tensors = {name: file.get_tensor(name) for name in names}
    except (OSError, RuntimeError, SafetensorError) as error:  # RuntimeError: PyTorch could not map the file
        raise ModelError(f"{path}: not a whole safetensors file: {error}") from error
    except ValueError as error:
        raise ModelError(f"{path}: {error}") from error
    if missing := expected.keys() - tensors.keys():
        raise ModelError(f"{path}: lacks {sorted(missing)[0]!r} and {len(missing) - 1} more")
    full: dict[str, Tensor] = {name: tensor.to(expected[name].dtype) for name, tensor in tensors.items()}
    module.load_state_dict(full, assign=True)
    return module.to(memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload]


def _check(found: Any, expected: dict[str, Tensor], name: str) -> None:
    """Raises ValueError unless the file's tensor, not read yet, is the one that the network has under that name."""
    if name not in expected:
        raise ValueError(f"has a tensor {name!r} that the network does not")
    shape, kind = tuple(found.get_shape()), found.get_dtype()
    kinds = ("F32", "F16") if expected[name].is_floating_point() else ("I64",)
    if shape != tuple(expected[name].shape) or kind not in kinds:
        raise ValueError(f"{name!r} is {kind} {shape}, expected {'/'.join(kinds)} {tuple(expected[name].shape)}")
