"""What a run folder goes through: two at once, torn logs, full disks, other pictures."""

import errno
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file
from torch.testing import assert_close

from ganvas.config import LimitSettings, with_settings
from ganvas.errors import DiskError, SettingError
from ganvas.formats.log import read_log
from ganvas.formats.log_events import LogMended, PicturesChanged
from ganvas.model.weights import load_model
from ganvas.recipes import RECIPES
from ganvas.run.events import Finished
from ganvas.run.execute import RunParts
from ganvas.run.folder import RunFolder
from ganvas.training import save_checkpoint
from ganvas.workflows.progress import Interruption, show_training
from ganvas.workflows.train import train


def draw(folder, count, seed=0):
    numbers = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    for index in range(count):
        Image.fromarray(numbers.integers(0, 255, (16, 16, 3)).astype(np.uint8)).save(folder / f"{seed}-{index}.png")


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Of a run of 40 images that is saved after every step and measured never."""
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))
    draw(tmp_path / "pictures", 20)
    small = ["training.batch=4", "network.width=0.02", "network.z_dim=4", f"pictures.source={tmp_path / 'pictures'}"]
    small += [
        "pictures.width=16",
        "pictures.height=16",
        "device=cpu",
        "recording.drawn_px=16",
        "recording.report=false",
    ]
    small += ["recording.save_seconds=0", "recording.log_seconds=0", "measuring.share=0"]
    made = with_settings(RECIPES["dcgan28"].config, small)
    return made.model_copy(update={"limits": LimitSettings(images=40)})


def state_of(run):
    (path,) = (run / "checkpoint").glob("*.safetensors")
    return load_file(path)


def log_images(run):
    return [json.loads(line)["images"] for line in (run / "log.jsonl").read_text().splitlines()]


def fails_at(call, error):
    """A function that raises at its `call`th call, and one that saves as usual at the others."""
    calls = []

    def save(state, folder):
        calls.append(folder)
        if len(calls) == call:
            raise error
        save_checkpoint(state, folder)

    return save


class FullFolder(RunFolder):
    """A run folder on a disk that is full from the sixth line of the log on."""

    def _append(self, line):
        if len(self.read_log().numbers) >= 5:
            raise OSError(errno.ENOSPC, "No space left on device", str(self.log_path))
        super()._append(line)


@pytest.mark.parametrize(
    "parts",
    [
        RunParts(save=fails_at(4, OSError(errno.ENOSPC, "No space left on device"))),
        RunParts(save=fails_at(1, OSError(errno.EIO, "Input/output error"))),
        RunParts(folder=FullFolder),
    ],
    ids=["state", "first state", "log"],
)
def test_a_run_whose_disk_was_full_goes_on_exactly_once_there_is_room(parts, config, tmp_path):
    with pytest.raises(DiskError, match=r"the disk (is full|fails)"):
        list(train(config, tmp_path / "full", parts=parts))
    list(train(config, tmp_path / "full"))
    list(train(config, tmp_path / "whole"))
    assert_close(state_of(tmp_path / "full"), state_of(tmp_path / "whole"), rtol=0, atol=0)
    assert log_images(tmp_path / "full") == sorted(log_images(tmp_path / "full"))


def test_a_line_that_does_not_fit_on_the_disk_leaves_none_of_it_in_the_log(tmp_path):
    """With the largest size that a file may have as the size of the disk."""
    code = f"""
import resource, signal
from pathlib import Path
from ganvas.run.folder import RunFolder
folder = RunFolder(Path({str(tmp_path)!r}))
folder.log_numbers({{"images": 1}})
resource.setrlimit(resource.RLIMIT_FSIZE, (30, 30))
try:
    folder.log_numbers({{"images": 2, "seconds": 1234567890}})
except OSError as error:
    print(error.errno)
"""
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert int(done.stdout) in (errno.EFBIG, errno.ENOSPC), done.stderr
    assert (tmp_path / "log.jsonl").read_text() == '{"images": 1}\n'


def test_a_run_goes_on_whatever_is_in_its_log_and_says_once_what_could_not_be_read(config, tmp_path, capsys):
    run = tmp_path / "run"
    list(train(config.model_copy(update={"limits": LimitSettings(images=20)}), run))
    lines = (run / "log.jsonl").read_bytes().splitlines(keepends=True)
    odd = [b"[4]\n", b"null\n", b"\xff\xfe\n", '{"images": 4, "event": "ö'.encode()[:-1] + b"\n", b"[" * 900 + b"\n"]
    (run / "log.jsonl").write_bytes(b"".join([*lines[:2], *odd, *lines[2:], b'{"ima']))
    before = read_log(run / "log.jsonl")
    show_training(train(config, run), Interruption())
    log = read_log(run / "log.jsonl")
    assert [event.lines for event in log.events if isinstance(event, LogMended)] == [len(odd)]
    assert log.numbers[: len(before.numbers)] == before.numbers
    assert log.numbers[-1]["images"] == 40
    assert "5 lines of log.jsonl could not be read" in capsys.readouterr().err
    show_training(train(config, run), Interruption())
    assert len([event for event in read_log(run / "log.jsonl").events if isinstance(event, LogMended)]) == 1


def test_a_finished_run_that_is_repeated_on_other_pictures_says_so_every_time(config, tmp_path, capsys):
    list(train(config, tmp_path / "run"))
    draw(tmp_path / "pictures", 2, seed=1)
    before = state_of(tmp_path / "run")
    for time_of in (1, 2):
        show_training(train(config, tmp_path / "run"), Interruption())
        assert "the pictures have changed" in capsys.readouterr().err
        log = read_log(tmp_path / "run" / "log.jsonl")
        assert len([event for event in log.events if isinstance(event, PicturesChanged)]) == time_of
    assert_close(state_of(tmp_path / "run"), before, rtol=0, atol=0)


def test_a_run_that_is_not_measured_says_why(config, tmp_path):
    *_, finished = train(config, tmp_path / "run")
    assert isinstance(finished, Finished)
    assert finished.verdict == ("no verdict: measuring.share is 0",)


def test_the_time_that_a_run_may_take_counts_from_the_start_of_the_command(config, tmp_path):
    """With a clock that only reading it moves on."""
    now = [0.0]

    def clock():
        now[0] += 0.5
        return now[0]

    limited = config.model_copy(update={"limits": LimitSettings(seconds=60)})
    shown = []
    for name, spent in (("at once", 0.0), ("later", 40.0), ("too late", 1000.0)):
        now[0] = 0.0
        *_, finished = train(limited, tmp_path / name, spent_seconds=spent, parts=RunParts(clock=clock))
        shown.append(finished.images)
    assert shown[0] > 2 * shown[1] > 2 * shown[2] == 8
    whole = config.model_copy(update={"limits": LimitSettings(images=shown[1])})
    list(train(whole, tmp_path / "whole"))
    assert_close(state_of(tmp_path / "later"), state_of(tmp_path / "whole"), rtol=0, atol=0)


HOLD = """
import sys, time
from pathlib import Path
from ganvas.run.folder import RunFolder
with RunFolder(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    time.sleep(60)
"""


def test_a_second_training_in_a_folder_is_refused_until_the_first_is_gone_even_if_killed(config, tmp_path):
    run = tmp_path / "run"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(run)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(SettingError, match=f"process {holder.pid} trains here"):
            list(train(config, run))
        assert not (run / "run.toml").exists()
    finally:
        os.kill(holder.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        holder.communicate()
    list(train(config, run))
    assert (run / "run.toml").exists()
    with RunFolder(run).locked():  # the run let go of it
        pass


def test_a_run_that_could_not_begin_leaves_no_folder(config, tmp_path):
    for picture in (tmp_path / "pictures").iterdir():
        picture.unlink()
    with pytest.raises(Exception, match="pictures"):
        list(train(config, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_what_a_killed_training_left_unfinished_is_gone_after_the_next(config, tmp_path):
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    left = tmp_path / "run" / "moments" / f".000000064.{killed.pid}.unfinished.safetensors"
    left.parent.mkdir(parents=True)
    left.touch()
    list(train(config, tmp_path / "run"))
    assert not left.exists()
    assert not list((tmp_path / "run").rglob("*.unfinished*"))


@pytest.mark.parametrize(
    ("when", "images"),
    [("after", 40), ("before", 40), *(pytest.param(when, 20, marks=pytest.mark.slow) for when in ("before", "after"))],
)
def test_a_run_killed_around_a_saved_state_ships_the_model_of_its_end(when, images, config, tmp_path):
    """The model once came after the state: of a run killed between its last two it stayed that of an earlier moment."""
    out, is_killed = tmp_path / "run", []

    def killed(state, folder):
        is_last = state.images == images and not is_killed
        if is_last and when == "before":
            is_killed.append(True)
            raise KeyboardInterrupt
        save_checkpoint(state, folder)
        if is_last:
            is_killed.append(True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(train(config, out, parts=RunParts(save=killed)))
    list(train(config, out))
    list(train(config, tmp_path / "whole"))
    assert load_model(out).description.images == 40
    assert (out / "model" / "generator.safetensors").read_bytes() == (
        tmp_path / "whole" / "model" / "generator.safetensors"
    ).read_bytes()
