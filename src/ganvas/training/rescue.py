"""Back to the last good state after a collapse, at lower learning rates and with the augmentation kept for it."""

from pathlib import Path

from ganvas.errors import ModelError
from ganvas.training.checkpoint import load_checkpoint
from ganvas.training.state import TrainingState
from ganvas.training.tally import Tally


def rescue(state: TrainingState, good: Path) -> int:
    """Give the players the weights of the checkpoint in `good`, at lower learning rates, with all augmentation that the
    configuration has for it.

    The clock goes on: what is shown from here on is new. How often this was done is part of the state, and with it the
    learning rates and the augmentation.

    Returns:
        The images that had been shown at the good state.
    Raises:
        ModelError: there is no such checkpoint, or it is damaged.
    """
    images, seconds, rescues = state.images, state.seconds, state.rescues
    if not load_checkpoint(state, good):
        raise ModelError(f"{good}: there is no saved state to go back to")
    went_back_to = state.images
    state.images, state.seconds, state.rescues, state.augment_share = images, seconds, rescues + 1, 1.0
    state.tally = Tally()
    state.slow_down()
    return went_back_to
