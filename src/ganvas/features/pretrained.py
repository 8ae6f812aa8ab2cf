"""Weights that others published, read as a stranger's file is: checksum first, and no code of theirs runs."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from ganvas.download import sha256
from ganvas.errors import ModelError

Network = TypeVar("Network", bound=nn.Module)


def read_network(
    path: Path, title: str, build: Callable[[dict[str, Tensor]], Network], expected: str
) -> tuple[Network, str]:
    """The network in the file at `path`, and the file's SHA-256 in hex.

    Args:
        title: of the network, for messages.
        build: the tensors of the file -> the network.
        expected: its SHA-256, 64 hex digits.
    Raises:
        ModelError: it is another file, or `build` cannot use what is in it.
    """
    try:
        digest = sha256(path)
        if digest != expected:
            raise ModelError(
                f"{path}: not the weights of {title}: its SHA-256 begins with {digest[:8]}, expected {expected[:8]}"
            )
        return build(torch.load(path, map_location="cpu", weights_only=True)), digest
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise ModelError(f"{path}: cannot be read as the weights of {title}: {reason}") from error
