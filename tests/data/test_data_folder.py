"""A folder as people have it: the good pictures are used, each bad one is named, and nothing on the disk changes."""

import hashlib
import json
import os
import pathlib
import shutil
import zlib

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from ganvas.data import directory
from ganvas.data.listing import Entry, choose, folder_labels, sorted_classes
from ganvas.errors import PicturesError, SettingError


def snapshot(folder: pathlib.Path) -> dict[str, object]:
    files = sorted(path for path in folder.rglob("*") if not path.is_symlink() and path.is_file())
    return {str(p): (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns, p.stat().st_mode) for p in files}


def break_everything(folder: pathlib.Path, draw) -> dict[str, str]:
    """Put one of each breakage into `folder`; gives the reason that each must be reported with."""
    noise = Image.effect_noise((300, 300), 80).convert("RGB")
    noise.save(folder / "whole.jpg")
    (folder / "half.jpg").write_bytes((folder / "whole.jpg").read_bytes()[:20_000])
    (folder / "whole.jpg").unlink()
    (folder / "empty.PNG").write_bytes(b"")
    (folder / "letter.jpeg").write_text("Dear reader,")
    (folder / "page.webp").write_text("<!DOCTYPE html><title>404</title>")
    (folder / "noise.gif").write_bytes(bytes(range(256)) * 4)
    bomb = bytearray((folder / "00.png").read_bytes())
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    (folder / "bomb.png").write_bytes(bomb)
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    (folder / "dangling.png").symlink_to(folder / "nowhere.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    os.mkfifo(folder / "pipe.png")
    return {
        "half.jpg": "cut off",
        "empty.PNG": "empty",
        "letter.jpeg": "text",
        "page.webp": "web page",
        "noise.gif": "not a picture",
        "bomb.png": "more than 100 megapixels",
        "dot.png": "too small",
        "dangling.png": "a link to nothing",
        "loop.png": "symbolic link",
        "pipe.png": "not a regular file",
    }


def test_each_breakage_is_named_with_its_reason_and_the_good_pictures_survive(folder, load, draw):
    expected = break_everything(folder, draw)
    before = snapshot(folder)
    pictures = load(folder)
    found = {item.file: item.reason for item in pictures.report.broken}
    assert found.keys() == expected.keys()
    assert all(reason in found[file] for file, reason in expected.items())
    assert len(pictures.images) == pictures.report.used == 10
    assert pictures.report.found == 20
    assert snapshot(folder) == before


def test_the_pictures_come_in_order_of_name_and_look_as_drawn(folder, load, draw):
    pictures = load(folder, width=48, height=48)
    assert_array_equal(pictures.images, np.stack([np.asarray(draw(seed)) for seed in range(10)]))


def test_the_report_is_plain_json_and_its_summary_names_the_broken(folder, load):
    for i in range(8):
        (folder / f"bad{i}.jpg").write_text("no")
    report = load(folder).report
    values = json.loads(json.dumps(report.to_dict()))
    assert values["used"] == 10
    assert values["channels"] == 3
    assert {"file": "bad7.jpg", "reason": "text, not a picture"} in values["broken"]
    line = next(line for line in report.summary().splitlines() if "broken" in line)
    assert line.startswith("8 broken, left out: bad0.jpg (text, not a picture), bad1.jpg")
    assert line.endswith("and 3 more")


def test_files_that_are_no_pictures_are_left_alone_and_not_called_broken(folder, load):
    for name in (".DS_Store", "notes.txt", "data.json", "._01.png", "Thumbs.db"):
        (folder / name).write_bytes(b"x")
    (folder / ".trash").mkdir()
    shutil.copy(folder / "01.png", folder / ".trash" / "old.png")
    report = load(folder).report
    assert report.broken == ()
    assert report.ignored == 6
    assert report.used == 10


def test_exact_duplicates_are_left_out_and_named(folder, load):
    shutil.copy(folder / "03.png", folder / "copy of 03.png")
    report = load(folder).report
    assert report.used == 10
    assert [(item.file, item.same_as) for item in report.duplicates] == [("copy of 03.png", "03.png")]


def test_endings_in_any_case_and_folders_of_any_depth_are_found(folder, load):
    deep = folder / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (folder / "00.png").rename(deep / "x.PnG")
    assert load(folder).report.used == 10


def test_a_link_that_leads_back_is_walked_once(folder, load):
    (folder / "again").symlink_to(folder)
    (folder / "elsewhere").symlink_to(folder.parent / "other")
    (folder.parent / "other").mkdir()
    (folder / "00.png").rename(folder.parent / "other" / "linked.png")
    report = load(folder).report
    assert report.used == 10
    assert report.duplicates == ()


def test_links_out_of_the_folder_never_lead_above_it_or_to_the_system(folder, load):
    for name, target in {"root": "/", "up": folder.parent, "twice": folder.parent, "processes": "/proc"}.items():
        (folder / name).symlink_to(target)
    (folder / "cats").mkdir()
    (folder / "cats" / "back").symlink_to(folder / "cats")
    (folder / "cats" / "devices").symlink_to("/dev")
    (folder.parent / "beside").mkdir()
    draw_beside = (folder / "00.png").rename(folder.parent / "beside" / "a.png")
    (folder / "linked").symlink_to(draw_beside.parent)
    report = load(folder).report
    assert report.used == 10
    assert report.found == 10
    noted = [note for note in report.notes if "not looked into" in note]
    assert len(noted) == 1
    assert noted[0].startswith("4 folders above this one or of the system itself")


def test_a_walk_ends_after_so_many_files(folder, load, monkeypatch):
    (folder / "more").symlink_to(folder.parent / "more")
    (folder.parent / "more").mkdir()
    for i in range(5):
        (folder.parent / "more" / f"{i}.txt").touch()
    monkeypatch.setattr(directory, "MOST_ENTRIES", 16)  # ten pictures, the link and five files behind it
    assert load(folder).report.used == 10
    monkeypatch.setattr(directory, "MOST_ENTRIES", 15)
    with pytest.raises(PicturesError, match="holds or links to more than 15 files"):
        load(folder)


def test_a_file_that_may_not_be_read_is_named_and_tried_again_another_day(folder, load, monkeypatch):
    real = directory.read_regular

    def refuse(path, largest_bytes):
        if path.name == "04.png":
            raise PermissionError(13, "Permission denied")
        return real(path, largest_bytes)

    with monkeypatch.context() as patch:
        patch.setattr(directory, "read_regular", refuse)
        report = load(folder).report
    assert [(item.file, item.reason) for item in report.broken] == [("04.png", "cannot be read: Permission denied")]
    assert load(folder).report.used == 10


def test_a_sub_folder_that_may_not_be_read_is_named(folder, load, monkeypatch):
    (folder / "locked").mkdir()
    real = os.scandir

    def refuse(path):
        if pathlib.Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert [item.file for item in load(folder).report.broken] == ["locked/"]


def test_a_name_that_is_no_utf8_or_would_upset_a_terminal_is_written_out(folder, load):
    os.rename(folder / "00.png", os.fsencode(folder) + b"/\xff.png")
    (folder / "red\x1b[31m\n.png").write_text("no")
    report = load(folder).report
    assert report.used == 10
    assert report.broken[0].file == r"red\x1b[31m\n.png"
    assert json.dumps(report.to_dict()).isascii()


def test_too_few_pictures_are_refused_with_the_reasons(folder, load):
    for seed in range(3, 10):
        (folder / f"{seed:02d}.png").write_text("no")
    with pytest.raises(
        PicturesError, match=r"3 pictures can be used, at least 8 are needed; 7 are broken: 03.png \(text"
    ):
        load(folder)


def test_a_folder_without_pictures_says_what_it_looked_for(tmp_path, load):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("no")
    with pytest.raises(PicturesError, match=r"no pictures, found 1 other file; .*\.jpg"):
        load(tmp_path / "letters")


def test_a_source_that_does_not_exist_is_named_with_the_ones_that_do(load):
    with pytest.raises(SettingError, match=r"'no/such/folder'.*avatars, digits, mnist, lfw, celeba"):
        load("no/such/folder")


def test_a_file_of_another_kind_is_refused(folder, load):
    with pytest.raises(SettingError, match=r"expected a folder of pictures, a zip, a tar or an .npy"):
        load(folder / "00.png")


def test_grey_is_one_channel_only_if_every_picture_is_grey(tmp_path, load):
    grey = tmp_path / "grey"
    grey.mkdir()
    for seed in range(8):
        Image.effect_noise((40, 40), 20 + seed).convert("RGB" if seed % 2 else "L").save(grey / f"{seed}.jpg")
    assert load(grey).images.shape == (8, 32, 32, 1)
    assert load(grey, channels="rgb").images.shape == (8, 32, 32, 3)
    Image.new("RGB", (40, 40), "red").save(grey / "red.jpg")
    pictures = load(grey)
    assert pictures.images.shape == (9, 32, 32, 3)
    assert "8 of 9 pictures are grey; the other keeps the set in colour (red.jpg)" in pictures.report.notes


@pytest.mark.parametrize(("channels", "count"), [("grey", 1), ("rgb", 3), ("rgba", 4), ("auto", 3)])
def test_the_channels_are_those_asked_for(folder, load, channels, count):
    pictures = load(folder, channels=channels, width=48, height=20)
    assert pictures.images.shape == (10, 20, 48, count)
    assert pictures.report.channels == count


def test_the_notes_tell_what_the_user_may_not_expect(folder, load, draw):
    draw(20, 20, 20).save(folder / "small.png")
    draw(21, 900, 100).save(folder / "wide.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    draw(22).save(folder / "turned.jpg", exif=exif)
    Image.new("RGBA", (40, 40), (9, 9, 9, 99)).save(folder / "clear.png")
    notes = " ".join(load(folder).report.notes)
    for text in ("smaller than 32x32", "so wide or tall", "turned upright", "transparent in places"):
        assert f"1 of 14 pictures is {text}" in notes


@pytest.mark.parametrize(
    ("sizes", "target", "end"),
    [
        ([(28, 28)] * 3, (64, 64), "and enlarged; at 28x28 most are not, and are learned sooner"),
        ([(50, 37), (80, 39), (500, 500)], (64, 64), "and enlarged; at 36x36 most are not, and are learned sooner"),
        ([(40, 30), (40, 31)], (64, 48), "and enlarged; at 40x28 most are not, and are learned sooner"),
        ([(8, 8), (9, 9)], (32, 32), "and enlarged; at 16x16 most are not, and are learned sooner"),
        ([(28, 28), (70, 70), (90, 90)], (64, 64), "and enlarged"),
        ([(8, 8)] * 3, (16, 16), "and enlarged"),
    ],
)
def test_where_most_pictures_are_enlarged_a_size_at_which_they_are_not_is_named(
    sizes, target, end, tmp_path, load, draw
):
    for seed, size in enumerate(4 * sizes):
        draw(seed, *size).save(tmp_path / f"{seed}.png")
    (note,) = (n for n in load(tmp_path, width=target[0], height=target[1]).report.notes if "smaller" in n)
    assert note.endswith(end)


def test_sub_folders_are_classes(tmp_path, load, draw):
    for seed in range(12):
        path = tmp_path / "pets" / ["10", "9"][seed % 2]
        path.mkdir(parents=True, exist_ok=True)
        draw(seed).save(path / f"{seed}.png")
    pictures = load(tmp_path / "pets", conditional=True)
    assert pictures.classes == ("9", "10")
    assert pictures.report.classes == {"9": 6, "10": 6}
    assert_array_equal(pictures.labels, [1] * 6 + [0] * 6)
    assert pictures.labels.dtype == np.int64


def test_conditional_without_sub_folders_is_refused(folder, load):
    with pytest.raises(SettingError, match="sub-folder"):
        load(folder, conditional=True)
    assert load(folder).classes == ()


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["a.png", "b.png"], ["", ""]),
        (["cat/a.png", "dog/b.png"], ["cat", "dog"]),
        (["pets/cat/a.png", "pets/dog/x/b.png"], ["cat", "dog"]),
        (["only/a.png", "only/b.png"], ["", ""]),
        (["cat/a.png", "b.png"], ["cat", "."]),
        ([], []),
    ],
)
def test_labels_are_the_first_folders_that_tell_pictures_apart(names, labels):
    assert folder_labels(names) == labels


def test_numbers_are_sorted_as_numbers_and_words_as_words():
    assert sorted_classes(["10", "9", "9", "2"]) == ("2", "9", "10")
    assert sorted_classes(["b", "10", "a"]) == ("10", "a", "b")
    assert sorted_classes(["same", "same"]) == ()


def test_a_share_is_taken_of_every_class_evenly_and_at_least_one():
    entries = tuple(Entry(str(i), 1, label) for i, label in enumerate(["a"] * 100 + ["b"] * 20 + ["c"]))
    chosen = choose(entries, 0.05)
    assert [sum(entries[i].label == label for i in chosen) for label in "abc"] == [5, 1, 1]
    assert chosen == [10, 30, 50, 70, 90, 110, 120]
    assert choose(entries, 1.0) == list(range(121))


def test_per_class_is_told_in_the_report(tmp_path, load, draw):
    for seed in range(40):
        path = tmp_path / "pets" / "ab"[seed % 2]
        path.mkdir(parents=True, exist_ok=True)
        draw(seed).save(path / f"{seed}.png")
    report = load(tmp_path / "pets", per_class=0.25).report
    assert report.classes == {"a": 5, "b": 5}
    assert "25% of every class was taken: 10 of 40 pictures" in report.notes
