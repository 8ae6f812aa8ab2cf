"""Zips, tars and arrays: read in memory, nothing unpacked, no link followed, no bomb let off."""

import io
import tarfile
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ganvas.data import archive, doctor
from ganvas.errors import PicturesError


def png(image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def write_tar(path, members: dict[str, bytes], mode: str, special: tuple[tarfile.TarInfo, ...] = ()) -> None:
    with tarfile.open(path, mode) as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info in special:
            tar.addfile(info)


@pytest.fixture
def members(draw) -> dict[str, bytes]:
    return {f"pets/{'cat' if i < 5 else 'dog'}/{i:02d}.png": png(draw(i)) for i in range(10)}


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "tgz"])
def test_an_archive_gives_what_its_folder_would(kind, members, tmp_path, load):
    for name, data in members.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    path = tmp_path / f"pets.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, data in members.items():
                file.writestr(name, data)
    else:
        write_tar(path, members, {"tar": "w", "tgz": "w:gz"}.get(kind, f"w:{kind[4:]}"))
    packed, plain = load(path, conditional=True), load(tmp_path / "pets", conditional=True)
    assert_array_equal(packed.images, plain.images)
    assert_array_equal(packed.labels, plain.labels)
    assert packed.classes == ("cat", "dog")
    assert packed.key == plain.key
    assert {p.name for p in tmp_path.iterdir()} == {path.name, "pets", "cache"}


def test_members_that_climb_out_or_are_links_or_devices_are_only_ever_named(members, tmp_path, load, draw):
    links = []
    for name, kind in [("soft.png", tarfile.SYMTYPE), ("hard.png", tarfile.LNKTYPE), ("device.png", tarfile.CHRTYPE)]:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        links.append(info)
    climbing = {"../../climb.png": png(draw(20)), "/rooted.png": png(draw(21))}
    write_tar(tmp_path / "odd.tar", members | climbing, "w", tuple(links))
    report = load(tmp_path / "odd.tar").report
    assert report.used == 12
    assert {item.file for item in report.broken} == {"soft.png", "hard.png", "device.png"}
    assert {path.name for path in tmp_path.parent.rglob("*climb.png")} == set()


def test_a_link_in_a_zip_is_not_followed_and_a_mac_twin_is_ignored(members, tmp_path, load):
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
        file.writestr("__MACOSX/pets/cat/._00.png", b"x")
    report = load(tmp_path / "odd.zip").report
    assert [(item.file, item.reason) for item in report.broken] == [
        ("link.png", "a link inside an archive, which is not followed")
    ]
    assert (report.used, report.ignored) == (10, 1)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_giant_member_is_refused_before_it_is_unpacked(kind, members, tmp_path, load, monkeypatch):
    monkeypatch.setattr(doctor, "LARGEST_FILE_BYTES", 1 << 20)
    members["giant.png"] = bytes(3 << 20)
    path = tmp_path / f"bomb.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, data in members.items():
                file.writestr(name, data)
    else:
        write_tar(path, members, "w:gz")
    report = load(path).report
    assert [(item.file, item.reason) for item in report.broken] == [("giant.png", "larger than 1 MB")]


def test_an_archive_with_an_absurd_member_is_refused(members, tmp_path, load, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_MEMBER_BYTES", 1 << 20)
    write_tar(tmp_path / "bomb.tar.gz", {**members, "film.mp4": bytes(2 << 20)}, "w:gz")
    with pytest.raises(PicturesError, match=r"film\.mp4 alone is"):
        load(tmp_path / "bomb.tar.gz")


@pytest.mark.parametrize("kind", ["gz", "xz", ""])
def test_a_tar_that_is_cut_off_gives_the_pictures_before_the_cut(kind, members, tmp_path, load, draw):
    many = {f"{i:03d}.png": png(draw(i, 96, 96)) for i in range(40)}
    path = tmp_path / f"cut.tar.{kind}".rstrip(".")
    write_tar(path, many, f"w:{kind}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    report = load(path).report
    assert 8 <= report.used < 40
    assert any(
        "damaged" in item.reason or "cannot be read" in item.reason or "cut off" in item.reason
        for item in report.broken
    )


def test_a_damaged_or_locked_member_of_a_zip_is_named(members, tmp_path, load):
    path = tmp_path / "pets.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 20] ^= 0xFF
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second + 8] |= 1
    local = data.index(b"PK\x03\x04", 4)
    data[local + 6] |= 1
    path.write_bytes(data)
    report = load(path).report
    assert report.used == 8
    assert ["CRC" in item.reason or "password" in item.reason for item in report.broken] == [True, True]


@pytest.mark.parametrize("name", ["bad.zip", "bad.tar.gz", "bad.npy"])
def test_a_damaged_archive_is_one_clear_error(name, tmp_path, load):
    (tmp_path / name).write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(PicturesError, match=r"cannot be read as an? (zip|tar|\.npy)") as caught:
        load(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(9, 32, 32), (9, 32, 32, 1), (9, 32, 32, 3), (9, 32, 32, 4)])
def test_an_array_gives_its_own_rows_even_equal_ones(shape, tmp_path, load):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    array[1] = array[0]
    np.save(tmp_path / "a.npy", array)
    pictures = load(tmp_path / "a.npy", channels="rgba" if shape[3:] == (4,) else "auto")
    assert len(pictures.images) == 9
    assert pictures.report.duplicates == ()
    if shape[3:] != (4,):
        assert_array_equal(pictures.images, array.reshape(9, 32, 32, -1))


@pytest.mark.parametrize(
    "array", [np.zeros((9, 8, 8), np.float32), np.zeros((9, 8), np.uint8), np.zeros((9, 8, 8, 2), np.uint8)]
)
def test_an_array_of_something_else_says_what_was_found_and_expected(array, tmp_path, load):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(PicturesError, match=r"found (float32|uint8) \(9, 8.*expected uint8 \(N, H, W\)"):
        load(tmp_path / "a.npy")


def test_an_array_of_objects_is_never_unpickled(tmp_path, load):
    np.save(tmp_path / "a.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    with pytest.raises(PicturesError, match=r"cannot be read as an \.npy"):
        load(tmp_path / "a.npy")


def test_members_that_need_a_password_are_said_to(members, tmp_path, load):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flags of the first member
    (tmp_path / "a.zip").write_bytes(data)
    report = load(tmp_path / "a.zip").report
    assert report.used == 9
    assert [item.reason for item in report.broken] == ["needs a password; unpack the archive yourself"]
