"""A few of the faults that `make faults` tries by the thousand, and that what judges them can find something wrong."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from bench.faults import __main__ as faults
from bench.faults.forks import Ended, Fault, Forks
from bench.faults.trials import TRAIN, VERBS, Trial, Verb, whole_run, whole_site
from bench.lines import keep

from ganvas.files import cache_folder
from ganvas.publishing import site
from ganvas.publishing.packaging import Bundle

QUICK = {
    "train": Verb([*TRAIN, "8", "--set", "recording.report=false"], "run", whole=whole_run),
    **{name: VERBS[name] for name in ("generate", "generate to npy", "generate to shards")},
}


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    if sys.platform != "linux" or shutil.which("cc") is None:
        pytest.skip("needs Linux and a C compiler called cc")
    with Forks(tmp_path_factory.mktemp("disk")) as forks:
        yield forks


@pytest.fixture(
    scope="module",
    params=["generate", *(pytest.param(name, marks=pytest.mark.slow) for name in QUICK if name != "generate")],
)
def trial(request, forks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trial")
    return Trial(QUICK[request.param], forks, folder / "work", folder / "downloads")


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault != Fault.NONE], ids=lambda fault: fault.name)
def test_whatever_fails_is_one_line_and_the_command_again_makes_what_it_always_made(fault, trial):
    points = trial.points(fault)
    assert len(points) > 1
    point = points[faults.evenly(len(points))[fault % len(points)]]
    assert trial.strike(fault, point, jump_seconds=faults.YEAR * (-1) ** fault) == ""


def test_a_training_that_is_killed_and_then_out_of_room_is_gone_on_with(forks, tmp_path):
    trial = Trial(QUICK["train"], forks, tmp_path / "work", tmp_path / "downloads")
    assert trial.strike(Fault.KILLED, kill_after=0.8 * trial.seconds) == ""
    assert trial.strike(Fault.KILLED, trial.points(Fault.KILLED)[-8]) == ""
    assert trial.strike(Fault.NOSPACE, trial.points(Fault.NOSPACE)[len(trial.points(Fault.NOSPACE)) // 2]) == ""


class Scripted:
    """Stands in for Forks: a command that makes one file, and does something else when it meets a fault."""

    def __init__(self, meets):
        self.meets = meets
        self.struck = 0

    def run(self, command, folder, *, fault=Fault.NONE, **_):
        made = folder / "made"
        if fault == Fault.NONE:
            made.write_text("other" if self.struck and "repeats otherwise" in self.meets else "made")
            return Ended(0, "", "", changes=3, reads=2)
        self.struck += 1
        status, err = self.meets["status"], self.meets.get("err", "ganvas: the disk is full")
        made.write_text(self.meets.get("made", "made"))
        if "left" in self.meets:
            (folder / f".made.{os.getpid()}.unfinished").touch()
        return Ended(status, "", err)


@pytest.mark.parametrize(
    ("meets", "told"),
    [
        ({"status": 5}, ""),
        ({"status": 0}, ""),
        ({"status": 0, "made": "half"}, "it said that all went well, but made is another"),
        ({"status": 1}, "exit status 1"),
        ({"status": 5, "err": "Traceback (most recent call last):\nOSError: full"}, "a traceback: OSError: full"),
        ({"status": 5, "err": "the disk is full"}, "no line that says why"),
        ({"status": 5, "left": True}, "was left behind"),
        ({"status": 5, "repeats otherwise": True}, "repeated: made is another"),
    ],
)
def test_what_does_not_hold_is_told(meets, told, tmp_path):
    trial = Trial(Verb(["make"], "made"), Scripted(meets), tmp_path / "work", tmp_path / "downloads")
    found = trial.strike(Fault.NOSPACE, 1)
    assert told in found
    assert bool(found) == bool(told)


def test_what_must_hold_of_a_result_is_asked_after_a_fault(tmp_path):
    verb = Verb(["make"], "made", whole=lambda path: "half of it" if path.read_text() == "half" else "")
    trial = Trial(verb, Scripted({"status": 5, "made": "half"}), tmp_path / "work", tmp_path / "downloads")
    assert trial.strike(Fault.NOSPACE, 1) == "half of it"


def test_a_page_without_one_of_its_files_is_told(published, web_runtime_fetched_once, tmp_path):
    site.publish(Bundle(published.folder, cache_folder() / "downloads"), tmp_path, site.SiteOptions())
    assert whole_site(tmp_path) == ""
    for name in ("style.css", "app.js", "model.onnx.gz"):
        (tmp_path / name).rename(tmp_path / "away")
        assert f"asks for {name}" in whole_site(tmp_path)
        (tmp_path / "away").rename(tmp_path / name)


def test_every_beginning_of_the_order_is_spread_over_all_points():
    for count in (1, 2, 7, 64, 100):
        order = faults.evenly(count)
        assert sorted(order) == list(range(count))
        for length in (n for n in (4, 16) if n <= count):
            assert all(any(a <= at < a + 2 * count / length for at in order[:length]) for a in range(count // 2))


def test_the_table_counts_what_held_the_last_time(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(faults, "RESULTS", tmp_path / "faults.jsonl")
    for point, wrong in ((1, "a traceback"), (2, ""), (3, "a traceback"), (1, "")):
        keep(faults.RESULTS, {"verb": "look", "fault": "no room", "point": point, "wrong": wrong})
    faults.main(["--table"])
    assert "| look | 2 of 3 |" in capsys.readouterr().out


def test_the_pages_table_is_that_of_the_results():
    root = Path(faults.__file__).parents[2]
    page = (root / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert faults.table(faults.kept(root / faults.RESULTS)) in page
