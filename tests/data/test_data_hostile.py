"""Bombs, pipes and devices in place of pictures: one line each, within a second or so and with bounded memory."""

import gzip
import io
import os
import struct
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ganvas.data import archive
from ganvas.data.arrays import npy_source
from ganvas.data.handed import as_source
from ganvas.data.regular import NotRegularError, open_regular, read_regular
from ganvas.errors import GanvasError, PicturesError, SettingError

MEMORY_BYTES = 700 << 20
SECONDS = 60


def outcome(source: Path, cache: Path) -> str:
    """What looking at `source` says in a process of its own, which may take so much memory and time and no more."""
    script = """
        import resource, sys
        from pathlib import Path
        from ganvas.config import PictureSettings
        from ganvas.data import load_pictures
        from ganvas.errors import GanvasError
        try:
            print(load_pictures(PictureSettings(source=sys.argv[1]), cache=Path(sys.argv[2])).report.summary())
        except GanvasError as error:
            print(error)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(source), str(cache)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    said, peak_kb = done.stdout.rstrip().rsplit("\n", 1)
    assert int(peak_kb) << 10 < MEMORY_BYTES, peak_kb
    return said


def tar_header(name: bytes, size: int, kind: bytes) -> bytes:
    info = tarfile.TarInfo(name.decode())
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "kind",
    [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE],
)
def test_a_tar_header_of_gigabytes_is_refused_before_it_is_read(kind, tmp_path):
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(gzip.compress(tar_header(b"x", 3 << 30, kind) + bytes(1 << 20)))
    with pytest.raises(PicturesError, match="headers that are too large"), archive.tar_source(path).open():
        pass


def test_the_map_of_a_sparse_file_that_does_not_end_is_refused(tmp_path):
    path = tmp_path / "sparse.tar.gz"
    block = bytearray(tar_header(b"x.png", 512, tarfile.GNUTYPE_SPARSE))
    block[482] = 1  # another map follows
    block[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(block))[0]
    more = bytearray(512)
    more[504] = 1
    path.write_bytes(gzip.compress(bytes(block) + bytes(more) * 100_000))
    with pytest.raises(PicturesError, match="headers that are too large"), archive.tar_source(path).open():
        pass


def test_a_tar_whose_members_run_backwards_ends(tmp_path):
    """A size below zero in a PAX header leads back to the same header."""
    path = tmp_path / "back.tar"
    record = b"14 size=-2560\n"
    head = tar_header(b"pax", len(record), tarfile.XHDTYPE) + record.ljust(512, b"\0")
    path.write_bytes((head + tar_header(b"a.png", 0, tarfile.REGTYPE)) * 3)
    said = outcome(path, tmp_path / "cache")
    assert "damaged" in said or "cannot be read as a tar" in said


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_an_archive_that_unpacks_to_a_multiple_of_itself_is_refused(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "EXPANSION_FROM_BYTES", 1 << 20)
    path = tmp_path / f"bomb.{kind}"
    zeros = bytes(1 << 20)
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for i in range(8):
                file.writestr(f"{i}.bmp", zeros)
    else:
        with tarfile.open(path, "w:gz") as tar:
            for i in range(8):
                info = tarfile.TarInfo(f"{i}.bmp")
                info.size = len(zeros)
                tar.addfile(info, io.BytesIO(zeros))
    open_it = archive.zip_source if kind == "zip" else archive.tar_source
    with pytest.raises(PicturesError, match="unpacks to more than 100 times its size"), open_it(path).open():
        pass


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_an_archive_of_more_members_than_anybody_has_is_refused(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_ENTRIES", 100)
    path = tmp_path / f"many.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as file:
            for i in range(101):
                file.writestr(f"{i}.txt", b"")
    else:
        with tarfile.open(path, "w") as tar:
            for i in range(101):
                tar.addfile(tarfile.TarInfo(f"{i}.txt"))
    open_it = archive.zip_source if kind == "zip" else archive.tar_source
    with pytest.raises(PicturesError, match="holds more than 100 files"), open_it(path).open():
        pass


def shared_zip(path: Path, count: int, shift: int) -> None:
    """A zip whose `count` entries lead to one member, each `shift` bytes further into it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for i in range(count):
            file.writestr(f"{i:04d}.bmp", bytes(100_000))
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    for i in range(count):
        data[at + 42 : at + 46] = struct.pack("<I", shift * i)
        at = data.find(b"PK\x01\x02", at + 4)
    path.write_bytes(data)


@pytest.mark.parametrize("shift", [0, 1, 40])
def test_members_of_a_zip_that_share_bytes_are_refused(shift, tmp_path):
    shared_zip(tmp_path / "shared.zip", 50, shift)
    with (
        pytest.raises(PicturesError, match="has members that overlap"),
        archive.zip_source(tmp_path / "shared.zip").open(),
    ):
        pass


def test_a_zip_with_long_comments_and_extra_fields_is_read(tmp_path, draw, load):
    with zipfile.ZipFile(tmp_path / "wordy.zip", "w") as file:
        file.comment = b"c" * 65_000
        for i in range(10):
            buffer = io.BytesIO()
            draw(i).save(buffer, "PNG")
            info = zipfile.ZipInfo(f"{i}.png")
            info.comment, info.extra = b"c" * 65_000, struct.pack("<HH", 0x9999, 60_000) + bytes(60_000)
            file.writestr(info, buffer.getvalue())
    assert load(tmp_path / "wordy.zip").report.used == 10


def npy(path: Path, shape: str, order: str = "False", descr: str = "'|u1'", data: bytes = b"", pad: int = 0) -> Path:
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}{' ' * pad}\n".encode()
    path.write_bytes(b"\x93NUMPY\x02\0" + struct.pack("<I", len(header)) + header + data)
    return path


@pytest.mark.parametrize(
    ("shape", "more"),
    [
        ("(1000000000, 16, 0)", {}),
        ("(1000000000, 0, 16, 3)", {}),
        ("(1000000000, 16, 16)", {}),
        ("(1000000000000000000000000, 16, 16)", {}),
        ("(3000000, 1, 1)", {"data": bytes(3_000_000)}),
        ("(8, 16, -16)", {}),
        ("(8, 16, 16)", {"data": bytes(100)}),
        ("(8, 16, 16)", {"pad": 50_000_000}),
        ("(8, 16, 16)", {"descr": "'|O'"}),
        ("(8, 16, 16)", {"descr": "('|u1', (1000000000,))"}),
        ("(8, 16, 16)", {"descr": "[('a', '|u1')]"}),
        ("(8, 16, 16)", {"descr": "'|V2000000000'"}),
        ("(8, 16, 16)", {"order": "'yes'", "data": bytes(100)}),
        ("(" * 3000 + "8" + ")" * 3000, {}),
        ("(True, 16, 16)", {}),
        ("'words'", {}),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_an_array_that_its_file_cannot_hold_is_one_line(shape, more, tmp_path):
    with (
        pytest.raises(PicturesError, match=r"cannot be read as an \.npy array") as caught,
        npy_source(npy(tmp_path / "a.npy", shape, **more)).open(),
    ):
        pass
    assert len(str(caught.value)) < 400


def test_a_small_array_in_fortran_order_is_read_and_a_large_one_says_what_to_do(tmp_path, load, monkeypatch):
    array = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8)
    np.save(tmp_path / "a.npy", np.asfortranarray(array))
    np.testing.assert_array_equal(load(tmp_path / "a.npy").images, array)
    monkeypatch.setattr("ganvas.data.arrays.LARGEST_FILE_BYTES", 1000)
    with pytest.raises(PicturesError, match="Fortran order; save it again"), npy_source(tmp_path / "a.npy").open():
        pass


NO_FILES = ["pipe", "/dev/zero", "/dev/full", "/dev/tty", "/proc/kmsg", "/proc/self/mem"]


def put(kind: str, path: Path) -> Path:
    if kind == "pipe":
        os.mkfifo(path)
    elif Path(kind).exists():
        path.symlink_to(kind)
    else:
        pytest.skip(f"no {kind} here")
    return path


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file_in_a_folder_is_named_and_never_waited_for(kind, folder, load):
    put(kind, folder / "odd.png")
    report = load(folder).report
    assert [item.file for item in report.broken] == ["odd.png"]
    assert report.used == 10


@pytest.mark.parametrize("kind", NO_FILES)
@pytest.mark.parametrize("name", ["a.npy", "a.zip", "a.tar.gz", "a"])
def test_what_is_no_file_as_a_source_is_one_line(kind, name, tmp_path, load):
    put(kind, tmp_path / name)
    with pytest.raises(GanvasError) as caught:
        load(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file_in_a_list_of_paths_is_one_line(kind, tmp_path):
    path = put(kind, tmp_path / "a.png")
    if "proc" in kind:  # a file of no bytes, which the doctor names later
        return
    with pytest.raises(SettingError, match="not a regular file"):
        as_source([path])


def test_a_file_is_read_no_further_than_it_was_long_and_a_name_that_changed_hands_is_noticed(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_regular(tmp_path / "a", 3) == b"1234"
    assert read_regular(tmp_path / "a", 9) == b"12345"
    assert read_regular(Path("/proc/self/status"), 9) == b""
    with pytest.raises(NotRegularError), open_regular(tmp_path):
        pass
