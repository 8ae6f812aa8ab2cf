"""Several processes train one run: started by `ganvas train --processes` or torchrun, ended, killed, gone on with."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganvas
from ganvas.config import PictureSettings, from_toml
from ganvas.data import BatchStream, load_pictures
from ganvas.errors import ModelError, PicturesError, ProcessError, SettingError
from ganvas.formats.log import read_log
from ganvas.formats.log_events import Ended, Resumed
from ganvas.studio.runs.processes import command_of, is_train
from ganvas.workflows import processes
from processes import free_port

TINY = [
    "--recipe",
    "quick",
    "--size",
    "16",
    "--width",
    "0.1",
    "--set",
    "training.batch=8",
    "--set",
    "measuring.share=0",
]
TINY += ["--set", "recording.report=false"]
ENDLESS = ["--images", "1000m", "--set", "recording.save_seconds=0"]
SECONDS = 300  # that anything here may take, on a machine that does other things too


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with pictures, and a cache of its own."""
    folder = tmp_path_factory.mktemp("processes")
    (folder / "my-pictures").mkdir()
    coarse = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 3)).astype(np.uint8)
    for index, picture in enumerate(coarse.repeat(4, 1).repeat(4, 2)):
        Image.fromarray(picture).save(folder / "my-pictures" / f"{index}.png")
    return folder


def environment(place):
    return {**os.environ, "OMP_NUM_THREADS": "1", "GANVAS_CACHE": str(place / "cache")}


def command(place, *words):
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=place,
        env=environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def train(place, out, *options):
    return command(place, "-m", "ganvas", "train", "my-pictures", "--out", out, *TINY, *options)


def ended(process):
    output, errors = process.communicate(timeout=SECONDS)
    return process.returncode, output, errors


def wait_for(condition, process):
    until = time.monotonic() + SECONDS
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)


def saved(out: Path):
    return (out / "checkpoint" / "state.json").exists()


def holder(out: Path) -> int:
    """The process of rank 0."""
    return int((out / "training.pid").read_text())


def ranks_of(out: Path) -> dict[int, int]:
    """The processes that train there, by rank."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            words = (path.parent / "cmdline").read_bytes().split(b"\0")
            variables = dict(one.split(b"=", 1) for one in path.read_bytes().split(b"\0") if b"=" in one)
        except OSError:
            continue
        if b"RANK" in variables and str(out.name).encode() in words and b"torch.distributed.run" not in words:
            found[int(variables[b"RANK"])] = int(path.parent.name)
    return found


def images_of(out: Path) -> tuple[list[int], float]:
    """Images shown where it was gone on with, and at the end."""
    log = read_log(out / "log.jsonl")
    return [event.images for event in log.events if isinstance(event, Resumed)], log.numbers[-1]["images"]


def test_two_processes_make_the_run_of_one_and_it_goes_on_with_another_number(place):
    code, output, errors = ended(train(place, "two", "--images", "160", "--processes", "2"))
    assert code == 0, errors
    assert output.count("160 images in") == 1
    assert "torch" not in errors
    assert from_toml(place / "two" / "run.toml").config.processes == 2

    code, output, _ = ended(train(place, "one", "--images", "160"))
    assert code == 0
    one, two = (read_log(place / name / "log.jsonl") for name in ("one", "two"))
    assert [entry["images"] for entry in one.numbers][-1] == [entry["images"] for entry in two.numbers][-1] == 160
    assert (place / "one" / "samples" / "000000160.png").exists()
    names = sorted(path.name for path in (place / "one").rglob("*"))
    assert names == sorted(path.name for path in (place / "two").rglob("*"))

    code, output, errors = ended(train(place, "two", "--images", "192", "--processes", "1"))
    assert code == 0, errors
    assert from_toml(place / "two" / "run.toml").config.processes is None
    assert images_of(place / "two") == ([160], 192)


@pytest.mark.slow
def test_a_run_of_one_goes_on_with_four_and_a_repeat_of_its_configuration_with_as_many(place):
    assert ended(train(place, "grown", "--images", "32"))[0] == 0
    code, _, errors = ended(train(place, "grown", "--images", "64", "--processes", "4"))
    assert code == 0, errors
    assert images_of(place / "grown") == ([32], 64)
    repeat = command(place, "-m", "ganvas", "train", "--config", "grown/run.toml", "--out", "again")
    code, _, errors = ended(repeat)
    assert code == 0, errors
    assert from_toml(place / "again" / "run.toml").config.processes == 4


def interrupted_by_a_terminal(process, out):
    os.killpg(process.pid, signal.SIGINT)  # all that it started too


def told_to_end(process, out):
    process.terminate()


def told_to_one_of_them(process, out):
    os.kill(ranks_of(out)[1], signal.SIGTERM)


def paused_by_the_studio(process, out):
    assert is_train(command_of(holder(out)))
    os.kill(holder(out), signal.SIGTERM)


WAYS = [
    interrupted_by_a_terminal,
    *(pytest.param(w, marks=pytest.mark.slow) for w in (told_to_end, told_to_one_of_them, paused_by_the_studio)),
]


@pytest.mark.parametrize("end", WAYS)
def test_it_is_ended_like_any_other(place, end):
    out = place / end.__name__
    process = train(place, out.name, *ENDLESS, "--processes", "2")
    wait_for(lambda: saved(out), process)
    end(process, out)
    code, output, errors = ended(process)
    assert code == 130, errors
    assert output == ""
    assert "the state is saved" in errors
    assert [event.reason for event in read_log(out / "log.jsonl").events if isinstance(event, Ended)] == ["interrupted"]
    assert not (out / "training.pid").exists()


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="needs signals of real time, most of which have no name")
def test_every_signal_that_ends_a_process_can_be_said():
    assert processes._signal(signal.SIGKILL) == "SIGKILL"
    assert processes._signal(signal.SIGRTMIN + 1) == f"signal {signal.SIGRTMIN + 1}"


@pytest.mark.parametrize("rank", [1, pytest.param(0, marks=pytest.mark.slow)])
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to find processes by their rank")
def test_a_killed_process_ends_the_run_with_a_state_to_go_on_from(place, rank):
    out = place / f"killed-{rank}"
    process = train(place, out.name, *ENDLESS, "--processes", "2")
    wait_for(lambda: saved(out), process)
    os.kill(ranks_of(out)[rank], signal.SIGKILL)
    code, _, errors = ended(process)
    assert code == ProcessError.exit_status
    (said,) = [line for line in errors.splitlines() if line.startswith("ganvas: ")]
    assert (
        f"process {rank} of 2 was killed by SIGKILL; the same command again goes on from the last saved state" in said
    )
    # A process that is told to end while it ends anyway says "Exception ignored", as Python does; the run is whole.
    assert "Traceback" not in errors.partition("Exception ignored")[0]
    images = str(10**6)
    code, _, errors = ended(
        train(place, out.name, "--images", images, "--set", "recording.save_seconds=0", "--time", "3s")
    )
    assert code == 0, errors
    assert any(isinstance(event, Resumed) for event in read_log(out / "log.jsonl").events)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "rank"), [(0, 0), (2, 1)])
def test_a_process_that_loses_too_many_of_its_pictures_ends_the_run_with_that_reason(place, seed, rank):
    shards = place / "shards"
    if not shards.exists():
        pictures = Path(shutil.copytree(place / "my-pictures", place / "damaged"))
        (pictures / "24.png").write_bytes(b"no picture at all, only text")  # the 18th of 40, by name
        ganvas.pack(pictures, shards, shards=2, progress=False)
    settings = PictureSettings(source=str(shards), width=16, height=16, sample=8, shuffle=8)
    found = load_pictures(settings, cache=place / "cache")
    with BatchStream(found, 40, seed) as stream:
        (position,) = np.flatnonzero(stream.batch_at(0).indices.numpy() >= 40)
    assert position % 2 == rank
    lost = ["pictures.most_lost=0.01", "pictures.sample=8", "pictures.shuffle=8"]
    options = [word for setting in lost for word in ("--set", setting)] + ["--seed", str(seed), "--images", "80"]
    arguments = ["-m", "ganvas", "train", "shards", "--out", f"lost-{rank}", *TINY, *options, "--processes", "2"]
    code, _, errors = ended(command(place, *arguments))
    assert code == PicturesError.exit_status
    assert "1 picture of 20 can no longer be read" in errors
    assert "Traceback" not in errors


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to find processes by their rank")
def test_torchrun_starts_the_processes_again_and_the_run_goes_on(place):
    out = place / "restarted"
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--max-restarts=1", "--standalone"]
    options = [*TINY, "--time", "40s", "--set", "recording.save_seconds=0"]
    process = command(place, *launcher, "-m", "ganvas", "train", "my-pictures", "--out", out.name, *options)
    wait_for(lambda: saved(out), process)
    os.kill(ranks_of(out)[1], signal.SIGKILL)
    code, output, errors = ended(process)
    assert code == 0, errors
    assert output.count(" images in ") == 1
    assert [type(event) for event in read_log(out / "log.jsonl").events].count(Resumed) == 1


@pytest.mark.slow
def test_two_machines_meet_at_an_address(place):
    both = ["--images", "64", "--nodes", "2", "--processes", "1", "--rendezvous", f"localhost:{free_port()}"]
    processes = [train(place, "met", *both) for _ in range(2)]
    for code, _, errors in map(ended, processes):
        assert code == 0, errors
    assert from_toml(place / "met" / "run.toml").config.processes == 2
    assert read_log(place / "met" / "log.jsonl").numbers[-1]["images"] == 64


def test_from_python_it_is_the_same_and_errors_are_those_of_the_processes(place, monkeypatch, capfd):
    monkeypatch.chdir(place)
    for name, value in environment(place).items():
        monkeypatch.setenv(name, value)
    options = {"recipe": "quick", "size": 16, "width": 0.1, "progress": False}
    settings = {"training.batch": 8, "measuring.share": 0, "recording.report": False}
    run = ganvas.train("my-pictures", images=64, processes=2, out="api", settings=settings, **options)
    assert (run.images, run.interrupted, run.config.processes) == (64, False, 2)
    with pytest.raises(ModelError, match="nowhere"):
        ganvas.train("my-pictures", images=64, processes=2, out="api-2", start="nowhere", settings=settings, **options)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"processes": 3}, "3 processes for training.batch = 16: each should have as many .* choose 1, 2, 4, 8, 16"),
        ({"processes": 32}, "32 processes for training.batch = 16"),
        ({"processes": 0}, "processes"),
        ({"processes": 2, "events": True}, "events are those of one process"),
        ({"processes": 2, "nodes": 2}, "--rendezvous HOST:PORT"),
        ({"processes": 2, "nodes": 2, "rendezvous": "node-1"}, "expected HOST:PORT"),
        ({"processes": 2, "nodes": 2, "rendezvous": "node-1:0"}, "a port of 1 to 65535"),
        ({"processes": 2, "nodes": 2, "rendezvous": "node-1:99999"}, "a port of 1 to 65535"),
    ],
)
def test_what_cannot_be_is_refused(place, monkeypatch, options, said):
    monkeypatch.chdir(place)
    with pytest.raises(SettingError, match=said):
        ganvas.train("my-pictures", out="refused", progress=False, **options)
    assert not (place / "refused").exists()
