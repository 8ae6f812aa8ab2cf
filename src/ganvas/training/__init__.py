"""From settings and a stream of pictures to a trained generator: state, step, loop, checkpoint."""

from ganvas.training.architectures import ARCHITECTURES, Architecture, architecture, build_networks
from ganvas.training.build import new_state
from ganvas.training.checkpoint import has_checkpoint, load_checkpoint, save_checkpoint
from ganvas.training.loop import Progress, training_loop
from ganvas.training.rescue import rescue
from ganvas.training.state import TrainingState

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Progress",
    "TrainingState",
    "architecture",
    "build_networks",
    "has_checkpoint",
    "load_checkpoint",
    "new_state",
    "rescue",
    "save_checkpoint",
    "training_loop",
]
