"""Bombs, pipes and devices in place of pictures: one line each, within a second or so and with bounded memory."""

import gzip
import io
import os
import struct
import subprocess
import sys
import tarfile
import textwrap
import time
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganvas.config import PictureSettings
from ganvas.data import archive, limits
from ganvas.data.arrays import npy_source
from ganvas.data.doctor import examine
from ganvas.data.fit import fit_file
from ganvas.data.handed import as_source
from ganvas.data.limits import TimeLimit
from ganvas.data.memory import Budget
from ganvas.data.metadata import without_large_metadata
from ganvas.errors import GanvasError, PicturesError, SettingError
from ganvas.files import NotRegularError, open_regular, read_regular

MEMORY_BYTES = 700 << 20
SECONDS = 60


def outcome(source: Path, cache: Path, memory_bytes: int = MEMORY_BYTES, seconds: int = SECONDS) -> str:
    """What looking at `source` says in a process of its own, which may take so much memory and time and no more."""
    script = r"""
        import re, sys
        from pathlib import Path
        from ganvas.config import PictureSettings
        from ganvas.data import load_pictures
        from ganvas.errors import GanvasError
        try:
            print(load_pictures(PictureSettings(source=sys.argv[1]), cache=Path(sys.argv[2])).report.summary())
        except GanvasError as error:
            print(error)
        print(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1])  # of this program alone
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(source), str(cache)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds)
    said, peak_kb = done.stdout.rstrip().rsplit("\n", 1)
    assert int(peak_kb) << 10 < memory_bytes, peak_kb
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


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def wordy(file_format: str, draw) -> dict[str, bytes]:
    """The same picture with as much that is no pixel as the format can hold, in each way it can."""
    buffer, plain, noise = io.BytesIO(), draw(1), np.random.default_rng(0).bytes(3 << 20)
    plain.save(buffer, file_format, **({"lossless": True} if file_format == "WEBP" else {}))
    data = buffer.getvalue()
    if file_format == "PNG":
        at = data.index(b"IDAT") - 4
        long = {
            "profile": chunk(b"iCCP", b"a\0\0" + zlib.compress(noise)),
            "profile that is a bomb": chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(100 << 20))),
            "text": chunk(b"tEXt", b"a\0" + bytes(70 << 20)),
            "packed text": chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(3 << 20))),
            "XMP": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(3 << 20))),
            "many": b"".join(chunk(b"zTXt", b"%d\0\0" % i + zlib.compress(bytes(1 << 19))) for i in range(200)),
            "private": chunk(b"prVt", bytes(20 << 20)),
            "EXIF": chunk(b"eXIf", b"MM\0*" + bytes(9 << 20)),
        }
        return {name: data[:at] + extra + data[at:] for name, extra in long.items()}
    if file_format == "JPEG":
        parts = {"EXIF": (0xE1, b"Exif\0\0"), "comment": (0xFE, b""), "maker": (0xED, b"Photoshop 3.0\0")}
        extra = {
            n: (bytes([255, kind, 255, 255]) + start.ljust(65533, b"x")) * 300 for n, (kind, start) in parts.items()
        }
        return {name: data[:2] + segments + data[2:] for name, segments in extra.items()}
    if file_format == "GIF":
        at = data.index(b",", 13 + 3 * 256)
        return {"comment": data[:at] + b"!\xfe" + (b"\xff" + b"x" * 255) * 40_000 + b"\0" + data[at:]}
    if file_format == "PPM":
        return {"comment": data[:3] + b"#" + b"x" * (2 << 20) + b"\n" + data[3:]}
    found = {}
    for name, extra in {"profile": {"icc_profile": noise}, "XMP": {"xmp": noise}}.items():
        buffer = io.BytesIO()
        plain.save(buffer, file_format, **extra, **({"lossless": True} if file_format == "WEBP" else {}))
        found[name] = buffer.getvalue()
    return found


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "PPM", "WEBP", "TIFF", "AVIF"])
def test_what_is_large_and_no_pixel_costs_no_picture(file_format, draw):
    buffer = io.BytesIO()
    draw(1).save(buffer, file_format, **({"lossless": True} if file_format == "WEBP" else {}))
    plain = fit_file(buffer.getvalue(), 32, 32, "crop", "rgb").row
    for name, data in wordy(file_format, draw).items():
        started = time.process_time()
        np.testing.assert_array_equal(fit_file(data, 32, 32, "crop", "rgb").row, plain, err_msg=name)
        assert time.process_time() - started < 3, name


@settings(max_examples=200)
@given(st.sampled_from(["PNG", "JPEG", "GIF", "PPM"]), st.data())
def test_nothing_is_dropped_from_a_file_of_ordinary_size(file_format, data):
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize((30, 30)).save(buffer, file_format)
    damaged = bytearray(buffer.getvalue()[: data.draw(st.integers(0, len(buffer.getvalue())))])
    for _ in range(data.draw(st.integers(0, 4)) if damaged else 0):
        damaged[data.draw(st.integers(0, min(len(damaged) - 1, 100)))] = data.draw(st.integers(0, 255))
    if not (file_format == "GIF" and b"!\xfe" in damaged):
        assert without_large_metadata(bytes(damaged), TimeLimit()) == bytes(damaged)


def test_a_jpeg_that_goes_over_a_large_picture_hundreds_of_times_is_refused():
    buffer = io.BytesIO()
    Image.new("L", (4000, 4000)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    start = data.rindex(b"\xff\xda")
    again = data[start:-2] * 500
    found, _ = examine(data[:-2] + again + data[-2:], PictureSettings(width=32, height=32))
    assert found.broken == "more passes over its pixels than any camera writes"
    assert examine(data, PictureSettings(width=32, height=32))[0].broken == ""


def encoded(file_format: str, image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or Image.new("L", (64, 64))).save(buffer, file_format, **options)
    return buffer.getvalue()


def bmp(body: bytes, side: int) -> bytes:
    """Of run lengths, which Pillow reads in Python."""
    head = struct.pack("<IHHI", 1078 + len(body), 0, 0, 1078)
    return (
        b"BM"
        + head
        + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(body), 0, 0, 256, 0)
        + bytes(1024)
        + body
    )


def slow_pictures() -> dict[str, bytes]:
    """Files of a megabyte or so that decoders go through piece by piece in Python."""
    jpeg, png, gif = encoded("JPEG"), encoded("PNG"), b"GIF89a" + struct.pack("<HHBBB", 16, 16, 0x80, 0, 0) + bytes(6)
    at = png.index(b"IDAT") - 4
    return {
        "segments of a JPEG": jpeg[:2] + b"\xff\xee\0\2" * 300_000 + jpeg[2:],
        "filling of a JPEG": jpeg[:2] + b"\xff" * 1_000_000 + jpeg[2:],
        "chunks of a PNG": png[:at] + chunk(b"tEXt", b"a\0b") * 100_000 + png[at:],
        "empty chunks of pixels": png[:at] + chunk(b"IDAT", b"") * 100_000 + png[at:],
        "extensions of a GIF": gif + b"!\1\1a\0" * 300_000,
        "comments of a GIF": gif + b"!\xfe\1a\0" * 300_000,
        "filling of a GIF": gif + b"x" * 1_000_000,
        "steps of a BMP": bmp(b"\0\2\0\0" * 300_000, 100),
        "pixels of a PGM": b"P5\n1000 1000\n254\n" + bytes(1_000_000),
        "header of a PBM": b"P4\n" + b" \n" * 1_000_000,
        "numbers of a PPM": b"P3\n2000 2000\n255\n" + b"1 " * 12_000_000,
    }


def test_a_file_may_take_so_much_time_and_no_more(monkeypatch):
    asked = PictureSettings(width=32, height=32)
    monkeypatch.setattr(limits, "SECONDS_AT_FIRST", 0.05)
    monkeypatch.setattr(limits, "SECONDS_PER_MEGAPIXEL", 0.05)
    for name, data in slow_pictures().items():
        started = time.thread_time()
        found, _ = examine(data, asked)
        assert found.broken.startswith("takes more than 0 seconds to read; save it anew"), (name, found)
        assert found.digest.startswith("slow: ")  # so that the set is not taken for that of a faster machine
        assert time.thread_time() - started < 1.5, name


def tiff(order: str, tags: dict[int, tuple[int, int, int]], *, big: bool = False) -> bytes:
    """tag: (kind, count, value or offset)."""
    head, one = (
        (struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, len(tags)), "HHQ")
        if big
        else (struct.pack(order + "2sHIH", b"II" if order == "<" else b"MM", 42, 8, len(tags)), "HHI")
    )
    entries = []
    for tag, (kind, count, value) in sorted(tags.items()):
        packed = struct.pack(order + ("H" if kind == 3 else "I"), value).ljust(8 if big else 4, b"\0")
        entries.append(struct.pack(order + one, tag, kind, count) + packed)
    return head + b"".join(entries) + bytes(8)


@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True)])
def test_a_tiff_of_millions_of_pieces_or_of_tiles_far_beyond_it_is_refused(order, big):
    sides = {256: (4, 1, 16), 257: (4, 1, 1_000_000)}
    asked = PictureSettings(width=32, height=32)
    strips = tiff(order, {**sides, 273: (3, 100_000_000, 8)}, big=big)
    assert "at most 524,288 are read" in examine(strips, asked)[0].broken
    tiles = tiff(order, {**sides, 322: (4, 1, 60_000), 323: (3, 1, 112)}, big=big)
    assert "most of them outside of it" in examine(tiles, asked)[0].broken


def exif(entries: int, size_bytes: int, orientation: int) -> bytes:
    """So many entries that each name nearly all of it; the orientation is the last of them."""
    numbers = [*range(0x112 - entries + 1, 0x112), 0x112]
    body = b"".join(struct.pack(">HHII", number, 7, size_bytes - 8, 8) for number in numbers[:-1])
    body += struct.pack(">HHIHH", 0x112, 3, 1, orientation, 0)
    return b"Exif\0\0" + (b"MM\0*\0\0\0\x08" + struct.pack(">H", entries) + body).ljust(size_bytes, b"\0")


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_long_exif_turns_a_picture_and_takes_no_time(file_format, draw):
    """The entries before it are cut off; those of a camera are short."""
    turned = exif(1, 900_000, 6)
    found, _ = examine(
        encoded(file_format, draw(1), exif=turned[: 60_000 if file_format == "JPEG" else None]),
        PictureSettings(width=32, height=32),
    )
    assert found.turned
    started = time.process_time()
    hostile = exif(200, 900_000, 6)[: 60_000 if file_format == "JPEG" else None]
    examine(encoded(file_format, draw(1), exif=hostile), PictureSettings(width=32, height=32))
    assert time.process_time() - started < 1


def test_long_exif_of_an_avif_is_dropped_and_what_turns_it_is_elsewhere(draw):
    for orientation in (1, 6):
        tags = Image.Exif()
        tags[0x10E], tags[0x112] = "x" * 200_000, orientation
        data = encoded("AVIF", draw(1), exif=tags)
        assert without_large_metadata(data, TimeLimit()) != data
        assert fit_file(data, 32, 32, "crop", "rgb").turned == (orientation == 6)


@pytest.mark.slow
def test_float_tiffs_of_a_hundred_megapixels_take_memory_one_at_a_time(tmp_path):
    """Any two at once would take twice as much: 400 MB of pixels each, and what they become."""
    buffer = io.BytesIO()
    Image.new("F", (10_000, 10_000), 0.5).save(buffer, "TIFF", compression="tiff_adobe_deflate")
    (tmp_path / "pictures").mkdir()
    for i in range(4):
        (tmp_path / "pictures" / f"{i}.tif").write_bytes(buffer.getvalue() + bytes([i]))
    said = outcome(tmp_path / "pictures", tmp_path / "cache", memory_bytes=1300 << 20, seconds=5 * SECONDS)
    assert "3 are duplicates" in said


def test_memory_is_lent_up_to_its_limit_and_to_one_who_wants_more():
    budget, most, taken = Budget(10), [0], [0]

    def use(wanted: int) -> None:
        with budget.lent(wanted):
            taken[0] += min(wanted, 10)
            most[0] = max(most[0], taken[0])
            time.sleep(0.001)
            taken[0] -= min(wanted, 10)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, [3, 4, 5, 99, 1, 10, 2, 6] * 5))
    assert 0 < most[0] <= 10


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
