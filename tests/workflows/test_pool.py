"""Work in several processes."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from ganvas.errors import ProcessError, SettingError
from ganvas.workflows.pool import each_done


def doubled(number):
    return 2 * number


def refused(number):
    raise SettingError(f"not {number}")


def ended(number):
    os._exit(3)


def told_who(place, number):
    (place / str(os.getpid())).touch()
    time.sleep(600)


class ToldWho:
    """`told_who` of a folder, which can be pickled."""

    def __init__(self, place):
        self.place = place

    def __call__(self, number):
        told_who(self.place, number)


def asking(place):
    list(each_done(ToldWho(place), range(2), 2))


def is_there(process):
    return Path(f"/proc/{process}/stat").exists() and " Z " not in Path(f"/proc/{process}/stat").read_text()


def until(condition, seconds=300):
    last = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < last
        time.sleep(0.02)
    return found


def test_every_job_is_done_once():
    assert sorted(each_done(doubled, range(20), 2)) == list(range(0, 40, 2))


def test_an_error_of_a_job_is_raised_and_nothing_is_left_running():
    before = set(multiprocessing.active_children())
    with pytest.raises(SettingError, match=r"not \d"):
        list(each_done(refused, range(9), 1))
    assert set(multiprocessing.active_children()) <= before


def test_a_process_that_ends_is_told_in_a_line():
    with pytest.raises(ProcessError, match="--processes"):
        list(each_done(ended, range(2), 1))


@pytest.mark.skipif(not Path("/proc").exists(), reason="asks /proc whether a process is there")
def test_processes_end_with_the_one_that_began_them_also_where_it_is_killed(tmp_path):
    asker = multiprocessing.get_context("spawn").Process(target=asking, args=(tmp_path,))
    asker.start()
    begun = until(lambda: len(found := [int(path.name) for path in tmp_path.iterdir()]) == 2 and found)
    os.kill(asker.pid, signal.SIGKILL)
    asker.join()
    until(lambda: not any(is_there(process) for process in begun))
