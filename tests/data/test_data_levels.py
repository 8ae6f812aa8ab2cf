"""Pictures of more than 8 bits: one scale for a whole set, from its values or as asked."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from pydantic import ValidationError

from ganvas.config import PictureSettings
from ganvas.data.deep import Span, levels_for
from ganvas.data.doctor import examine
from ganvas.data.fit import fit_file

PX = 32


def png16(values: np.ndarray) -> bytes:
    """(H, W) or (H, W, C) uint16 -> a PNG of 16 bits a channel."""
    height, width = values.shape[:2]
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[values.reshape(height, width, -1).shape[2]]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "TIFF")
    return buffer.getvalue()


def ramp(low: float, high: float, shape: tuple[int, ...] = ()) -> np.ndarray:
    """(PX, PX, *shape) from black on the left to white on the right."""
    line = np.linspace(low, high, PX).reshape(1, PX, *(1 for _ in shape))
    return np.broadcast_to(line, (PX, PX, *shape))


def write(folder: Path, files: list[bytes], ending: str) -> Path:
    folder.mkdir()
    for i, data in enumerate(files):
        (folder / f"{i}.{ending}").write_bytes(data)
    return folder


@pytest.mark.parametrize("bits", [1, 8, 10, 12, 14, 16])
@pytest.mark.parametrize("channels", [(), (3,), (4,), (2,)])
def test_sixteen_bits_that_hold_fewer_are_scaled_alike_by_the_set(bits, channels, tmp_path, load):
    top = 2**bits - 1
    shares = np.linspace(1, 0.6, 8)
    pictures = [
        np.roll(np.rint(ramp(0, top * share, channels)), i, 1).astype(np.uint16) for i, share in enumerate(shares)
    ]
    for values in pictures:
        if channels in ((4,), (2,)):
            values[..., -1] = 65535
    report = load(write(tmp_path / "deep", [png16(v) for v in pictures], "png"), width=PX, height=PX)
    expected = np.stack([v.reshape(PX, PX, -1)[..., 0] for v in pictures]) * (255 / top)
    assert_allclose(report.images[..., 0], expected, atol=1.0)
    assert f"more than 8 bits: 0 to {top} becomes black to white" in " ".join(report.report.notes)


def test_a_bright_picture_among_floats_keeps_its_place_and_turns_nothing_black(tmp_path, load):
    pictures = [ramp(0, top).astype(np.float32) for top in (200, 240, 250, 254, 255, 256, 300, 500)]
    images = load(write(tmp_path / "deep", [tiff(v) for v in pictures], "tif")).images
    means = images.reshape(8, -1).mean(1)
    assert (np.diff(means) >= 0).all()
    assert_allclose(images[..., 0], np.stack(pictures) * (255 / 500), atol=1)


def test_floats_below_zero_keep_their_order(tmp_path, load):
    pictures = [ramp(low, low + 0.5).astype(np.float32) for low in np.linspace(-1, 0.5, 8)]
    images = load(write(tmp_path / "deep", [tiff(v) for v in pictures], "tif")).images
    assert_allclose(images[..., 0], (np.stack(pictures) + 1) * 127.5, atol=1)


@pytest.mark.parametrize(
    ("levels", "expected"), [("4095", (0, 4095)), ("0:4095", (0, 4095)), (1000, (0, 1000)), ("1000:2000", (1000, 2000))]
)
def test_levels_that_are_asked_for_are_used_and_the_rest_is_clipped(levels, expected, tmp_path, load):
    pictures = [ramp(i, 5000 + i).astype(np.uint16) for i in range(8)]
    low, high = expected
    images = load(write(tmp_path / "deep", [png16(v) for v in pictures], "png"), levels=levels).images
    scaled = (np.stack(pictures).astype(float) - low) * 255 / (high - low)
    assert_allclose(images[..., 0], scaled.clip(0, 255), atol=1)


@pytest.mark.parametrize("levels", ["", "x", "5:5", "9:1", "nan", "0:inf", "-1", "1:2:3", None, [1]])
def test_levels_that_are_none_are_refused(levels):
    with pytest.raises(ValidationError, match="expected auto"):
        PictureSettings.model_validate({"levels": levels})


def test_eight_bits_beside_sixteen_are_left_as_they_are(tmp_path, load, draw):
    files = [png16(ramp(0, 100 + i).astype(np.uint16)) for i in range(4)]
    folder = write(tmp_path / "mixed", files, "png")
    for i in range(4):
        draw(i, PX, PX).save(folder / f"plain{i}.png")
    assert_array_equal(load(folder).images[4:], np.stack([np.asarray(draw(i, PX, PX)) for i in range(4)]))


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_the_full_range_is_scaled_as_it_always_was(channels):
    values = np.random.default_rng(0).integers(0, 65536, (PX, PX, *channels)).astype(np.uint16)
    values[0, 0] = 65535
    row = fit_file(png16(values), PX, PX, "crop", {(): "grey", (3,): "rgb", (4,): "rgba"}[channels]).row
    if channels:
        expected = values >> 8  # Pillow's own way with colours of 16 bits
        shown = expected[..., 3] > 0 if channels == (4,) else np.ones((PX, PX), bool)
        assert_array_equal(row[shown], expected[shown])
    else:
        assert_array_equal(row[..., 0], (values.astype(int) * 255 + 32767) // 65535)


def test_low_bytes_are_read_from_tiffs_too():
    values = np.random.default_rng(0).integers(0, 4096, (PX, PX)).astype(np.uint16)
    values[0, 0] = 4095
    colours = np.stack([values, values.T, values[::-1]], axis=2)
    data = colour_tiff(colours)
    row = fit_file(data, PX, PX, "crop", "rgb").row
    assert_allclose(row, colours * (255 / 4095), atol=0.51)


def colour_tiff(values: np.ndarray) -> bytes:
    """(H, W, 3) uint16 -> an uncompressed little-endian TIFF, which Pillow cannot write."""
    height, width, _ = values.shape
    bits_at = 8 + 2 + 12 * 9 + 4
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, bits_at), (259, 3, 1, 1), (262, 3, 1, 2)]
    tags += [(273, 4, 1, bits_at + 6), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, values.nbytes)]
    body = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + body + struct.pack("<HHH", 16, 16, 16) + values.astype("<u2").tobytes()


WHOLE = st.integers(-(2**31), 2**31 - 1)
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.one_of(st.tuples(WHOLE, WHOLE, st.just(True)), st.tuples(FLOATS, FLOATS, st.just(False))))
def test_every_span_has_levels_that_hold_it(values):
    span = Span(float(min(values[:2])), float(max(values[:2])), whole=values[2])
    black, white = levels_for(span)
    assert black < white
    assert black <= span.low
    assert span.high <= white


def test_a_value_slightly_above_one_does_not_mean_255():
    assert levels_for(Span(0, 1.02, whole=False)) == (0, 1.02)
    assert levels_for(Span(0, 200, whole=False)) == (0, 255)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_picture_without_a_finite_number_is_no_picture(value):
    found, _ = examine(tiff(np.full((PX, PX), value, np.float32)), PictureSettings(width=32, height=32))
    assert found.broken == "none of its values is a finite number"
