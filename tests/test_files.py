from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ganvas.errors import SettingError
from ganvas.files import replace_tensors, replace_text, replacing, writing_to


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
    told = r"--pairs p.png: cannot be written \(full\); choose another file"
    with pytest.raises(SettingError, match=told), writing_to(Path("p.png"), "--pairs", what="file"):
        raise OSError(28, "full")
