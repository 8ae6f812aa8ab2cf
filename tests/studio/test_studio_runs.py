"""What is told of runs, from their folders alone."""

import json
import os
import shutil
import sys
import time

import pytest
from studios import append, draw_moment, held, line, make_run

from ganvas.formats.log_events import Ended
from ganvas.studio.home import Home
from ganvas.studio.problems import Problem
from ganvas.studio.runs.notes import Note, write_note
from ganvas.studio.runs.processes import FAULT, PROMPT
from ganvas.studio.runs.runs import Runs
from ganvas.studio.runs.states import Evidence, state_of

RESUMED = {"images": 64, "seconds": 6.4, "event": "resumed"}
DIVERGED = {"images": 64, "seconds": 6.4, "event": "diverged", "what": "a weight", "has_saved": True}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def runs(home):
    return Runs(home, list)


def test_an_empty_home_has_no_runs(runs):
    assert runs.summaries() == []


def test_a_summary_says_what_a_card_shows(home, runs):
    make_run(home, "cats", images=64, measured=True)
    (summary,) = runs.summaries()
    found = {
        "name": "cats",
        "state": "finished",
        "source": "avatars",
        "set": None,
        "recipe": "quick",
        "width": 16,
        "height": 16,
        "channels": 3,
        "classes": [],
        "images": 64,
        "until_images": 64,
        "seconds": 6.4,
        "seconds_left": None,
        "images_per_second": 10.0,
        "kd": 0.02,
        "kd_error": 0.001,
        "pca_kd": 0.05,
        "floor_kd": None,
        "best_images": 64,
        "by": "terminal",
        "problem": None,
        "made": [],
        "start": None,
        "preview": "api/runs/cats/moments/64.png",
    }
    assert {name: summary[name] for name in found} == found
    assert summary["verdict"] == {"kind": "plateau", "evidence": "no gain", "advice": "Stop.", "images": 64}
    assert (summary["offer"]["action"], summary["offer"]["values"]) == ("publish", {"run": "cats", "images": 64})
    assert abs(summary["begun"] - time.time()) < 3600
    json.dumps(summary, allow_nan=False)


def test_a_detail_adds_moments_columns_events_and_settings(home, runs):
    run = make_run(home, "cats", images=64)
    (run / "moments").mkdir()
    (run / "moments" / "000000064.safetensors").touch()
    (run / "film.mp4").touch()
    detail = runs.detail("cats")
    assert detail["moments"] == [
        {"images": 0, "drawn": True, "kept": False},
        {"images": 64, "drawn": True, "kept": True},
    ]
    assert detail["columns"]["images"] == [16, 32, 48, 64]
    assert [one["event"] for one in detail["events"]] == ["ended"]
    assert detail["events"][0]["text"] == "finished"
    assert detail["settings"]["network.architecture"] == "dcgan"
    assert detail["data"]["used"] == 12
    assert detail["film"].startswith("api/runs/cats/files/film.mp4?v=")
    assert detail["directions"] is None
    assert detail["bytes"] > 0
    assert detail["command"] == "ganvas train --out runs/cats --resume"


def test_a_run_that_was_published_or_scored_says_so(home, runs):
    run = make_run(home, "my-cats", measured=True)
    make_run(home, "my")
    (home.published / "my-cats-site").mkdir(parents=True)
    (run / "score.json").write_text('{"floor": {"kernel_distance": {"value": 0.004}}, "other": NaN}')
    summary = runs.summary("my-cats")
    assert (summary["made"], summary["floor_kd"], summary["offer"]) == (["my-cats-site"], 0.004, None)
    assert runs.summary("my")["made"] == []


def test_a_fork_names_its_parent(home, runs):
    make_run(home, "child", start={"model": "runs/parent", "at": 32})
    assert runs.summary("child")["start"] == {"run": "parent", "images": 32}


@pytest.mark.parametrize(
    ("ended", "more", "state"),
    [
        ("finished", (), "finished"),
        ("plateau", (), "finished"),
        ("rescues", (), "finished"),
        ("interrupted", (), "paused"),
        (None, (), "failed"),  # killed
        (None, (DIVERGED,), "failed"),
        ("finished", (RESUMED,), "failed"),  # killed as it was extended
        ("finished", (line(80),), "failed"),
        ("interrupted", (RESUMED, {**RESUMED, "event": "ended", "reason": "finished"}), "finished"),
    ],
)
def test_a_run_of_a_terminal_is_called_by_what_its_log_says(ended, more, state, home, runs):
    append(make_run(home, "cats", ended=ended), *more)
    summary = runs.summary("cats")
    assert summary["state"] == state
    assert (summary["problem"] is None) == (state != "failed")


@pytest.mark.parametrize(
    ("note", "ended", "state"),
    [
        ({"wish": "stop"}, "interrupted", "finished"),
        ({"wish": "pause"}, "interrupted", "paused"),
        ({"wish": "pause"}, "finished", "finished"),  # it was done before it could be paused
        ({"wish": "pause", "process": 2**30, "began": time.time() + 100_000}, None, "paused"),  # as it started
        ({"wish": "stop", "process": 2**30, "began": time.time() + 100_000}, "interrupted", "finished"),
        ({"process": 2**30, "began": time.time() + 100_000}, "finished", "failed"),
        ({"arguments": ("train",)}, None, "paused"),  # taken out of the queue
    ],
)
def test_a_wish_says_how_a_run_is_called_once_it_has_ended(note, ended, state, home, runs):
    run = make_run(home, "cats", ended=ended)
    write_note(run, Note(**note))
    assert runs.summary("cats")["state"] == state


def test_a_run_that_waits_is_queued(home):
    run = home.runs / "cats"
    run.mkdir(parents=True)
    asked = {"source": "avatars", "recipe": "swift", "size": [32, 48]}
    write_note(run, Note(arguments=("train", "avatars"), asked=5.0, request=asked))
    summary = Runs(home, lambda: ["cats"]).summary("cats")
    assert (summary["state"], summary["by"], summary["begun"]) == ("queued", "studio", 5.0)
    assert (summary["source"], summary["recipe"], summary["width"], summary["height"]) == ("avatars", "swift", 32, 48)


def test_a_process_that_failed_is_told_in_its_own_words_until_it_went_on(home, runs):
    run = make_run(home, "cats", ended="interrupted")
    write_note(run, Note(arguments=("train",), process=2**30, began=1.0))
    (run / "studio.log").write_text(f"{PROMPT}train\n{FAULT}old\n{PROMPT}train\nlooked\n{FAULT}there is no /pictures\n")
    assert (runs.summary("cats")["state"], runs.summary("cats")["problem"]) == ("failed", "there is no /pictures")
    os.utime(run / "studio.log", (1, 1))  # a terminal went on with it since
    assert runs.summary("cats")["state"] == "paused"


def test_what_is_wrong_with_a_set_is_told_of_it_by_its_name(home, runs):
    run = make_run(home, "cats", ended="interrupted")
    prepared = str(home.studio / "prepared" / "pets-0123456789abcdef" / "pets")
    write_note(run, Note(set="pets", arguments=("train", prepared), process=2**30, began=1.0))
    (run / "studio.log").write_text(f"{PROMPT}train\n{FAULT}{prepared}: 2 pictures can be used\n")
    assert runs.summary("cats")["problem"] == "pets: 2 pictures can be used"


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGTERM")
def test_a_run_trains_while_a_process_holds_its_lock(home, runs):
    run = make_run(home, "cats", ended=None)
    with held(run, "ganvas", "train") as process:
        os.utime(run / "run.toml", (1, 1))
        assert runs.summary("cats")["state"] == "starting"
        (run / "run.toml").touch()
        assert runs.summary("cats")["state"] == "training"
        assert runs.active() == ["cats"]
        write_note(run, Note(wish="pause", wish_of=process.pid))
        assert runs.summary("cats")["state"] == "pausing"
        write_note(run, Note(wish="pause", wish_of=process.pid + 1))  # of a process before
        assert runs.summary("cats")["state"] == "training"
        process.kill()
        process.wait()
        assert runs.summary("cats")["state"] == "paused"
    assert runs.active() == []


@pytest.mark.parametrize(("began", "state"), [(1.0, "training"), (9.0, "starting")])
def test_a_run_that_has_ended_is_not_said_to_start_while_its_process_goes(began, state):
    evidence = Evidence(
        Note(began=began),
        trainer=(1, False),  # which gave the lock back
        has_planned=True,
        is_queued=False,
        is_begun=True,
        events=[Ended(images=64, reason="finished")],
        went_on=False,
        logged=5.0,
        fault="",
        told=0.0,
    )
    assert state_of(evidence) == (state, None)


def test_a_number_of_a_process_that_is_another_by_now_is_no_training(home, runs):
    run = make_run(home, "cats")
    (run / "training.lock").touch()
    (run / "training.pid").write_text(f"{os.getpid()}\n")
    write_note(run, Note(arguments=("train",), started=("train",), process=os.getpid(), began=1.0))
    assert runs.summary("cats")["state"] == "finished"


@pytest.mark.parametrize("seconds", [None, 20.0])
def test_the_time_that_is_left_follows_from_the_limit(seconds, home, runs):
    run = make_run(home, "cats", ended=None, images=64)
    text = (run / "run.toml").read_text().replace("images = 64", "images = 640")
    if seconds is not None:
        text = text.replace("[limits]\nimages = 640", f"[limits]\nseconds = {seconds}")
    (run / "run.toml").write_text(text)
    with held(run, "ganvas", "train"):
        (run / "run.toml").touch()
        summary = runs.summary("cats")
    assert summary["until_images"] == 640
    assert summary["seconds_left"] == pytest.approx(57.6 if seconds is None else 13.6)


DAMAGED = {
    "no run.toml": lambda run: (run / "run.toml").unlink(),
    "an empty run.toml": lambda run: (run / "run.toml").write_text(""),
    "half a run.toml": lambda run: (run / "run.toml").write_text('[pictures]\nsource = "ava'),
    "a run.toml that is none": lambda run: (run / "run.toml").write_bytes(b"\xff\x00"),
    "a setting out of range": lambda run: (run / "run.toml").write_text("[pictures]\nwidth = 3\n"),
    "a section that is a number": lambda run: (run / "run.toml").write_text("pictures = 3\nlimits = 4\n"),
    "a newer format": lambda run: (run / "run.toml").write_text("format = 99\n"),
    "no log": lambda run: (run / "log.jsonl").unlink(),
    "a log of rubbish": lambda run: (run / "log.jsonl").write_bytes(os.urandom(5000)),
    "a log that is a folder": lambda run: ((run / "log.jsonl").unlink(), (run / "log.jsonl").mkdir()),
    "numbers that are none": lambda run: (run / "log.jsonl").write_text(
        '{"images": 1e400}\n{"images": NaN}\n[]\n"x"\n'
    ),
    "no data.json": lambda run: (run / "data.json").unlink(),
    "a data.json that is a list": lambda run: (run / "data.json").write_text("[1]"),
    "a data.json of other kinds": lambda run: (run / "data.json").write_text(
        '{"used": "many", "classes": 3, "width": {}}'
    ),
    "no samples": lambda run: shutil.rmtree(run / "samples"),
    "samples that are a file": lambda run: (shutil.rmtree(run / "samples"), (run / "samples").touch()),
    "a model.json of rubbish": lambda run: ((run / "model").mkdir(), (run / "model" / "model.json").write_text("{")),
    "a damaged note": lambda run: (run / "studio.json").write_text('{"wish": 3}'),
    "a note of rubbish": lambda run: (run / "studio.json").write_bytes(b"\xff"),
    "a pid that is none": lambda run: (run / "training.pid").write_text("many"),
    "a pid beyond all": lambda run: (run / "training.pid").write_text("99999999999999999"),
    "a score of rubbish": lambda run: (run / "score.json").write_text('{"floor": 3}'),
    "a start of rubbish": lambda run: (run / "run.toml").write_text("start = 3\n[plan]\nimages = -1\n"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_run_is_listed_and_the_others_are_as_they_were(damage, home, runs):
    make_run(home, "whole")
    run = make_run(home, "damaged")
    runs.summaries()
    DAMAGED[damage](run)
    listed = {one["name"]: one for one in runs.summaries()}
    assert listed["whole"]["state"] == "finished"
    assert json.dumps(listed["damaged"], allow_nan=False)
    json.dumps(runs.detail("damaged"), allow_nan=False)
    fresh = Runs(home, list)
    assert {one["name"] for one in fresh.summaries()} == {"whole", "damaged"}


@pytest.mark.parametrize(
    "damage", ["half a run.toml", "a newer format", "a setting out of range", "a log that is a folder"]
)
def test_what_cannot_be_read_is_told_in_words(damage, home, runs):
    DAMAGED[damage](make_run(home, "cats"))
    assert "cannot be read" in runs.summary("cats")["problem"]


def test_what_is_no_run_is_not_listed(home, runs):
    (home.runs / "empty").mkdir(parents=True)
    (home.runs / "pictures").mkdir()
    (home.runs / "pictures" / "1.jpg").touch()
    (home.runs / ".hidden").mkdir()
    (home.runs / ".hidden" / "run.toml").touch()
    (home.runs / "run.toml").touch()
    assert runs.summaries() == []


def test_a_run_that_vanishes_is_gone(home, runs):
    run = make_run(home, "cats")
    runs.detail("cats")
    shutil.rmtree(run)
    assert runs.summaries() == []
    for ask in (runs.summary, runs.detail):
        with pytest.raises(Problem) as gone:
            ask("cats")
        assert gone.value.status == 404


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the system administrator may read anything")
def test_a_run_that_may_not_be_read_is_told_in_words(home, runs):
    run = make_run(home, "cats")
    (run / "run.toml").chmod(0)
    assert "cannot be read" in runs.summary("cats")["problem"]


def test_what_changes_in_a_folder_changes_the_summary(home, runs):
    run = make_run(home, "cats", ended=None)
    for change, field in (
        (lambda: append(run, line(80)), "images"),
        (lambda: draw_moment(run, 80), "preview"),
        (lambda: append(run, {"images": 80, "seconds": 8.0, "event": "ended", "reason": "finished"}), "state"),
    ):
        before, signature = runs.summary("cats"), runs.signature("cats")
        change()
        assert runs.summary("cats")[field] != before[field]
        assert runs.signature("cats") != signature


def test_two_hundred_unchanged_runs_are_listed_without_opening_a_file(home):
    for at in range(200):
        make_run(home, f"run {at}", images=32)
    runs = Runs(home, list)
    first = runs.summaries()
    opened = []
    sys.addaudithook(lambda name, arguments: opened.append(arguments[0]) if name == "open" and counting else None)
    counting = True
    began = time.process_time()
    assert runs.summaries() == first
    took, counting = time.process_time() - began, False
    assert [path for path in opened if str(home.root) in str(path)] == []
    assert took < 0.3  # 20 ms of an idle core
