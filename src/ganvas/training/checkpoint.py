"""The whole training state on disk: safetensors for the tensors, JSON for the clock; never pickle.

`state.json` names the tensor file that belongs to it and is replaced last, in one rename, so that a reader or a
resumed run sees either the old state or the new one, whatever moment the power goes.

Format 5 has the scalars of the step's memory under "memory", where there are any. Format 4, which is read too, had
those of the swift step for every architecture, beside the others, and other names for parts of its discriminator.
"""

import json
import os
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from ganvas.errors import ModelError
from ganvas.files import replace_tensors, replace_text
from ganvas.training.state import TrainingState

_FORMAT = 5
_NAMES_IN_FORMAT_4 = {
    "discriminator.frozen_features.": "discriminator.sight.",
    "discriminator.heads.": "discriminator.look.",
}
_SCALARS = {"images": int, "seconds": float, "augment_share": float, "rescues": int}


def save_checkpoint(state: TrainingState, folder: Path) -> None:
    """Replace what `folder` holds by `state`, atomically.

    Raises:
        OSError: the disk is full or not writable; what was there is still whole.
    """
    # A rescue changes the tensors while the clock stands still: they go to another file than the one that is in force.
    tensors_path = folder / f"state-{state.images:012d}-{state.rescues}.safetensors"
    replace_tensors(tensors_path, _tensors(state))
    clock: dict[str, Any] = {"format": _FORMAT, **{name: getattr(state, name) for name in _SCALARS}}
    if state.memory is not None:
        clock["memory"] = {name: getattr(state.memory, name) for name in state.memory.saved}
    clock |= {"tally": state.tally, "tensors": tensors_path.name}
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
    clock_path = folder / "state.json"
    try:
        clock = json.loads(clock_path.read_text(encoding="utf-8"))
        is_old = clock["format"] == 4
        if is_old:
            clock = _from_format_4(clock)
        if clock["format"] != _FORMAT:
            raise ModelError(
                f"{clock_path}: format {clock['format']}, expected {_FORMAT} or 4; train anew with another --out"
            )
        scalars = {name: kind(clock[name]) for name, kind in _SCALARS.items()}
        kinds = {} if state.memory is None else state.memory.saved
        remembered = {name: kind(clock["memory"][name]) for name, kind in kinds.items()}
        tally = {str(name): float(value) for name, value in clock["tally"].items()}
        with safe_open(folder / Path(clock["tensors"]).name, framework="pt") as file:
            targets = _tensors(state)
            stored = {name: _name_in_format_4(name) if is_old else name for name in targets}
            if set(file.keys()) != set(stored.values()):
                raise ModelError(f"{folder}: the saved state is of other networks; train anew with another --out")
            saved = {name: file.get_tensor(stored[name]) for name in targets}
        if any(saved[name].shape != target.shape for name, target in targets.items()):
            raise ModelError(f"{folder}: the saved state is of other networks; train anew with another --out")
    except (OSError, AttributeError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: the saved state cannot be read ({error}); train anew with another --out"
        ) from error
    for name, target in targets.items():  # only now, so that a damaged file leaves the state as it was
        target.detach().copy_(saved[name])
    for owner, values in ((state, scalars), (state.memory, remembered)):
        for name, value in values.items():
            setattr(owner, name, value)
    state.tally = tally
    state.slow_down()
    return True


def _from_format_4(clock: dict[str, Any]) -> dict[str, Any]:
    memory = {
        "discriminator_loss": clock["discriminator_loss"],
        "was_saturated": clock["was_certain"],
        "noise_lasts": clock["noise_lasts"],
    }
    return clock | {"format": _FORMAT, "memory": memory}


def _name_in_format_4(name: str) -> str:
    for now, then in _NAMES_IN_FORMAT_4.items():
        if name.startswith(now):
            return then + name.removeprefix(now)
    return name


def _tensors(state: TrainingState) -> dict[str, Tensor]:
    """Every tensor of the state by a unique name; the state's own memory, not copies."""
    named = {
        f"{part}.{name}": tensor
        for part, module in state.modules().items()
        for name, tensor in module.state_dict().items()
    }
    for player, optimizer in state.optimizers.items():
        named |= {f"optimizer.{player}.{name}": tensor for name, tensor in optimizer.tensors().items()}
    return named
