"""Work in several processes: handed out as it is needed, so that memory does not grow with how much there is."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from ganvas.errors import ProcessError, SettingError
from ganvas.serving.workers import end_with_parent

MOST_PROCESSES = 256
Job = TypeVar("Job")
Done = TypeVar("Done")


def check_processes(processes: int) -> None:
    """Raises SettingError: there cannot be so many."""
    if not 1 <= processes <= MOST_PROCESSES:
        raise SettingError(f"--processes {processes}: expected 1 to {MOST_PROCESSES}")


def each_done(function: Callable[[Job], Done], jobs: Iterable[Job], processes: int) -> Iterator[Done]:
    """What `function` makes of each job, as it is done, in any order.

    They are ended where whoever asks stops asking.

    Args:
        function: of a module, and what it is given and gives can be pickled.
    Raises:
        ProcessError: a process ended. Whatever `function` raises.
    """
    waiting, begun = iter(jobs), set[Future[Done]]()
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=end_with_parent)
    try:
        while True:
            while len(begun) < 2 * processes and (job := next(waiting, None)) is not None:
                begun.add(pool.submit(function, job))
            if not begun:
                break
            done, begun = wait(begun, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenProcessPool as error:
        raise ProcessError(
            "a process ended, as where memory is short; the same command again, with fewer --processes, may do better"
        ) from error
    except BaseException:
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
