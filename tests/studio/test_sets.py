"""Sets: made, listed, edited, removed; nothing of a user's is touched, and no name leads anywhere else."""

import json
import os
import shutil
import sys

import pytest
from rooms import fill, opened, picture

from ganvas.config import PictureSettings
from ganvas.data import open_source
from ganvas.studio.sets.known import KNOWN


@pytest.fixture
def rooms(tmp_path):
    with opened(tmp_path / "home") as found:
        yield found


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "my cats")


def snapshot(folder):
    """All that the system knows of what is in a folder, but for when it was read."""
    return {
        path: (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_nlink)
        for path in sorted(folder.rglob("*"))
        if (status := path.stat())
    }


def test_a_named_folder_becomes_a_set_of_its_name_and_is_never_touched(rooms, folder):
    before = snapshot(folder)
    made = rooms.page.post("/api/sets", json={"source": str(folder)}).json()
    assert (made["name"], made["kind"], made["count"], made["ready"]) == ("my cats", "folder", 10, True)
    for file in rooms.page.get("/api/sets/my cats/files").json():
        assert rooms.page.get(f"/{file['thumbnail']}").status_code == 200
        assert rooms.page.get(f"/api/sets/my cats/crop/{file['file']}?size=32").status_code == 200
    rooms.page.patch("/api/sets/my cats", json={"leave_out": ["00.png"], "classes": {"01.png": "tom"}})
    assert rooms.page.delete("/api/sets/my cats").status_code == 204
    assert snapshot(folder) == before
    assert rooms.page.get("/api/sets").json() == []


def test_the_set_of_a_source_is_made_once(rooms, folder):
    first, second = (rooms.page.post("/api/sets", json={"source": str(folder)}).json() for _ in range(2))
    assert first["name"] == second["name"]
    named = rooms.page.post("/api/sets", json={"source": str(folder), "name": "other"}).json()
    assert [each["name"] for each in rooms.page.get("/api/sets").json()] == ["my cats", "other"]
    assert named["name"] == "other"


def test_a_set_for_dropped_pictures_begins_empty_and_not_ready(rooms):
    made = [rooms.page.post("/api/sets", json={}).json() for _ in range(2)]
    assert [(each["name"], each["kind"], each["count"], each["ready"]) for each in made] == [
        ("pictures", "dropped", 0, False),
        ("pictures 2", "dropped", 0, False),
    ]


@pytest.mark.parametrize("name", ["avatars", "digits"])
def test_what_is_said_of_a_known_set_is_true(name):
    with open_source(PictureSettings(source=name)).open() as listing:
        pictures = [listing.read(position) for position in (0, len(listing.entries) - 1)]
        counts = {entry.label: 0 for entry in listing.entries if entry.label}
        for entry in listing.entries:
            if entry.label:
                counts[entry.label] += 1
        assert KNOWN[name].count == len(listing.entries)
        assert dict(KNOWN[name].classes) == counts
        assert {each.shape[:2] for each in pictures} == {(KNOWN[name].height, KNOWN[name].width)}


def test_a_known_set_is_made_by_its_name_and_lists_its_pictures(rooms):
    made = rooms.page.post("/api/sets", json={"source": "avatars"}).json()
    assert (made["kind"], made["count"], made["ready"]) == ("known", 2000, True)
    answer = rooms.page.get("/api/sets/avatars/files?offset=1990&limit=50")
    assert answer.headers["X-Total-Count"] == "2000"
    assert [each["file"] for each in answer.json()] == [str(number) for number in range(1990, 2000)]
    assert {(each["width"], each["height"]) for each in answer.json()} == {(64, 64)}
    assert rooms.page.get(f"/{answer.json()[0]['thumbnail']}").headers["content-type"] == "image/webp"


def test_pictures_that_are_fetched_first_are_not_fetched_for_a_list(rooms, monkeypatch, tmp_path):
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "empty"))
    made = rooms.page.post("/api/sets", json={"source": "mnist"}).json()
    assert (made["count"], made["ready"], sum(made["classes"].values())) == (60_000, True, 60_000)
    answer = rooms.page.get("/api/sets/mnist/files")
    assert answer.status_code == 422
    assert "fetched" in answer.json()["detail"]
    assert not (tmp_path / "empty").exists()


def test_edits_change_what_counts_and_are_undone(rooms, folder):
    rooms.page.post("/api/sets", json={"source": str(folder), "name": "cats"})
    edits = {
        "leave_out": ["00.png", "01.png"],
        "classes": {"02.png": "tom", "03.png": "tabby"},
        "windows": {"04.png": [0.1, 0.2, 0.5]},
        "fit": "pad",
        "size": 32,
        "alpha": True,
        "drop_near": 0.9,
    }
    changed = rooms.page.patch("/api/sets/cats", json=edits).json()
    assert (changed["count"], changed["classes"]) == (8, {".": 6, "tabby": 1, "tom": 1})
    assert changed["edits"] == {
        "left_out": ["00.png", "01.png"],
        "classes": {"02.png": "tom", "03.png": "tabby"},
        "windows": {"04.png": [0.1, 0.2, 0.5]},
        "fit": "pad",
        "size": [32, 32],
        "alpha": True,
        "drop_near": 0.9,
    }
    listed = {each["file"]: each for each in rooms.page.get("/api/sets/cats/files").json()}
    assert listed["00.png"]["left_out"]
    assert (listed["02.png"]["class"], listed["05.png"]["class"]) == ("tom", ".")
    assert listed["04.png"]["window"] == [0.1, 0.2, 0.5]
    back = {"put_back": ["00.png"], "classes": {"02.png": None, "03.png": None}, "windows": {"04.png": None}}
    changed = rooms.page.patch("/api/sets/cats", json=back | {"drop_near": None}).json()
    assert (changed["count"], changed["classes"]) == (9, {})
    assert changed["edits"]["left_out"] == ["01.png"]
    assert (changed["edits"]["windows"], changed["edits"]["drop_near"], changed["edits"]["fit"]) == ({}, None, "pad")
    assert rooms.page.patch("/api/sets/cats", json={"left_out": []}).json()["count"] == 10


def test_pages_are_told_of_every_change(rooms, folder):
    rooms.page.post("/api/sets", json={"source": str(folder), "name": "cats"})
    rooms.page.patch("/api/sets/cats", json={"leave_out": ["00.png"]})
    rooms.page.delete("/api/sets/cats")
    assert [(kind, value.get("count"), value.get("gone")) for kind, value in rooms.told] == [
        ("set", 10, None),
        ("set", 9, None),
        ("set", None, True),
    ]


@pytest.mark.parametrize(
    ("edits", "field"),
    [
        ({"leave_out": ["nobody.png"]}, "left_out"),
        ({"leave_out": ["../../etc/passwd"]}, "left_out"),
        ({"classes": {"nobody.png": "tom"}}, "classes"),
        ({"classes": {"00.png": "../tom"}}, "classes"),
        ({"classes": {"00.png": ".hidden"}}, "classes"),
        ({"classes": {"00.png": ""}}, "classes"),
        ({"classes": {"00.png": "x" * 100}}, "classes"),
        ({"windows": {"00.png": [0, 0, 0]}}, "windows"),
        ({"windows": {"00.png": [0.5, 2, 1]}}, "windows"),
        ({"windows": {"00.png": [0, 0]}}, "windows"),
        ({"fit": "squeeze"}, "fit"),
        ({"size": 7}, "size"),
        ({"size": [64, 63]}, "size"),
        ({"drop_near": 2}, "drop_near"),
        ({"colour": True}, "colour"),
        ({"left_out": "00.png"}, "left_out"),
    ],
)
def test_an_edit_that_cannot_be_is_refused_and_changes_nothing(rooms, folder, edits, field):
    rooms.page.post("/api/sets", json={"source": str(folder), "name": "cats"})
    before = (rooms.home.sets / "cats" / "set.json").read_bytes()
    answer = rooms.page.patch("/api/sets/cats", json=edits)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert answer.json()["field"].startswith(field)
    assert (rooms.home.sets / "cats" / "set.json").read_bytes() == before


@pytest.mark.parametrize("name", ["%2e%2e", "..%2f..%2fetc", "a%00b", ".hidden", "con/../x", "nobody"])
@pytest.mark.parametrize("path", ["", "/files", "/thumbnail/00.png", "/crop/00.png"])
def test_a_name_that_leads_elsewhere_is_no_set(rooms, name, path):
    assert rooms.page.get(f"/api/sets/{name}{path}").status_code in (404, 422)


@pytest.mark.parametrize("file", ["../set.json", "..%2fset.json", "%2fetc%2fpasswd", "nobody.png", "a%00.png", "."])
@pytest.mark.parametrize("what", ["thumbnail", "crop"])
def test_a_file_that_is_not_of_the_set_is_not_shown(rooms, folder, file, what):
    rooms.page.post("/api/sets", json={"source": str(folder), "name": "cats"})
    assert rooms.page.get(f"/api/sets/cats/{what}/{file}").status_code == 404


@pytest.mark.parametrize("name", ["../x", "a/b", ".x", "", "x" * 81, "con", "a\nb", "ä"])
def test_a_name_that_no_set_can_have_is_refused(rooms, name):
    answer = rooms.page.post("/api/sets", json={"name": name})
    assert answer.status_code == 422
    assert not rooms.home.sets.exists() or not list(rooms.home.sets.iterdir())


def test_a_name_that_is_taken_is_refused_in_any_case(rooms):
    rooms.page.post("/api/sets", json={"name": "cats"})
    assert rooms.page.post("/api/sets", json={"name": "Cats"}).status_code == 409


@pytest.mark.parametrize("source", ["/nowhere/at/all", "no such name", "a\0b", "..", "/"])
def test_a_source_that_is_none_is_refused(rooms, source):
    answer = rooms.page.post("/api/sets", json={"source": source})
    assert answer.status_code == 422
    assert answer.json()["field"] == "source"


def test_where_others_may_ask_no_folder_of_this_machine_can_be_named(tmp_path, folder):
    with opened(tmp_path / "home", names_folders=False) as rooms:
        assert rooms.page.post("/api/sets", json={"source": str(folder)}).status_code == 403
        assert rooms.page.post("/api/sets", json={"source": "avatars"}).status_code == 200


def test_a_folder_that_vanishes_and_comes_back(rooms, folder):
    rooms.page.post("/api/sets", json={"source": str(folder), "name": "cats"})
    away = folder.rename(folder.with_name("away"))
    rooms.sets.reread("cats")
    shown = rooms.page.get("/api/sets/cats").json()
    assert (shown["count"], shown["ready"]) == (0, False)
    assert "removed or renamed" in shown["problem"]
    for path in ("files", "thumbnail/00.png", "crop/00.png"):
        answer = rooms.page.get(f"/api/sets/cats/{path}")
        assert answer.status_code == 404
        assert str(folder) in answer.json()["detail"]
    away.rename(folder)
    assert rooms.page.get("/api/sets/cats").json()["count"] == 10


def test_a_picture_that_vanishes_is_missing_and_not_a_failure(rooms, folder):
    rooms.page.post("/api/sets", json={"source": str(folder), "name": "cats"})
    rooms.page.get("/api/sets/cats/files")
    (folder / "00.png").unlink()
    answer = rooms.page.get("/api/sets/cats/thumbnail/00.png")
    assert answer.status_code == 404
    assert "00.png" in answer.json()["detail"]


def test_a_set_whose_description_is_damaged_is_left_out_of_the_list(rooms, folder):
    rooms.page.post("/api/sets", json={"source": str(folder), "name": "cats"})
    rooms.page.post("/api/sets", json={"name": "dogs"})
    for damage in ("{", "[]", '{"kind": "folder"}', json.dumps({"kind": "x", "source": "y"})):
        (rooms.home.sets / "dogs" / "set.json").write_text(damage)
        assert [each["name"] for each in rooms.page.get("/api/sets").json()] == ["cats"]
        answer = rooms.page.get("/api/sets/dogs")
        assert answer.status_code == 422
        assert "set.json" in answer.json()["detail"]


def test_broken_pictures_and_pictures_in_archives_are_listed(rooms, tmp_path):
    folder = fill(tmp_path / "mixed", 3)
    (folder / "broken.png").write_bytes(b"not a picture")
    shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    for source in (folder, tmp_path / "packed.zip"):
        name = rooms.page.post("/api/sets", json={"source": str(source)}).json()["name"]
        listed = {each["file"]: each for each in rooms.page.get(f"/api/sets/{name}/files").json()}
        assert sorted(listed) == ["00.png", "01.png", "02.png", "broken.png"]
        assert (listed["00.png"]["width"], listed["00.png"]["height"]) == (48, 40)
        assert listed["broken.png"]["width"] is None
        assert rooms.page.get(f"/api/sets/{name}/thumbnail/01.png").status_code == 200
        answer = rooms.page.get(f"/api/sets/{name}/thumbnail/broken.png")
        assert answer.status_code == 422
        assert "not a picture" in answer.json()["detail"]


def test_a_thumbnail_is_made_once_and_again_when_the_picture_changes(rooms, folder):
    rooms.page.post("/api/sets", json={"source": str(folder), "name": "cats"})
    first = rooms.page.get("/api/sets/cats/files?limit=1").json()[0]["thumbnail"]
    one = rooms.page.get(f"/{first}").content
    kept = list((rooms.home.sets / "cats" / "thumbnails").rglob("*.webp"))
    assert rooms.page.get(f"/{first}").content == one
    assert list((rooms.home.sets / "cats" / "thumbnails").rglob("*.webp")) == kept
    (folder / "00.png").write_bytes(picture(99))
    second = rooms.page.get("/api/sets/cats/files?limit=1").json()[0]["thumbnail"]
    assert second != first
    assert rooms.page.get(f"/{second}").content != one


@pytest.mark.parametrize("query", ["offset=-1", "limit=0", "limit=501", "offset=x"])
def test_a_list_that_cannot_be_is_refused(rooms, query):
    rooms.page.post("/api/sets", json={"name": "cats"})
    assert rooms.page.get(f"/api/sets/cats/files?{query}").status_code == 422


@pytest.mark.parametrize("query", ["size=7", "size=x", "fit=squeeze", "window=1,2", "window=0,0,0", "window=a,b,c"])
def test_a_crop_that_cannot_be_is_refused(rooms, folder, query):
    rooms.page.post("/api/sets", json={"source": str(folder), "name": "cats"})
    assert rooms.page.get(f"/api/sets/cats/crop/00.png?{query}").status_code == 422


def test_the_list_can_be_of_one_class_or_of_what_is_left_out(rooms, tmp_path):
    for label in ("cats", "dogs"):
        fill(tmp_path / "pets" / label, 5)
    rooms.page.post("/api/sets", json={"source": str(tmp_path / "pets")})
    rooms.page.patch("/api/sets/pets", json={"leave_out": ["dogs/00.png"]})
    of_cats = rooms.page.get("/api/sets/pets/files?only=cats").json()
    assert [each["file"] for each in of_cats] == [f"cats/{number:02d}.png" for number in range(5)]
    left_out = rooms.page.get("/api/sets/pets/files?only=left out").json()
    assert [each["file"] for each in left_out] == ["dogs/00.png"]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="names of other systems are text")
def test_a_file_whose_name_is_no_text_has_a_name_that_can_be_asked_for(rooms, tmp_path):
    folder = fill(tmp_path / "odd", 2)
    try:
        os.rename(bytes(folder / "00.png"), bytes(folder) + b"/\xff.png")
    except OSError:
        pytest.skip("the file system wants text")
    rooms.page.post("/api/sets", json={"source": str(folder)})
    listed = rooms.page.get("/api/sets/odd/files").json()
    assert len(listed) == 2
    for each in listed:
        assert rooms.page.get(f"/{each['thumbnail']}").status_code == 200


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit of size there")
def test_a_set_that_cannot_be_written_takes_no_name(rooms):
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # as on a full disk
    try:
        status = rooms.page.post("/api/sets", json={"name": "cats"}).status_code
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert status >= 400
    assert rooms.page.get("/api/sets").json() == []
    assert rooms.page.post("/api/sets", json={"name": "cats"}).status_code == 200
