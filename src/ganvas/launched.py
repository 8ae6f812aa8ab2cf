"""What its environment says of a process that a launcher started, as torchrun does, or `ganvas train --processes`."""

import os

from ganvas.errors import GanvasError, ProcessError

FOLDER = "GANVAS_LAUNCH"  # names the folder through which `ganvas train --processes` and its processes speak
_OF_LAUNCHERS = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def launched() -> int | None:
    """How many processes torchrun, or whoever sets its variables, started for this run; None if nobody did."""
    return int(os.environ["WORLD_SIZE"]) if all(name in os.environ for name in _OF_LAUNCHERS) else None


def rank_here() -> int:
    """Among the processes of this machine."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def attempt() -> str:
    """The number of the try, where torchrun starts processes again that would else find the addresses of those before.

    With several machines it is not the same on all of them, and torchrun needs TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1.
    Source: pytorch/pytorch issue 135712.
    """
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") if os.environ.get("GROUP_WORLD_SIZE", "1") == "1" else "0"


def tells(error: GanvasError | None = None) -> bool:
    """Whether this process is to say how it ended: the first, unless its launcher does; others say their own errors."""
    if FOLDER in os.environ:
        return False
    is_first = launched() is None or os.environ["RANK"] == "0"
    return is_first or (error is not None and not isinstance(error, ProcessError))
