"""Work in the background: in turn, cancelled at once, and said why where it fails."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from rooms import PATIENCE_SECONDS, opened

from ganvas.studio.jobs.jobs import AT_ONCE, MOST_KEPT, Jobs
from ganvas.studio.jobs.working import Cancelled, Work
from ganvas.studio.problems import Problem


class Pretended:
    """Work that ends when it is told to; `begun` are all that were begun."""

    begun: list["Pretended"]

    def __init__(self, kind, request, log):
        self.kind, self.request = kind, request
        self.ended, self.is_cancelled, self.failure = threading.Event(), False, None
        self.told = None
        request["begun"].append(self)

    def result(self, told):
        self.told = told
        assert self.ended.wait(PATIENCE_SECONDS)
        if self.is_cancelled:
            raise Cancelled
        if self.failure is not None:
            raise self.failure
        return {"of": self.request["number"]}

    def cancel(self):
        self.is_cancelled = True
        self.ended.set()


class Begun(list):
    """A list that is like no other, so that two requests with it are told apart by their numbers."""


@pytest.fixture
def begun():
    return Begun()


def until(true):
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def jobs(tmp_path):
    with Jobs(tmp_path, begin_work=Pretended) as found:
        yield found


def states(jobs):
    return [job["state"] for job in jobs.all()]


def begin(jobs, begun, count):
    return [jobs.begin("look", "cats", {"number": number, "begun": begun})["id"] for number in range(count)]


def test_jobs_go_in_their_order_and_so_many_at_once(jobs, begun):
    ids = begin(jobs, begun, AT_ONCE + 2)
    until(lambda: len(begun) == AT_ONCE)
    assert states(jobs) == ["working"] * AT_ONCE + ["waiting"] * 2
    begun[0].ended.set()
    until(lambda: len(begun) == AT_ONCE + 1)
    assert begun[-1].request["number"] == AT_ONCE
    assert states(jobs) == ["done", *["working"] * AT_ONCE, "waiting"]
    for each in begun:
        each.ended.set()
    until(lambda: len(begun) == AT_ONCE + 2)
    begun[-1].ended.set()
    until(lambda: set(states(jobs)) == {"done"})
    assert [jobs.get(each)["result"] for each in ids] == [{"of": number} for number in range(AT_ONCE + 2)]


def test_the_same_work_is_begun_once(jobs, begun):
    first, again = (jobs.begin("look", "cats", {"number": 1, "begun": begun}) for _ in range(2))
    assert first["id"] == again["id"]
    other = jobs.begin("look", "cats", {"number": 2, "begun": begun})
    assert other["id"] != first["id"]


def test_progress_is_told_and_kept(tmp_path, begun):
    told = []
    with Jobs(tmp_path, lambda kind, value: told.append((kind, value)), Pretended) as jobs:
        (each,) = begin(jobs, begun, 1)
        until(lambda: begun and begun[0].told)
        begun[0].told("looking", 3, 10)
        assert (jobs.get(each)["text"], jobs.get(each)["done"], jobs.get(each)["total"]) == ("looking", 3, 10)
        begun[0].ended.set()
        until(lambda: jobs.get(each)["state"] == "done")
    assert next(value["state"] for kind, value in told if kind == "job") == "waiting"
    until(lambda: told[-1][1]["state"] == "done")
    assert any(value["text"] == "looking" for _, value in told)


@pytest.mark.parametrize("is_waiting", [True, False])
def test_a_job_that_is_cancelled_says_so_and_the_next_goes_on(jobs, begun, is_waiting):
    ids = begin(jobs, begun, AT_ONCE + 2)
    until(lambda: len(begun) == AT_ONCE)
    victim = AT_ONCE if is_waiting else 0
    assert jobs.cancel(ids[victim])["state"] == "cancelled"
    if is_waiting:
        begun[0].ended.set()
    until(lambda: len(begun) == AT_ONCE + 1)
    assert begun[-1].request["number"] == (AT_ONCE + 1 if is_waiting else AT_ONCE)
    assert jobs.get(ids[victim])["state"] == "cancelled"


def test_a_job_that_fails_says_why(jobs, begun):
    (each,) = begin(jobs, begun, 1)
    until(lambda: len(begun) == 1)
    begun[0].failure = Problem(422, "the pictures are gone")
    begun[0].ended.set()
    until(lambda: jobs.get(each)["state"] == "failed")
    assert jobs.get(each)["problem"] == "the pictures are gone"


def test_what_is_made_of_a_result_is_told_instead_of_it(jobs, begun):
    job = jobs.begin("look", "cats", {"number": 5, "begun": begun}, lambda result: {"twice": 2 * result["of"]})
    until(lambda: len(begun) == 1)
    begun[0].ended.set()
    until(lambda: jobs.get(job["id"])["state"] == "done")
    assert jobs.get(job["id"])["result"] == {"twice": 10}


def test_jobs_that_ended_are_forgotten_when_there_are_many(jobs, begun):
    for number in range(MOST_KEPT + 5):
        job = jobs.begin("look", "cats", {"number": number, "begun": begun})
        until(lambda number=number: len(begun) == number + 1)
        begun[-1].ended.set()
        until(lambda job=job: jobs.get(job["id"])["state"] == "done")
    assert len(jobs.all()) == MOST_KEPT


def test_no_more_wait_than_can_be_meant(jobs, begun):
    with pytest.raises(Problem, match="too much waits"):
        begin(jobs, begun, 1000)


def test_the_end_of_the_studio_is_the_end_of_its_jobs(tmp_path, begun):
    with Jobs(tmp_path, begin_work=Pretended) as jobs:
        begin(jobs, begun, AT_ONCE + 1)
        until(lambda: len(begun) == AT_ONCE)
    until(lambda: states(jobs) == ["cancelled"] * (AT_ONCE + 1))
    assert all(each.is_cancelled for each in begun)
    with pytest.raises(Problem):
        jobs.begin("look", "cats", {"number": 9, "begun": begun})


def test_jobs_are_asked_for_and_cancelled_over_http(tmp_path):
    with opened(tmp_path / "home") as rooms:
        rooms.page.post("/api/sets", json={"source": "avatars"})
        begun = rooms.page.post("/api/sets/avatars/look", json={"size": 64}).json()
        assert (begun["kind"], begun["subject"]) == ("look", "avatars")
        assert rooms.page.delete(f"/api/jobs/{begun['id']}").json()["state"] == "cancelled"
        assert [job["id"] for job in rooms.page.get("/api/jobs").json()] == [begun["id"]]
        assert rooms.page.delete(f"/api/jobs/{begun['id']}").status_code == 200
        assert rooms.page.get("/api/jobs").json() == []
        for ask in (rooms.page.get, rooms.page.delete):
            assert ask("/api/jobs/nobody").status_code == 404


# Work in processes of their own; the kind is one that fails at once, or a look that has something to do.


def look_at(tmp_path, source="avatars"):
    home = tmp_path / "home"
    with opened(home) as rooms:
        rooms.page.post("/api/sets", json={"source": source, "name": "x"})
    return {"home": str(home), "set": "x", "size": [64, 64], "fit": None, "channels": None, "conditional": False} | {
        "drop_near": None
    }


def test_work_in_a_process_tells_how_far_it_is_and_gives_its_result(tmp_path, monkeypatch):
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))
    told = []
    result = Work("look", look_at(tmp_path), tmp_path / "log").result(lambda *said: told.append(said))
    assert result["used"] > 1900
    assert told[-1] == ("looking at the pictures", 2000, 2000)
    assert not (tmp_path / "log").exists()


def test_work_that_fails_gives_one_sentence(tmp_path):
    work = Work("look", look_at(tmp_path) | {"set": "nobody"}, tmp_path / "log")
    with pytest.raises(Problem, match="there is no set 'nobody' here"):
        work.result(lambda *said: None)


@pytest.mark.parametrize(("kind", "request_"), [("no such kind", {}), ("look", {})])
def test_work_that_nobody_foresaw_failing_says_what_it_printed(tmp_path, kind, request_):
    with pytest.raises(Problem, match=r"fault of Ganvas: KeyError|failed here: KeyError"):
        Work(kind, request_, tmp_path / "log").result(lambda *said: None)
    assert "Traceback" in (tmp_path / "log").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="there a process ends without a signal")
def test_work_that_the_system_ends_says_so(tmp_path):
    work = Work("look", look_at(tmp_path), tmp_path / "log")
    os.kill(work._process.pid, signal.SIGKILL)
    with pytest.raises(Problem, match="ended by the system"):
        work.result(lambda *said: None)


def test_work_that_is_cancelled_ends_soon(tmp_path):
    work = Work("look", look_at(tmp_path), tmp_path / "log")
    work.cancel()
    with pytest.raises(Cancelled):
        work.result(lambda *said: None)
    assert work._process.poll() is not None


STUDIO = """
import sys, time
from pathlib import Path
from ganvas.studio.jobs.working import Work
work = Work("frames", {"video": sys.argv[2], "out": "x", "every": 1}, Path(sys.argv[1]))
print(work._process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="asks the system for its processes")
def test_work_ends_when_the_studio_is_killed(tmp_path):
    pytest.importorskip("av")
    os.mkfifo(tmp_path / "endless.mp4")  # which nobody writes to
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    code = [sys.executable, "-c", STUDIO, str(tmp_path / "log"), str(tmp_path / "endless.mp4")]
    with subprocess.Popen(code, stdout=subprocess.PIPE, text=True, env=environment) as studio:
        assert studio.stdout is not None
        process = int(studio.stdout.readline())
        studio.kill()
    until(lambda: not os.path.isdir(f"/proc/{process}"))
