"""The whole training state on disk: safetensors for the tensors, JSON for the clock; never pickle.

`state.json` names the tensor file that belongs to it and is replaced last, in one rename, so that a reader or a
resumed run sees either the old state or the new one, whatever moment the power goes.

Format 4, which is read too, had other names for parts of the discriminator of swift. Both kept what instance noise
needed, which is no more: under "memory", or beside the others.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AllowInfNan, Field, ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ganvas.errors import ModelError
from ganvas.files import read_json, replace_tensors, replace_text
from ganvas.settings import Settings, first_fault, shortened
from ganvas.training.state import TrainingState
from ganvas.training.tally import Tally

_FORMAT = 5
_UNUSED = ("format", "memory", "discriminator_loss", "was_certain", "noise_lasts")
_NAMES_IN_FORMAT_4 = {
    "discriminator.frozen_features.": "discriminator.sight.",
    "discriminator.heads.": "discriminator.look.",
}


class _Clock(Settings):
    """state.json. The first four are attributes of the state."""

    images: int = Field(ge=0)
    seconds: float = Field(ge=0)
    augment_share: float = Field(ge=0, le=1)
    rescues: int = Field(ge=0)
    tally: dict[str, Annotated[float, AllowInfNan(True)]]  # a loss of the last steps may be no number
    tensors: str = Field(pattern="^[A-Za-z0-9._-]{1,200}$", description="the name of the file in the same folder")

    scalars: ClassVar = ("images", "seconds", "augment_share", "rescues")


def save_checkpoint(state: TrainingState, folder: Path) -> None:
    """Replace what `folder` holds by `state`, atomically.

    Raises:
        OSError: the disk is full or not writable; what was there is still whole.
    """
    # A rescue changes the tensors while the clock stands still: they go to another file than the one that is in force.
    tensors_path = folder / f"state-{state.images:012d}-{state.rescues}.safetensors"
    replace_tensors(tensors_path, state_tensors(state))
    clock: dict[str, Any] = {"format": _FORMAT, **{name: getattr(state, name) for name in _Clock.scalars}}
    clock |= {"tally": state.tally.sums(), "tensors": tensors_path.name}
    replace_text(folder / "state.json", json.dumps(clock, indent=1))
    for old in folder.glob("state-*"):
        if old.name != tensors_path.name:
            old.unlink()


def has_checkpoint(folder: Path) -> bool:
    """Whether there is something to go on from."""
    return os.path.exists(folder / "state.json")


def load_checkpoint(state: TrainingState, folder: Path) -> bool:
    """Fill `state`, made for the same configuration, with what `folder` holds; False if it holds none.

    Raises:
        ModelError: the checkpoint is damaged, of a format that is not read, or belongs to other networks.
    """
    if not has_checkpoint(folder):
        return False
    with _reading(folder, "train anew with another --out"):
        clock, saved = _read(folder)
        targets = state_tensors(state)
        if saved.keys() != targets.keys() or any(saved[name].shape != one.shape for name, one in targets.items()):
            raise ModelError(f"{folder}: the saved state is of other networks; train anew with another --out")
    for name, target in targets.items():  # only now, so that a damaged file leaves the state as it was
        target.detach().copy_(saved[name])
    for name in _Clock.scalars:
        setattr(state, name, getattr(clock, name))
    state.tally = Tally(clock.tally)
    state.slow_down()
    return True


def saved_images(folder: Path) -> int | None:
    """Images shown by the saved state in `folder`; None if it holds none, or none that can be read."""
    try:
        return _Clock.model_validate(_known(read_json(folder / "state.json", only_finite=False))).images
    except (OSError, ValueError, AttributeError):  # ValidationError is a ValueError
        return None


def read_networks(folder: Path) -> dict[str, Tensor]:
    """The tensors of the networks of a saved state, under names as generator.base.mean, on the CPU.

    Raises:
        ModelError: it is damaged, or of a format that is not read.
    """
    with _reading(folder, "begin with another model"):
        _, saved = _read(folder)
    return {name: tensor for name, tensor in saved.items() if not name.startswith("optimizer.")}


def _read(folder: Path) -> tuple[_Clock, dict[str, Tensor]]:
    """What is saved, under today's names. Raises what reading a damaged one raises."""
    values = read_json(folder / "state.json", only_finite=False)
    is_old = values["format"] == 4
    if not is_old and values["format"] != _FORMAT:
        raise _FormatError(f"format {shortened(values['format'])}, expected {_FORMAT} or 4")
    clock = _Clock.model_validate(_known(values))
    tensors_path = folder / clock.tensors
    if not tensors_path.is_file():  # opening a named pipe would wait for ever
        raise _FormatError(f"{tensors_path.name} is missing, or no regular file")
    with safe_open(tensors_path, framework="pt") as file:
        saved = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    return clock, {_name_of_today(name): tensor for name, tensor in saved.items()} if is_old else saved


@contextmanager
def _reading(folder: Path, advice: str) -> Iterator[None]:
    """Turns what reading a damaged state raises into a ModelError that ends with advice."""
    try:
        yield
    except _FormatError as error:
        raise ModelError(f"{folder}: the saved state cannot be read: {error}; {advice}") from error
    except ValidationError as error:
        first = first_fault(error)
        found = shortened(first.found)
        raise ModelError(f"{folder / 'state.json'}: {first.where} = {found}: {first.message}; {advice}") from error
    except (OSError, AttributeError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{folder}: the saved state cannot be read ({error}); {advice}") from error


class _FormatError(Exception):
    """A saved state that is of no format that is read, or lacks a file."""


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in _UNUSED}


def _name_of_today(name: str) -> str:
    for now, then in _NAMES_IN_FORMAT_4.items():
        if name.startswith(then):
            return now + name.removeprefix(then)
    return name


def state_tensors(state: TrainingState) -> dict[str, Tensor]:
    """Every tensor of the state by a unique name; the state's own memory, not copies."""
    named = {
        f"{part}.{name}": tensor
        for part, module in state.modules().items()
        for name, tensor in module.state_dict().items()
    }
    for player, optimizer in state.optimizers.items():
        named |= {f"optimizer.{player}.{name}": tensor for name, tensor in optimizer.tensors().items()}
    return named
