"""One picture file at a time: every format and mode comes out upright, in sRGB and with the right brightness."""

import io
import struct

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageCms

from ganvas.config import PictureSettings
from ganvas.data import decode
from ganvas.data.doctor import examine
from ganvas.data.fit import fit_file

ASKED = PictureSettings(source="x", width=32, height=32)
FORMATS = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "WEBP": {"quality": 95},
    "AVIF": {"quality": 90},
    "GIF": {},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "PPM": {},
}


def saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    if file_format == "HEIC":
        pillow_heif.from_pillow(image).save(buffer, quality=90)
    else:
        image.save(buffer, file_format, **options)
    return buffer.getvalue()


def row_of(data: bytes, channels: str = "rgb", px: int = 32) -> np.ndarray:
    return fit_file(data, px, px, "crop", channels).row


@pytest.mark.parametrize("file_format", [*FORMATS, "HEIC"])
def test_every_format_shows_the_same_picture(file_format, draw):
    picture = draw(1, 96, 96)
    row = row_of(saved(picture, file_format, **FORMATS.get(file_format, {})))
    truth = np.asarray(picture.resize((32, 32), Image.Resampling.LANCZOS), np.float64)
    assert np.abs(row - truth).mean() < 5


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF", "PPM", "BMP"])
def test_a_lossless_picture_of_the_right_size_is_untouched(file_format, draw):
    options = {"lossless": True} if file_format == "WEBP" else {}
    assert_array_equal(row_of(saved(draw(2, 32, 32), file_format, **options)), np.asarray(draw(2, 32, 32)))


def test_the_first_frame_of_a_moving_picture_is_used(draw):
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "blue")]
    for file_format in ("GIF", "WEBP", "PNG", "TIFF"):
        data = saved(frames[0], file_format, save_all=True, append_images=frames[1:])
        assert_allclose(row_of(data).mean(axis=(0, 1)), [255, 0, 0], atol=3)


@pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
def test_cmyk_is_not_inverted(file_format):
    row = row_of(saved(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), file_format))
    assert_allclose(row.mean(axis=(0, 1)), [255, 0, 0], atol=3)


def test_grey_and_black_and_white_and_palettes_become_what_they_look_like():
    half = Image.new("L", (32, 32), 100)
    assert_array_equal(row_of(saved(half, "PNG")), np.full((32, 32, 3), 100))
    assert_array_equal(row_of(saved(Image.new("1", (32, 32), 1), "PNG")), np.full((32, 32, 3), 255))
    palette = Image.new("RGB", (32, 32), (200, 30, 60)).convert("P", palette=Image.Palette.ADAPTIVE)
    assert_allclose(row_of(saved(palette, "PNG")).mean(axis=(0, 1)), [200, 30, 60], atol=1)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_clipped(file_format):
    ramp = np.tile(np.linspace(0, 65535, 32).astype(np.uint16), (32, 1))
    fitted = fit_file(saved(Image.fromarray(ramp), file_format), 32, 32, "crop", "grey")
    assert_allclose(fitted.row[0, :, 0], np.linspace(0, 255, 32), atol=0.51)
    assert fitted.span


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0, 9e9])
def test_floats_find_their_range(top):
    ramp = np.tile(np.linspace(0, top, 32, dtype=np.float32), (32, 1))
    row = row_of(saved(Image.fromarray(ramp), "TIFF"), "grey")
    assert_allclose(row[5, :, 0], np.linspace(0, 255, 32), atol=0.51)


def test_floats_that_are_no_numbers_do_no_harm():
    odd = np.tile(np.linspace(-1, 1, 32, dtype=np.float32), (32, 1))
    odd[0, :3] = [np.nan, np.inf, -np.inf]
    assert_allclose(row_of(saved(Image.fromarray(odd), "TIFF"), "grey")[5, [0, -1], 0], [0, 255])


def test_transparency_is_laid_on_white_or_kept():
    image = Image.new("RGBA", (32, 32), (255, 0, 0, 255))
    image.paste((0, 0, 255, 0), (16, 0, 32, 32))
    for data in (saved(image, "PNG"), saved(image, "WEBP", lossless=True), saved(image, "TIFF")):
        flat, kept = row_of(data), row_of(data, "rgba")
        assert_array_equal(flat[0, [0, -1]], [[255, 0, 0], [255, 255, 255]])
        assert_array_equal(kept[0, [0, -1]], [[255, 0, 0, 255], [255, 255, 255, 0]])


def test_half_transparency_is_half_white():
    row = row_of(saved(Image.new("LA", (64, 64), (0, 128)), "PNG"))
    assert_allclose(row, 127, atol=1)


def test_a_transparent_palette_is_laid_on_white():
    palette = Image.new("P", (32, 32), 0)
    palette.putpalette([0, 0, 255, 255, 0, 0])
    palette.paste(1, (0, 0, 16, 32))
    for transparency in (0, b"\x00\xff"):
        row = row_of(saved(palette, "PNG", transparency=transparency))
        assert_array_equal(row[0, [0, -1]], [[255, 0, 0], [255, 255, 255]])


def test_hidden_colours_do_not_bleed_when_resized():
    image = Image.new("RGBA", (64, 64), (0, 255, 0, 0))
    image.paste((255, 255, 255, 255), (0, 0, 31, 64))
    assert row_of(saved(image, "PNG")).min() > 250


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(file_format, orientation):
    upright = np.zeros((32, 64, 3), np.uint8)
    upright[:, :32, 0], upright[:16, :, 1] = 250, 250
    undo = {6: 8, 8: 6}.get(orientation, orientation)
    stored = Image.fromarray(upright)
    stored = stored.transpose(decode.TURNS[undo]) if undo in decode.TURNS else stored
    exif = Image.Exif()
    exif[0x0112] = orientation
    fitted = fit_file(saved(stored, file_format, exif=exif), 64, 32, "crop", "rgb")
    assert (fitted.width, fitted.height, fitted.turned) == (64, 32, orientation > 1)
    assert np.abs(fitted.row.astype(int) - upright)[[4, 4, 28, 28], [10, 50, 10, 50]].max() < 25


@pytest.mark.parametrize("value", [0, 9, 77])
def test_a_senseless_orientation_is_taken_as_none(value, draw):
    exif = Image.Exif()
    exif[0x0112] = value
    assert not fit_file(saved(draw(1), "JPEG", exif=exif), 32, 32, "crop", "rgb").turned


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_spoils_no_picture(draw):
    data = saved(draw(1), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff garbage")
    assert examine(data, ASKED)[0].broken == ""


def swapped_primaries() -> bytes:
    """A small RGB profile whose red means sRGB's green and the other way round."""

    def number(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(number(value) for value in values)

    red, green, blue = (0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)
    gamma = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(2.2 * 256))
    name = b"desc\0\0\0\0" + struct.pack(">I", 8) + b"swapped\0" + bytes(79)
    tags = {b"rXYZ": xyz(*green), b"gXYZ": xyz(*red), b"bXYZ": xyz(*blue), b"wtpt": xyz(0.9642, 1, 0.8249)}
    tags |= {b"rTRC": gamma, b"gTRC": gamma, b"bTRC": gamma, b"desc": name, b"cprt": b"text\0\0\0\0none\0\0\0\0"}
    table, body = struct.pack(">I", len(tags)), b""
    for tag, data in tags.items():
        body += bytes(-len(body) % 4)
        table += tag + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += data
    head = bytes(4) + b"none" + bytes([2, 0x20, 0, 0]) + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    head += number(0.9642) + number(1) + number(0.8249) + bytes(48)
    return struct.pack(">I", 128 + len(table) + len(body)) + head[4:] + table + body


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_embedded_profile_is_obeyed(file_format):
    red = Image.new("RGB", (32, 32), (255, 0, 0))
    row = row_of(saved(red, file_format, icc_profile=swapped_primaries()))
    assert_allclose(row.mean(axis=(0, 1)), [0, 255, 0], atol=12)


def test_srgb_and_damaged_profiles_change_nothing(draw):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, b"no profile", swapped_primaries()[:200]):
        data = saved(draw(3, 32, 32), "PNG", icc_profile=profile)
        assert_array_equal(row_of(data), np.asarray(draw(3, 32, 32)))


def bomb(width: int, height: int) -> bytes:
    data = bytearray(saved(Image.new("RGB", (8, 8)), "BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(30_000, 30_000), (12_000, 9_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_before_anything_is_decoded(size, monkeypatch):
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded"))
    assert "megapixels" in examine(bomb(*size), ASKED)[0].broken


def test_breakages_are_named_in_words(draw):
    jpeg = saved(draw(4, 200, 200), "JPEG")
    reasons = {
        b"": "empty",
        b"hello, I am a letter": "text",
        b"  <!DOCTYPE html><html>": "web page",
        bytes(100): "not a picture",
        jpeg[: len(jpeg) // 2]: "cut off",
        saved(draw(4, 200, 200), "PNG")[:3000]: "cut off",
        saved(Image.new("RGB", (1, 1)), "PNG"): "too small",
        saved(Image.new("RGB", (900, 1)), "PNG"): "too small",
    }
    for data, reason in reasons.items():
        verdict, row = examine(data, ASKED)
        assert reason in verdict.broken
        assert row is None


def test_heic_without_its_package_names_the_command(draw, monkeypatch):
    monkeypatch.setattr(decode, "has_heif", lambda: False)
    assert "pip install 'ganvas[heif]'" in examine(saved(draw(1), "HEIC"), ASKED)[0].broken


def test_other_decoders_are_never_let_near_a_file(draw):
    for file_format in ("EPS", "TGA", "ICNS", "PCX", "PDF"):
        assert examine(saved(draw(1), file_format), ASKED)[0].broken


SAMPLES = [
    saved(Image.effect_noise((40, 40), 90).convert(mode), kind)
    for mode, kind in [("RGB", "JPEG"), ("RGBA", "PNG"), ("RGB", "WEBP"), ("P", "GIF"), ("RGB", "BMP"), ("L", "TIFF")]
] + [saved(Image.effect_noise((40, 40), 90).convert("RGB"), kind) for kind in ("AVIF", "HEIC")]


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=400)
@given(st.sampled_from(SAMPLES), st.data())
def test_no_damage_makes_the_doctor_die(sample, data):
    damaged = bytearray(sample[: data.draw(st.integers(0, len(sample)))])
    for _ in range(data.draw(st.integers(0, 6)) if damaged else 0):
        damaged[data.draw(st.integers(0, min(len(damaged) - 1, 300)))] = data.draw(st.integers(0, 255))
    verdict, row = examine(bytes(damaged), ASKED)
    assert (row is None) == bool(verdict.broken)
    assert row is None or (row.shape == (32, 32, 3) and row.dtype == np.uint8)
