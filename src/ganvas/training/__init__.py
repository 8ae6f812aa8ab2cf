"""From settings and a stream of pictures to a trained generator: state, step, loop, checkpoint."""

from ganvas.training.checkpoint import has_checkpoint, load_checkpoint, save_checkpoint
from ganvas.training.loop import Progress, training_loop
from ganvas.training.rescue import MOST_RESCUES, rescue
from ganvas.training.state import TrainingState, new_state

__all__ = [
    "MOST_RESCUES",
    "Progress",
    "TrainingState",
    "has_checkpoint",
    "load_checkpoint",
    "new_state",
    "rescue",
    "save_checkpoint",
    "training_loop",
]
