"""The whole training state on disk: safetensors for the tensors, JSON for the clock; never pickle.

`state.json` names the tensor file that belongs to it and is replaced last, in one rename, so that a reader or a
resumed run sees either the old state or the new one, whatever moment the power goes.
"""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from ganvas.errors import ModelError
from ganvas.files import replace_tensors, replace_text
from ganvas.training.state import TrainingState

_FORMAT = 4
_SCALARS = {
    "images": int,
    "seconds": float,
    "augment_share": float,
    "discriminator_loss": float,
    "was_certain": bool,
    "noise_lasts": bool,
    "rescues": int,
}


def save_checkpoint(state: TrainingState, folder: Path) -> None:
    """Replace what `folder` holds by `state`, atomically.

    Raises:
        OSError: the disk is full or not writable; what was there is still whole.
    """
    # A rescue changes the tensors while the clock stands still: they go to another file than the one that is in force.
    tensors_path = folder / f"state-{state.images:012d}-{state.rescues}.safetensors"
    replace_tensors(tensors_path, _tensors(state))
    clock = {
        "format": _FORMAT,
        **{name: getattr(state, name) for name in _SCALARS},
        "tally": state.tally,
        "tensors": tensors_path.name,
    }
    replace_text(folder / "state.json", json.dumps(clock, indent=1))
    for old in folder.glob("state-*"):
        if old.name != tensors_path.name:
            old.unlink()


def has_checkpoint(folder: Path) -> bool:
    """Whether there is something to go on from."""
    return (folder / "state.json").exists()


def load_checkpoint(state: TrainingState, folder: Path) -> bool:
    """Fill `state`, made for the same configuration, with what `folder` holds; False if it holds none.

    Raises:
        ModelError: the checkpoint is damaged or belongs to other networks.
    """
    if not has_checkpoint(folder):
        return False
    clock_path = folder / "state.json"
    try:
        clock = json.loads(clock_path.read_text(encoding="utf-8"))
        if clock["format"] != _FORMAT:
            raise ModelError(
                f"{clock_path}: format {clock['format']}, expected {_FORMAT}; train anew with another --out"
            )
        scalars = {name: kind(clock[name]) for name, kind in _SCALARS.items()}
        tally = {str(name): float(value) for name, value in clock["tally"].items()}
        with safe_open(folder / Path(clock["tensors"]).name, framework="pt") as file:
            targets = _tensors(state)
            if set(file.keys()) != set(targets):
                raise ModelError(f"{folder}: the saved state is of other networks; train anew with another --out")
            saved = {name: file.get_tensor(name) for name in targets}
        if any(saved[name].shape != target.shape for name, target in targets.items()):
            raise ModelError(f"{folder}: the saved state is of other networks; train anew with another --out")
    except (OSError, AttributeError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: the saved state cannot be read ({error}); train anew with another --out"
        ) from error
    for name, target in targets.items():  # only now, so that a damaged file leaves the state as it was
        target.detach().copy_(saved[name])
    for name, value in scalars.items():
        setattr(state, name, value)
    state.tally = tally
    state.slow_down()
    return True


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
