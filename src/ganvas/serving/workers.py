"""Several processes behind one port: each accepts connections from the same socket, and is begun again if it ends."""

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from ganvas.errors import GanvasError

MOST = 64
SOON_SECONDS = 10.0  # a worker that ends so soon after its beginning will not do better at once
MOST_SOON = 3  # such ends in a row

Work = Callable[[socket.socket], None]


def serve_by(count: int, work: Work, bound: socket.socket, *, grace_seconds: float) -> None:
    """Run `work` in `count` processes until this one is told to end, by an exception as that of a signal.

    Args:
        work: serves from a socket until SIGTERM; can be pickled.
        bound: to accept from.
        grace_seconds: for which a worker may finish what it has begun.
    Raises:
        GanvasError: workers end as soon as they begin.
    """
    context = multiprocessing.get_context("spawn")  # what is forked would share onnxruntime's threads

    def begin() -> BaseProcess:
        process = context.Process(target=_work, args=(work, bound), daemon=True)
        process.start()
        return process

    workers = {begin(): time.monotonic() for _ in range(count)}
    ended_soon = 0
    try:
        while True:
            wait([worker.sentinel for worker in workers])
            for worker in [worker for worker in workers if not worker.is_alive()]:
                lived = time.monotonic() - workers.pop(worker)
                ended_soon = ended_soon + 1 if lived < SOON_SECONDS else 0
                if ended_soon >= MOST_SOON:
                    raise GanvasError(f"workers end as soon as they begin, with the status {worker.exitcode}")
                logging.getLogger("ganvas").warning(
                    "a worker ended with the status %s; another begins", worker.exitcode
                )
                workers[begin()] = time.monotonic()
    finally:
        _end(list(workers), grace_seconds)


def _end(workers: list[BaseProcess], grace_seconds: float) -> None:
    for worker in workers:
        worker.terminate()
    until = time.monotonic() + grace_seconds
    for worker in workers:
        worker.join(max(until - time.monotonic(), 0))
        if worker.is_alive():
            worker.kill()
            worker.join()


def _work(work: Work, bound: socket.socket) -> None:
    """What a worker does; it ends with the process that began it, however that ended."""
    logging.basicConfig(format="ganvas: %(message)s")
    end_with_parent()
    work(bound)


def end_with_parent() -> None:
    """From now on, let this process end as by SIGTERM when the one that began it ends, also where that is killed."""
    parent = multiprocessing.parent_process()

    def wait_for(process: BaseProcess) -> None:
        process.join()
        os.kill(os.getpid(), signal.SIGTERM)

    if parent is not None:
        threading.Thread(target=wait_for, args=(parent,), daemon=True).start()
