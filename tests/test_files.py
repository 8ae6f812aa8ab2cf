import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ganvas.errors import DiskError, SettingError
from ganvas.files import (
    read_json,
    read_small,
    read_toml,
    replace_tensors,
    replace_text,
    replacing,
    replacing_all,
    sweep,
    writing_to,
)


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "notes.txt"
    replace_text(path, "old")

    def fail():
        with replacing(path) as unfinished:
            unfinished.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_the_ending_of_the_unfinished_file_stays(tmp_path):
    with replacing(tmp_path / "picture.png") as unfinished:
        assert unfinished.suffix == ".png"
        unfinished.touch()


def test_tensors_are_written_with_the_permissions_of_any_other_file(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    replace_tensors(tmp_path / "weights.safetensors", {"w": torch.ones(2, 3).t()})
    assert (tmp_path / "weights.safetensors").stat().st_mode == plain.stat().st_mode
    assert torch.equal(load_file(tmp_path / "weights.safetensors")["w"], torch.ones(3, 2))


def test_what_cannot_be_written_is_said_with_the_option_and_a_way_out(tmp_path):
    (tmp_path / "file").write_text("in the way")
    told = r"--out .*file: cannot be written \(.+\); choose another folder"
    with pytest.raises(SettingError, match=told), writing_to(tmp_path / "file"):
        (tmp_path / "file" / "inside").mkdir()
    told = r"--pairs p.png: cannot be written \(not allowed\); choose another file"
    with pytest.raises(SettingError, match=told), writing_to(Path("p.png"), "--pairs", what="file"):
        raise OSError(errno.EACCES, "not allowed")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_a_disk_that_is_full_or_fails_is_an_error_of_its_own(number, tmp_path):
    with pytest.raises(DiskError, match=r"--out .*: the disk (is full|fails) \(.+\)") as told, writing_to(tmp_path):
        raise OSError(number, "")
    assert told.value.exit_status == 5
    assert "\n" not in str(told.value)


def test_files_that_belong_together_are_replaced_at_the_end_the_last_one_last(tmp_path):
    first, last = tmp_path / "first.txt", tmp_path / "last.txt"
    for path in (first, last):
        replace_text(path, "old")

    def replace_both(*paths, fails=False):
        with replacing_all(*paths) as unfinished:
            for path in unfinished:
                path.write_text("new")
            assert first.read_text() == "old"
            if fails:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        replace_both(first, last, fails=True)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"first.txt": "old", "last.txt": "old"}

    last.unlink()
    last.mkdir()  # which no file can replace
    with pytest.raises(OSError, match="last"):
        replace_both(last, first)
    assert first.read_text() == "old"
    with pytest.raises(OSError, match="last"):
        replace_both(first, last)
    assert first.read_text() == "new"


def test_what_killed_processes_left_unfinished_is_swept_and_nothing_else(tmp_path):
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    names = [f".a.{os.getpid()}.unfinished.png", ".notes.unfinished.txt", "a.unfinished", f"b.{killed.pid}.unfinished"]
    left = [f".a.{killed.pid}.unfinished.png", f".Makefile.{killed.pid}.unfinished"]
    (tmp_path / "inside").mkdir()
    for name in (*names, *left, f"inside/{left[0]}"):
        (tmp_path / name).touch()
    with writing_to(tmp_path):
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "inside"])
    assert (tmp_path / "inside" / left[0]).exists()
    sweep(tmp_path, inside=True)
    assert list((tmp_path / "inside").iterdir()) == []


@pytest.fixture(params=["device", "pipe", "folder", "large", "missing", "link to itself"])
def unreadable(request, tmp_path):
    """A path that holds no small regular file."""
    path = tmp_path / "odd"
    make = {
        "device": lambda: path.symlink_to("/dev/zero"),
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "large": lambda: path.write_bytes(bytes(101)),
        "missing": lambda: None,
        "link to itself": lambda: path.symlink_to(path),
    }
    make[request.param]()
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes and devices in folders")
@pytest.mark.parametrize("read", [read_small, read_json, read_toml])
def test_only_small_regular_files_are_read(read, unreadable):
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    with pytest.raises(OSError):  # noqa: PT011 - of many kinds
        read(unreadable, 100)
    assert sys.platform != "linux" or len(os.listdir("/proc/self/fd")) == before


def test_a_file_of_the_largest_size_is_read(tmp_path):
    (tmp_path / "file").write_bytes(bytes(100))
    assert read_small(tmp_path / "file", 100) == bytes(100)


@pytest.mark.parametrize(
    "stored",
    [b"", b"\xff", b"[" * 900 + b"]" * 900, b'"\\ud800"', b"NaN", b"-Infinity", b"9" * 5000, b'{"a": 1', b"[1,]"],
)
def test_json_that_other_parts_could_not_handle_is_no_json(stored, tmp_path):
    (tmp_path / "file.json").write_bytes(stored)
    with pytest.raises(ValueError):  # noqa: PT011 - of many kinds
        read_json(tmp_path / "file.json")


@pytest.mark.parametrize(
    "stored", [b"\xff", b"a = " + b"[" * 900 + b"]" * 900, b"a = " + b"9" * 5000, b'a = "\\ud800"']
)
def test_toml_that_other_parts_could_not_handle_is_no_toml(stored, tmp_path):
    (tmp_path / "file.toml").write_bytes(stored)
    with pytest.raises(ValueError):  # noqa: PT011 - of many kinds
        read_toml(tmp_path / "file.toml")
