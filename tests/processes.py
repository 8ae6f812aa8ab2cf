"""Python programs run as several processes that can reach each other, as torchrun runs them."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence


def free_port() -> int:
    """A port that nothing listens to just now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def started(count: int, arguments: Sequence[str]) -> list["subprocess.Popen[str]"]:
    """`count` processes of Python with these arguments, one thread each."""
    port = str(free_port())
    shared = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    return [
        subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(count)
    ]
