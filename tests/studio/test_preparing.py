"""What trains of a set: the source as it is, or a folder that is made of it once and stays."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from PIL import Image
from rooms import drawn, fill, opened, picture

from ganvas.config import PictureSettings
from ganvas.data import load_pictures
from ganvas.studio.runs.notes import Note, write_note
from ganvas.studio.sets.preparing import FOLDER, KEPT_SECONDS, NAMES, prepared
from ganvas.studio.sets.windows import box


@pytest.fixture
def rooms(tmp_path):
    with opened(tmp_path / "home") as found:
        yield found


def files(source):
    return {
        path.relative_to(source).as_posix(): path.read_bytes() for path in Path(source).rglob("*") if path.is_file()
    }


def dropped(rooms, name="cats", count=9, label=""):
    rooms.page.post("/api/sets", json={"name": name})
    for number in range(count):
        rooms.drop(name, f"{label}{number}.png", picture(number))


def test_a_named_folder_without_edits_trains_as_it_is(rooms, tmp_path):
    folder = fill(tmp_path / "cats")
    rooms.page.post("/api/sets", json={"source": str(folder)})
    found = prepared(rooms.sets, "cats")
    assert (found.source, found.names) == (str(folder), {})
    assert found.pictures == {"fit": "crop", "channels": "auto"}
    rooms.page.patch("/api/sets/cats", json={"fit": "pad", "alpha": True, "size": [64, 48], "drop_near": 0.95})
    assert prepared(rooms.sets, "cats").source == str(folder)
    assert prepared(rooms.sets, "cats").pictures == {
        "fit": "pad", "channels": "rgba", "width": 64, "height": 48, "drop_near": 0.95
    }  # fmt: skip
    assert prepared(rooms.sets, "cats", (32, 32), fit="stretch").pictures["width"] == 32
    assert prepared(rooms.sets, "cats", (32, 32), fit="stretch").pictures["fit"] == "stretch"


def test_a_known_set_trains_by_its_name(rooms):
    rooms.page.post("/api/sets", json={"source": "avatars"})
    assert prepared(rooms.sets, "avatars").source == "avatars"


@pytest.mark.parametrize("damaged", [b"", b"[]", b"\xff{", b"{", None])
def test_a_made_folder_whose_names_are_damaged_is_made_again(rooms, damaged):
    dropped(rooms)
    before = prepared(rooms.sets, "cats")
    names = Path(before.source).parent / NAMES
    names.unlink()
    if damaged is not None:
        names.write_bytes(damaged)
    (Path(before.source) / "0.png").unlink()
    assert prepared(rooms.sets, "cats") == before
    assert len(files(before.source)) == 9


def test_dropped_pictures_get_a_second_name_and_take_no_disk(rooms):
    dropped(rooms)
    found = prepared(rooms.sets, "cats")
    assert Path(found.source).name == "cats"
    assert files(found.source) == {f"{number}.png": picture(number) for number in range(9)}
    assert {path.stat().st_nlink for path in Path(found.source).iterdir()} == {2}


def test_what_was_prepared_does_not_change_when_the_set_does(rooms):
    dropped(rooms)
    first = prepared(rooms.sets, "cats")
    before = files(first.source)
    rooms.drop("cats", "more.png", picture(50))
    second = prepared(rooms.sets, "cats")
    rooms.page.patch("/api/sets/cats", json={"leave_out": ["0.png"]})
    third = prepared(rooms.sets, "cats")
    assert len({first.source, second.source, third.source}) == 3
    assert [len(files(each.source)) for each in (first, second, third)] == [9, 10, 9]
    rooms.page.delete("/api/sets/cats")
    assert files(first.source) == before


def test_the_same_set_is_prepared_once(rooms):
    dropped(rooms)
    first = prepared(rooms.sets, "cats")
    stamps = {path: path.stat().st_ino for path in Path(first.source).rglob("*")}
    asked = []
    again = prepared(rooms.sets, "cats", told=lambda *args: asked.append(args))
    assert (again, asked) == (first, [])
    assert {path: path.stat().st_ino for path in Path(again.source).rglob("*")} == stamps


def test_files_of_a_named_folder_are_linked_to_and_not_touched(rooms, tmp_path):
    folder = fill(tmp_path / "cats")
    before = {path: (path.stat().st_nlink, path.stat().st_ctime_ns) for path in folder.iterdir()}
    rooms.page.post("/api/sets", json={"source": str(folder)})
    rooms.page.patch("/api/sets/cats", json={"leave_out": ["00.png"]})
    found = prepared(rooms.sets, "cats")
    made = sorted(Path(found.source).iterdir())
    assert [path.name for path in made] == [f"{number:02d}.png" for number in range(1, 10)]
    assert all(path.is_symlink() and path.resolve().parent == folder for path in made)
    assert {path: (path.stat().st_nlink, path.stat().st_ctime_ns) for path in folder.iterdir()} == before
    shutil.rmtree(Path(found.source).parent)
    assert len(list(folder.iterdir())) == 10


@pytest.mark.parametrize("is_dropped", [True, False])
def test_classes_that_were_chosen_are_those_that_train(rooms, tmp_path, is_dropped):
    if is_dropped:
        dropped(rooms, label="tom/")
        rooms.drop("cats", "stray.png", picture(30))
    else:
        folder = fill(tmp_path / "cats" / "tom", 9).parent
        for number, path in enumerate(sorted((folder / "tom").iterdir())):
            path.rename(path.with_name(f"{number}.png"))
        (folder / "stray.png").write_bytes(picture(30))
        rooms.page.post("/api/sets", json={"source": str(folder)})
    moved = {"tom/0.png": "tabby", "tom/1.png": "tabby", "stray.png": "tom"}
    shown = rooms.page.patch("/api/sets/cats", json={"classes": moved, "leave_out": ["tom/2.png"]}).json()
    found = prepared(rooms.sets, "cats")
    loaded = load_pictures(
        PictureSettings(source=found.source, width=32, height=32, conditional=True), cache=tmp_path / "cache"
    )
    assert loaded.report.classes == shown["classes"] == {"tabby": 2, "tom": 7}
    assert sorted(found.names.values()) == sorted(["stray.png", *(f"tom/{n}.png" for n in range(9) if n != 2)])
    assert files(found.source)[next(key for key, file in found.names.items() if file == "stray.png")] == picture(30)


def test_files_of_one_name_in_several_folders_of_one_class_all_train(rooms):
    rooms.page.post("/api/sets", json={"name": "cats"})
    names = ["a/1.png", "b/1.png", "a__1.png", "A/1.PNG"]
    for number, name in enumerate(names):
        rooms.drop("cats", name, picture(number))
    rooms.page.patch("/api/sets/cats", json={"classes": dict.fromkeys(names, "tom"), "leave_out": []})
    rooms.drop("cats", "c/2.png", picture(9))
    found = prepared(rooms.sets, "cats")
    made = files(found.source)
    assert sorted(made.values()) == sorted([*(picture(number) for number in range(4)), picture(9)])
    assert len({name.lower() for name in made}) == 5


def test_a_window_that_was_moved_is_what_trains_without_loss(rooms, tmp_path):
    dropped(rooms)
    plain = drawn(20, width=80, height=40)
    rooms.drop("cats", "wide.png", picture(20, width=80, height=40))
    rooms.page.patch("/api/sets/cats", json={"windows": {"wide.png": [0.5, 0.0, 1.0]}, "size": 40})
    found = prepared(rooms.sets, "cats")
    (name,) = [name for name, file in found.names.items() if file == "wide.png"]
    with Image.open(Path(found.source) / name) as cut:
        np.testing.assert_array_equal(np.asarray(cut), np.asarray(plain.crop((40, 0, 80, 40))))
    shown = rooms.page.get("/api/sets/cats/crop/wide.png?size=40")
    loaded = load_pictures(PictureSettings(source=found.source, width=40, height=40), cache=tmp_path / "cache")
    rows = sorted(found.names)
    assert name in rows
    import io

    with Image.open(io.BytesIO(shown.content)) as seen:
        assert any(np.array_equal(np.asarray(seen), row) for row in loaded.images)
    preview = rooms.page.get("/api/sets/cats/crop/wide.png?size=40&window=0,0,1").content
    assert preview != shown.content


def test_windows_say_nothing_where_pictures_are_not_cropped(rooms):
    dropped(rooms)
    rooms.page.patch("/api/sets/cats", json={"windows": {"0.png": [0.5, 0.0, 0.5]}, "fit": "pad"})
    found = prepared(rooms.sets, "cats")
    assert files(found.source) == {f"{number}.png": picture(number) for number in range(9)}


@pytest.mark.parametrize("shape", [(64, 64), (96, 64), (16, 1024)])
@pytest.mark.parametrize("size", [(400, 300), (300, 400), (5, 900), (64, 64)])
@pytest.mark.parametrize("window", [(0, 0, 1), (1, 1, 1), (0.3, 0.6, 0.4), (1, 0, 0.05), (0.5, 0.5, 1)])
def test_a_window_lies_inside_and_has_the_shape_of_the_network(window, size, shape):
    left, top, right, bottom = box(window, *size, shape)
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    wide, tall = right - left, bottom - top
    assert abs(wide * shape[1] - tall * shape[0]) <= max(shape)  # a pixel for rounding
    if window == (0, 0, 1):
        assert wide == size[0] or tall == size[1]


def test_pictures_of_archives_and_known_sets_are_written_anew(rooms, tmp_path):
    shutil.make_archive(str(tmp_path / "packed"), "zip", fill(tmp_path / "x"))
    rooms.page.post("/api/sets", json={"source": str(tmp_path / "packed.zip")})
    rooms.page.patch("/api/sets/packed", json={"leave_out": ["00.png"]})
    assert files(prepared(rooms.sets, "packed").source) == {f"{n:02d}.png": picture(n) for n in range(1, 10)}
    rooms.page.post("/api/sets", json={"source": "avatars"})
    rooms.page.patch("/api/sets/avatars", json={"left_out": [str(number) for number in range(10, 2000)]})
    made = prepared(rooms.sets, "avatars")
    assert sorted(files(made.source)) == [f"{number}.png" for number in range(10)]
    loaded = load_pictures(PictureSettings(source=made.source, width=64, height=64), cache=tmp_path / "cache")
    whole = load_pictures(PictureSettings(source="avatars", width=64, height=64), cache=tmp_path / "cache")
    np.testing.assert_array_equal(loaded.images, whole.images[:10])


def test_a_picture_that_is_gone_by_then_is_said(rooms, tmp_path):
    dropped(rooms)
    rooms.page.patch("/api/sets/cats", json={"windows": {"0.png": [0, 0, 0.5]}})
    rooms.sets.catalogue("cats")
    (rooms.home.sets / "cats" / "files" / "0.png").unlink()
    with pytest.raises(Exception, match=r"0\.png"):
        prepared(rooms.sets, "cats")
    assert list((rooms.home.studio / FOLDER).iterdir()) == []


def test_what_was_prepared_goes_when_it_is_old_and_no_run_was_trained_on_it(rooms):
    dropped(rooms)
    kept, old = prepared(rooms.sets, "cats"), None
    for leave_out in (["0.png"], ["1.png"]):
        rooms.page.patch("/api/sets/cats", json={"left_out": leave_out})
        old, newest = prepared(rooms.sets, "cats"), old
    assert old is not None
    assert newest is not None
    run = rooms.home.runs / "one"
    run.mkdir(parents=True)
    (run / "run.toml").write_text(tomli_w.dumps({"pictures": {"source": kept.source}}))
    long_ago = os.stat(kept.source).st_mtime - 2 * KEPT_SECONDS
    for each in (kept, old):
        os.utime(Path(each.source).parent, (long_ago, long_ago))
    rooms.page.patch("/api/sets/cats", json={"left_out": ["2.png"]})
    prepared(rooms.sets, "cats")
    assert [Path(each.source).exists() for each in (kept, old, newest)] == [True, False, True]


def test_what_a_run_waits_for_stays_however_long_it_waits(rooms):
    dropped(rooms)
    waited_for = prepared(rooms.sets, "cats")
    run = rooms.home.runs / "one"
    run.mkdir(parents=True)
    write_note(run, Note(arguments=("train", waited_for.source, "--out", "runs/one")))
    long_ago = os.stat(waited_for.source).st_mtime - 2 * KEPT_SECONDS
    os.utime(Path(waited_for.source).parent, (long_ago, long_ago))
    rooms.page.patch("/api/sets/cats", json={"left_out": ["0.png"]})
    prepared(rooms.sets, "cats")
    assert Path(waited_for.source).exists()
