"""Decoded once: an unchanged source opens at once, a copy is not decoded again, and half a cache is never used."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ganvas.config import PictureSettings
from ganvas.data import gather, load_pictures
from ganvas.data.imagefile import HEADER_BYTES, ImageFile, npy_header
from ganvas.errors import GanvasError
from ganvas.files import cache_folder


@pytest.fixture
def no_decoding(monkeypatch):
    def forbid() -> None:
        monkeypatch.setattr(gather, "examine", lambda *_: pytest.fail("a picture was decoded"))

    return forbid


@pytest.fixture
def no_reading(monkeypatch):
    def forbid() -> None:
        monkeypatch.setattr(gather, "read_entry", lambda *_: pytest.fail("a picture was read"))

    return forbid


def test_an_unchanged_folder_is_not_even_read_again(folder, load, no_decoding, no_reading):
    first = load(folder)
    no_decoding()
    no_reading()
    second = load(folder)
    assert_array_equal(first.images, second.images)
    assert {**first.report.to_dict(), "seconds": 0} == {**second.report.to_dict(), "seconds": 0}


def test_a_copy_and_a_renamed_folder_are_read_but_not_decoded(folder, load, no_decoding):
    (folder / "bad.png").write_text("no")
    first = load(folder)
    no_decoding()
    shutil.copytree(folder, folder.parent / "copy")
    folder.rename(folder.parent / "renamed")
    for name in ("copy", "renamed"):
        again = load(folder.parent / name)
        assert again.key == first.key
        assert again.report.broken == first.report.broken
        assert again.report.source.endswith(name)


def test_a_changed_picture_a_new_one_and_other_settings_are_noticed(folder, load, draw):
    keys = [load(folder).key]
    draw(77).save(folder / "03.png")
    keys.append(load(folder).key)
    draw(78).save(folder / "new.png")
    keys.append(load(folder).key)
    others = ({"width": 48}, {"fit": "pad"}, {"channels": "grey"}, {"per_class": 0.9})
    keys += [load(folder, **other).key for other in others]
    assert len(set(keys)) == len(keys)


def test_settings_that_change_no_pixel_share_the_array(folder, load, no_decoding):
    first = load(folder)
    no_decoding()
    assert load(folder, mirror=True).key == first.key


def test_files_of_equal_size_with_other_content_are_decoded(tmp_path, load, draw):
    for name, start in (("a", 0), ("b", 100)):
        (tmp_path / name).mkdir()
        for seed in range(8):
            draw(start + seed).save(tmp_path / name / f"{seed}.bmp")
    first, second = load(tmp_path / "a"), load(tmp_path / "b")
    assert first.key != second.key
    assert (first.images != second.images).any()


def test_the_array_is_mapped_and_cannot_be_changed(folder, load):
    images = load(folder).images
    assert isinstance(images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 0


def test_a_damaged_cache_is_made_again(folder, load, cache):
    first = load(folder)
    truth = np.array(first.images)
    stored = cache / "pictures" / first.key / "images.npy"
    for damage in (b"", stored.read_bytes()[:-100], b"x" * 500):
        stored.write_bytes(damage)
        assert_array_equal(load(folder).images, truth)
    for index in (cache / "index").iterdir():
        index.write_text("{")
    assert_array_equal(load(folder).images, truth)


def in_json(path: Path, change) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def in_report(**changes):
    return lambda values: values | {"report": values["report"] | changes} if "report" in values else values


def without_findings(values):
    report = values.get("report", {})
    kept = {name: value for name, value in report.items() if name != "findings"}
    return values | ({"report": kept | {"notes": ["n"]}} if report else {})


ARRAY = np.zeros(10, np.int64)
SPOILS = {  # pattern of the files -> what is done to each
    "labels of no class": ("pictures/*/labels.npy", lambda path: np.save(path, ARRAY + 2)),
    "labels of the other class": ("pictures/*/labels.npy", lambda path: np.save(path, ARRAY)),
    "labels of another type": ("pictures/*/labels.npy", lambda path: np.save(path, ARRAY.astype(float))),
    "a header that does not end": (
        "pictures/*/*.npy",
        lambda path: path.write_bytes(path.read_bytes()[:10] + b"(" + path.read_bytes()[11:]),
    ),
    "an archive in the place of an array": ("pictures/*/images.npy", lambda path: path.write_bytes(b"PK\3\4" * 99)),
    "another shape": (
        "pictures/*/images.npy",
        lambda path: path.write_bytes(path.read_bytes().replace(b"32, 32, 3)", b"32, 96, 1)")),
    ),
    "other classes": ("pictures/*/classes.json", lambda path: path.write_text('["a", "x"]')),
    "a class that is none": ("pictures/*/classes.json", lambda path: path.write_text('["a", 7]')),
    "a class too many": ("pictures/*/classes.json", lambda path: path.write_text('["a", "b", "c"]')),
    "a key that leads elsewhere": ("index/*", lambda path: in_json(path, lambda values: values | {"key": "../../x"})),
    "another size": ("index/*", lambda path: in_json(path, in_report(height=64))),
    "more pictures": ("index/*", lambda path: in_json(path, in_report(used=11))),
    "findings that are none": ("index/*", lambda path: in_json(path, in_report(findings=[7, None]))),
    "sentences alone, as of before findings": ("index/*", lambda path: in_json(path, without_findings)),
    "another key": ("index/*", lambda path: in_json(path, in_report(key="0" * 32))),
}
VERDICTS = {
    "words for numbers": lambda values: [[*each[:1], "wide", *each[2:]] for each in values],
    "like one that is not there": lambda values: [[*each[:-1], 99] for each in values],
    "like itself": lambda values: [[*each[:-1], place] for place, each in enumerate(values)],
    "no height": lambda values: [[*each[:2], 0, *each[3:]] for each in values],
    "a width beyond all": lambda values: [[each[0], 10**400, *each[2:]] for each in values],
    "too few": lambda values: values[1:],
    "no list": lambda values: 7,
}


@pytest.fixture
def two_classes(tmp_path, draw) -> Path:
    for seed in range(10):
        path = tmp_path / "classes" / "ab"[seed % 2] / f"{seed}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(seed).save(path)
    return tmp_path / "classes"


def assert_same(found, first) -> None:
    assert_array_equal(found.images, first.images)
    assert_array_equal(found.labels, first.labels)
    assert found.classes == first.classes
    assert {**found.report.to_dict(), "seconds": 0, "source": ""} == {
        **first.report.to_dict(),
        "seconds": 0,
        "source": "",
    }


@pytest.mark.parametrize("spoilt", SPOILS)
def test_what_is_not_what_was_kept_is_made_again_for_the_same_source_and_a_copy(spoilt, two_classes, load, cache):
    pattern, spoil = SPOILS[spoilt]
    first = load(two_classes)
    truth = replace(first, images=np.array(first.images), labels=np.array(first.labels))
    shutil.copytree(two_classes, two_classes.with_name("copy"))
    for source in (two_classes, two_classes.with_name("copy")):
        for path in cache.glob(pattern):
            spoil(path)
        assert_same(load(source), truth)


@pytest.mark.parametrize("spoilt", VERDICTS)
def test_verdicts_that_are_none_are_made_again(spoilt, folder, load, cache, no_decoding):
    first = load(folder)
    (path,) = cache.glob("pictures/*/verdicts.json")
    good = path.read_text()
    in_json(path, VERDICTS[spoilt])
    shutil.copytree(folder, folder.with_name("copy"))
    assert_same(load(folder.with_name("copy")), first)
    assert path.read_text() == good
    no_decoding()
    shutil.copytree(folder, folder.with_name("another"))
    assert_same(load(folder.with_name("another")), first)


def test_an_interrupted_run_leaves_nothing_that_is_used(folder, load, cache):
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(folder, progress=interrupt)
    assert list((cache / "pictures").iterdir()) == []
    assert load(folder).report.used == 10


def test_a_killed_run_leaves_no_half_cache_that_is_used(folder, load, cache):
    script = """
        import os, sys
        from pathlib import Path
        from ganvas.config import PictureSettings
        from ganvas.data import load_pictures
        settings = PictureSettings(source=sys.argv[1], width=32, height=32)
        load_pictures(settings, cache=Path(sys.argv[2]), progress=lambda done, total: os.kill(os.getpid(), 9))
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(folder), str(cache)], check=False)
    assert killed.returncode == -9
    left = list((cache / "pictures").iterdir())
    assert [path.name.startswith(".partial-") for path in left] == [True]
    assert load(folder).report.used == 10
    os.utime(left[0], (0, 0))
    load(folder, width=16)
    assert not left[0].exists()


def test_runs_that_start_together_agree(folder, cache):
    settings = PictureSettings(source=str(folder), width=32, height=32)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: load_pictures(settings, cache=cache), range(4)))
    assert len({result.key for result in results}) == 1
    assert all((result.images == results[0].images).all() for result in results)
    assert [path.name for path in (cache / "pictures").iterdir()] == [results[0].key]


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(folder, load, cache, monkeypatch):
    def full(self: ImageFile, row: np.ndarray) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ImageFile, "append", full)
    with pytest.raises(GanvasError, match=r"No space left on device.*GANVAS_CACHE"):
        load(folder)
    assert list((cache / "pictures").iterdir()) == []


def test_a_cache_that_cannot_be_made_is_one_clear_error(folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings = PictureSettings(source=str(folder), width=32, height=32)
    with pytest.raises(GanvasError, match="cannot be written"):
        load_pictures(settings, cache=tmp_path / "file" / "cache")


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("GANVAS_CACHE")
    assert cache_folder() == tmp_path / "xdg" / "ganvas"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "ganvas"


def test_progress_rises_to_the_number_of_pictures(folder, load):
    told: list[tuple[int, int]] = []
    load(folder, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (10, 10)


def test_an_image_file_is_what_numpy_would_have_saved(tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 1), dtype=np.uint8)
    file = ImageFile(tmp_path / "ours.npy", (4, 3, 1))
    for row in rows:
        file.append(row)
    file.close()
    np.save(tmp_path / "theirs.npy", rows)
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "theirs.npy").read_bytes()


def test_the_header_has_its_length_for_any_number_of_pictures():
    for count in (0, 1, 10**5, 10**9):
        assert len(npy_header((count, 256, 256, 4))) == HEADER_BYTES


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_big_pictures(tmp_path, draw):
    """Peak memory of forty JPEGs of 8 megapixels (24 MB each, decoded) is that of eight."""
    script = """
        import resource, sys
        from pathlib import Path
        from ganvas.config import PictureSettings
        from ganvas.data import load_pictures
        settings = PictureSettings(source=sys.argv[1], width=256, height=256)
        assert load_pictures(settings, cache=Path(sys.argv[2])).report.used == int(sys.argv[3])
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    picture = draw(1, 3456, 2304)
    peaks_kb = []
    for count in (8, 40):
        folder = tmp_path / str(count)
        folder.mkdir()
        for i in range(count):
            picture.crop((0, 0, 3456, 2304 - i)).save(folder / f"{i}.jpg")
        command = [sys.executable, "-c", textwrap.dedent(script), str(folder), str(tmp_path / "cache"), str(count)]
        peaks_kb.append(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    assert peaks_kb[1] - peaks_kb[0] < 10_000, peaks_kb
