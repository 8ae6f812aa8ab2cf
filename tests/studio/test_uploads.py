"""Dropped pictures: kept as they are, never over each other; what cannot be used is left out, and said why."""

import io
import json
import os
import random
import stat
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rooms import PATIENCE_SECONDS, drawn, opened, picture, stored
from test_multipart import BOUNDARY, disposition, form

from ganvas.studio.limits import UPLOADED_AT_ONCE


@pytest.fixture
def rooms(tmp_path):
    with opened(tmp_path / "home") as found:
        found.page.post("/api/sets", json={"name": "cats"})
        yield found


def kept(rooms):
    """The files of the set -> their bytes."""
    folder = rooms.home.sets / "cats" / "files"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def reasons(answer):
    return {each["file"]: each["reason"] for each in answer["left_out"]}


def packed(files, *, form="zip", **links):
    """An archive of name -> bytes; links: name -> where it leads."""
    made = io.BytesIO()
    if form == "zip":
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
            for name, target in links.items():
                entry = zipfile.ZipInfo(name)
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(entry, target)
    else:
        with tarfile.open(fileobj=made, mode=f"w:{form}") as archive:
            for name, data in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
            for name, target in links.items():
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                archive.addfile(entry)
    return made.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_a_dropped_picture_is_kept_byte_for_byte(rooms, form):
    data = picture(1, form)
    answer = rooms.drop("cats", f"tabby/1.{form.lower()}", data)
    assert (answer["added"], answer["left_out"]) == (1, [])
    assert (answer["set"]["count"], answer["set"]["bytes"]) == (1, len(data))
    assert kept(rooms) == {f"tabby/1.{form.lower()}": data}
    listed = rooms.page.get("/api/sets/cats/files").json()
    assert [(each["file"], each["width"], each["height"]) for each in listed] == [(f"tabby/1.{form.lower()}", 48, 40)]


def test_a_form_of_pictures_is_kept_by_their_relative_paths(rooms):
    pictures = {f"{name}/{number}.png": picture(10 * len(name) + number) for name in ("a", "bb") for number in range(5)}
    body = form([(disposition("files", path), data) for path, data in pictures.items()])
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    answer = rooms.page.post("/api/sets/cats/files", content=body, headers=headers).json()
    assert answer["added"] == 10
    assert kept(rooms) == pictures
    assert answer["set"]["classes"] == {"a": 5, "bb": 5}
    assert answer["set"]["ready"]


def test_more_files_than_one_request_may_have_are_refused_and_those_before_are_kept(rooms):
    files = [(disposition("files", f"{number}.png"), picture(number)) for number in range(UPLOADED_AT_ONCE + 1)]
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    answer = rooms.page.post("/api/sets/cats/files", content=form(files), headers=headers)
    assert answer.status_code == 413
    assert rooms.page.get("/api/sets/cats").json()["count"] == len(kept(rooms)) == UPLOADED_AT_ONCE


@pytest.mark.parametrize("damage", [b"", b"--x", form([(disposition("a.png"), picture(1))])[:-60]])
def test_a_form_that_is_cut_off_is_refused(rooms, damage):
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    answer = rooms.page.post("/api/sets/cats/files", content=damage, headers=headers)
    assert answer.status_code == 400
    assert "ended too soon" in answer.json()["detail"]
    assert not kept(rooms)


def test_the_same_picture_again_is_not_kept_twice_and_another_of_its_name_gets_one_of_its_own(rooms):
    for path, seed in (("1.png", 1), ("1.png", 1), ("1.png", 2), ("1.PNG", 3), ("1.png", 2)):
        answer = rooms.drop("cats", path, picture(seed))
    assert reasons(answer) == {"1.png": "is there already"}
    assert kept(rooms) == {"1.png": picture(1), "1 (2).png": picture(2), "1 (3).PNG": picture(3)}


def test_folders_whose_names_differ_by_case_alone_do_not_lose_a_picture(rooms):
    rooms.drop("cats", "Tabby/1.png", picture(1))
    rooms.drop("cats", "tabby/1.png", picture(2))
    assert sorted(kept(rooms).values()) == sorted([picture(1), picture(2)])
    assert len({path.lower() for path in kept(rooms)}) == 2


def test_a_picture_without_an_ending_gets_that_of_its_format(rooms):
    rooms.drop("cats", "pasted", picture(1))
    rooms.drop("cats", "photo.large", picture(2, "JPEG"))
    rooms.drop("cats", "", picture(3))
    assert sorted(kept(rooms)) == ["pasted.png", "photo.large.jpeg", "picture.png"]


@pytest.mark.parametrize(
    ("path", "data", "why"),
    [
        ("empty.png", b"", "empty"),
        ("words.png", b"these are words", "text, not a picture"),
        ("page.jpg", b"<!doctype html><html>", "a web page"),
        ("cut.png", picture(1)[:20], "damaged"),
        ("notes.txt", b"these are words", "text, not a picture"),
        ("program.exe", b"MZ\0\0\1\2\3", "not a picture"),
        ("tiny.png", stored(Image.new("RGB", (2, 2))), "too small"),
        ("../1.png", picture(1), "leads out"),
        ("/etc/1.png", picture(1), "leads out"),
        (".1.png", picture(1), "hidden"),
        ("__MACOSX/1.png", picture(1), "hidden"),
        ("a.zip", b"no zip", "no zip and no tar"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c", "no zip and no tar"),
        ("a.tar", bytes(1024), "holds nothing"),
        ("film.mp4", b"no film", "cannot be read as a video"),
    ],
)
def test_what_is_no_picture_is_left_out_with_the_reason(rooms, path, data, why):
    answer = rooms.drop("cats", path, data)
    assert (answer["added"], answer["left_out_count"]) == (0, 1)
    assert why in answer["left_out"][0]["reason"]
    assert str(rooms.home.root) not in answer["left_out"][0]["reason"]
    assert not kept(rooms)


def large_png(width, height):
    """A PNG that says it is of that size, in some bytes."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [11_000, 60_000, 2**31 - 1])
def test_a_picture_of_too_many_pixels_is_left_out_without_being_decoded(rooms, side):
    answer = rooms.drop("cats", "bomb.png", large_png(side, side))
    assert "megapixels" in answer["left_out"][0]["reason"]
    assert not kept(rooms)


@pytest.mark.parametrize("form", ["zip", "", "gz", "xz"])
def test_an_archive_is_taken_apart_with_its_folders_as_classes(rooms, form):
    pictures = {
        f"{label}/{number}.png": picture(len(label) + 10 * number) for label in ("tom", "tabby") for number in (1, 2)
    }
    others = {"notes.txt": b"words", "more.zip": b"PK", ".hidden.png": picture(9), "tom/broken.png": b"no"}
    name = "pets.zip" if form == "zip" else f"pets.tar.{form}".rstrip(".")
    answer = rooms.drop("cats", name, packed(pictures | others, form=form))
    assert answer["added"] == 4
    found = kept(rooms)
    assert sorted(found.values()) == sorted(pictures.values())
    assert {path.rpartition("tom/")[1] or path.rpartition("tabby/")[1] for path in found} == {"tom/", "tabby/"}
    assert answer["set"]["classes"] == {"tabby": 2, "tom": 2}
    said = " ".join(each["reason"] for each in answer["left_out"])
    assert "text, not a picture" in said
    assert "1 archive inside, not opened" in said
    assert "2 other files in it" in said


@pytest.mark.parametrize("form", ["zip", "gz"])
def test_members_that_lead_elsewhere_or_are_links_stay_inside_or_out(rooms, form, tmp_path):
    (tmp_path / "secret.png").write_bytes(picture(7))
    hostile = {
        "../../out.png": picture(1),
        "/etc/out2.png": picture(2),
        "..\\out3.png": picture(3),
        "ok.png": picture(4),
    }
    links = {"link.png": str(tmp_path / "secret.png"), "up.png": "../../set.json"}
    answer = rooms.drop("cats", f"x.{'zip' if form == 'zip' else 'tgz'}", packed(hostile, form=form, **links))
    found = kept(rooms)
    assert sorted(found.values()) == sorted(hostile.values())
    assert all(path.startswith("x/") for path in found)
    assert sum("link inside an archive" in each["reason"] for each in answer["left_out"]) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"home", "secret.png"}


def test_an_archive_that_is_a_bomb_is_left_out_with_memory_flat(rooms):
    made = io.BytesIO()
    with (
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb.png", "w", force_zip64=True) as out,
    ):
        for _ in range(1200):
            out.write(bytes(1 << 20))
    answer = rooms.drop("cats", "bomb.zip", made.getvalue())
    assert answer["added"] == 0
    assert "unpacks to more than 100 times its size" in answer["left_out"][0]["reason"]
    assert "/" not in answer["left_out"][0]["reason"].split(";")[0]  # no path of the studio's own
    assert not kept(rooms)


def test_a_member_that_needs_a_password_is_left_out(rooms):
    stored_zip = bytearray(packed({"a.png": picture(1), "b.png": picture(2)}))
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        stored_zip[stored_zip.index(mark) + offset] |= 1
    answer = rooms.drop("cats", "x.zip", bytes(stored_zip))
    assert answer["added"] == 1
    assert "password" in answer["left_out"][0]["reason"]


def test_labels_in_a_file_of_an_archive_become_classes(rooms):
    labels = {"labels": [["0.png", 0], ["1.png", 1], ["2.png", 1]], "class_names": ["tom", "tabby"]}
    files = {f"{number}.png": picture(number) for number in range(3)} | {"dataset.json": json.dumps(labels).encode()}
    answer = rooms.drop("cats", "set.zip", packed(files))
    assert answer["set"]["classes"] == {"tabby": 2, "tom": 1}


def test_labels_that_are_dropped_beside_the_pictures_become_classes(rooms):
    for number in range(3):
        rooms.drop("cats", f"{number}.png", picture(number))
    answer = rooms.drop("cats", "labels.csv", b"file,label\n0.png,tom\n1.png,tabby\n2.png,tabby\n")
    assert answer["set"]["classes"] == {"tabby": 2, "tom": 1}
    answer = rooms.drop("cats", "3.png", picture(3))
    assert answer["set"]["classes"] == {".": 1, "tabby": 2, "tom": 1}


def film(seconds, fps=10, changes=True, codec="mpeg4"):
    """A video whose picture is another one every second, or never."""
    av = pytest.importorskip("av")
    made = io.BytesIO()
    with av.open(made, "w", "mp4") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(seconds * fps):
            frame = np.asarray(drawn(number // fps if changes else 0, 64, 48))
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return made.getvalue()


def test_a_video_gives_a_frame_every_so_many_seconds(rooms):
    answer = rooms.drop("cats", "film.mp4", film(6), every=2)
    assert (answer["added"], answer["left_out"]) == (3, [])
    assert sorted(kept(rooms)) == [f"film/00-00-0{second}.00.jpg" for second in (0, 2, 4)]
    seconds = [np.asarray(drawn(second, 64, 48), np.float32) for second in range(6)]
    for number, (_, data) in enumerate(sorted(kept(rooms).items())):
        frame = np.asarray(Image.open(io.BytesIO(data)), np.float32)
        assert np.argmin([np.abs(frame - each).mean() for each in seconds]) == 2 * number


def test_frames_that_are_nearly_the_same_are_left_out(rooms):
    answer = rooms.drop("cats", "still.mp4", film(3, changes=False), every=0.5)
    assert answer["added"] == 1
    assert reasons(answer) == {"still.mp4": "5 frames nearly the same as others"}


@pytest.mark.parametrize("every", ["0", "-1", "1e9", "x"])
def test_a_time_between_frames_that_cannot_be_is_refused(rooms, every):
    assert rooms.page.post(f"/api/sets/cats/files?path=a.mp4&every={every}", content=b"x").status_code == 422


def test_a_video_that_is_cut_off_gives_the_frames_that_can_be_read(rooms):
    av = pytest.importorskip("av")
    assert av
    data = film(4, codec="mpeg4")
    answer = rooms.drop("cats", "cut.mp4", data[: len(data) // 3], every=1)
    assert answer["added"] == 0
    assert "cannot be read as a video" in answer["left_out"][0]["reason"]


def test_pictures_are_dropped_only_into_sets_that_are_made_of_such(rooms, tmp_path):
    rooms.page.post("/api/sets", json={"source": "avatars"})
    answer = rooms.page.post("/api/sets/avatars/files?path=1.png", content=picture(1))
    assert answer.status_code == 409
    assert rooms.page.post("/api/sets/nobody/files?path=1.png", content=picture(1)).status_code == 404


def test_a_file_that_is_larger_than_any_is_refused_before_it_comes(rooms):
    headers = {"Content-Length": str(10**15)}
    answer = rooms.page.post("/api/sets/cats/files?path=1.png", content=b"x", headers=headers)
    assert answer.status_code == 413


def test_what_a_killed_studio_left_of_a_drop_goes_with_the_next(rooms):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = rooms.home.studio / "dropping" / f".abc.{ended.pid}.unfinished"
    left.mkdir(parents=True)
    (left / "big.zip").write_bytes(b"x")
    rooms.drop("cats", "x.zip", packed({"1.png": picture(1)}))
    assert list((rooms.home.studio / "dropping").iterdir()) == []


def test_a_set_that_grows_is_counted_once_in_a_while_and_at_the_end(tmp_path):
    with opened(tmp_path / "home", growing_seconds=0.2) as rooms:
        rooms.page.post("/api/sets", json={"name": "cats"})
        rooms.told.clear()
        for number in range(40):
            label = "tom" if number % 2 else "tabby"
            assert rooms.drop("cats", f"{label}/{number}.png", picture(number))["set"]["count"] == number + 1
        until = time.monotonic() + PATIENCE_SECONDS
        while rooms.told[-1][1]["classes"] != {"tabby": 20, "tom": 20}:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert rooms.told[-1][1]["count"] == 40


def test_a_set_that_is_removed_while_it_grows_is_told_as_gone(tmp_path):
    with opened(tmp_path / "home", growing_seconds=0.2) as rooms:
        rooms.page.post("/api/sets", json={"name": "cats"})
        for number in range(3):
            rooms.drop("cats", f"{number}.png", picture(number))
        rooms.page.delete("/api/sets/cats")
        until = time.monotonic() + PATIENCE_SECONDS
        while rooms.sets._later:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert rooms.told[-1][1] == {"name": "cats", "gone": True}


FULL_DISK = """
import resource, sys
sys.path[:0] = sys.argv[2:]
from rooms import opened, picture, stored
from PIL import Image
import numpy as np
noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8))
with opened(sys.argv[1]) as rooms:
    rooms.page.post("/api/sets", json={"name": "cats"})
    rooms.drop("cats", "small.png", picture(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    answer = rooms.page.post("/api/sets/cats/files?path=large.png", content=stored(noise))
    print(answer.status_code, answer.json()["detail"])
    print(rooms.page.get("/api/sets/cats").json()["count"], rooms.drop("cats", "other.png", picture(2))["added"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, 20_000))
    print(rooms.page.get("/api/sets/cats/thumbnail/small.png").status_code)
    answer = rooms.page.patch("/api/sets/cats", json={"leave_out": ["small.png"]})
    print(answer.status_code, answer.json()["detail"])
    print(rooms.page.get("/api/sets/cats").json()["edits"]["left_out"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there a process has no largest size of files")
def test_a_full_disk_is_said_and_leaves_no_half_of_a_picture(tmp_path):
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    code = FULL_DISK.replace("opened(sys.argv[1])", "opened(__import__('pathlib').Path(sys.argv[1]))")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home"), *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, counts, thumbnail, edited, left_out = done.stdout.splitlines()
    assert first.startswith("507 the disk is full")
    assert (counts, thumbnail, left_out) == ("1 1", "200", "[]")
    assert edited.startswith("507 the disk is full")
    assert sorted(os.listdir(tmp_path / "home" / "sets" / "cats" / "files")) == ["other.png", "small.png"]


def test_bytes_that_nobody_foresaw_never_fail_the_studio(rooms):
    numbers = random.Random(0)
    whole = [picture(1), picture(2, "JPEG"), picture(3, "TIFF"), packed({"1.png": picture(4)})]
    for number in range(60):
        data = bytearray(numbers.choice(whole))
        for _ in range(numbers.randrange(1, 20)):
            data[numbers.randrange(len(data))] = numbers.randrange(256)
        path = f"{number}.{numbers.choice(['png', 'jpg', 'tif', 'zip', 'gif'])}"
        answer = rooms.page.post("/api/sets/cats/files", params={"path": path}, content=bytes(data))
        assert answer.status_code == 200, answer.text
