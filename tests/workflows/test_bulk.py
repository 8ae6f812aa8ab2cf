"""Very many pictures: the same bytes as one by one, whatever draws them, and gone on with after a kill."""

import json
import tarfile
import tracemalloc

import numpy as np
import pytest

from ganvas.errors import DiskError, SettingError
from ganvas.model.weights import save_model
from ganvas.workflows.generate import Generator

KINDS = "folder", "npy", "shards"


@pytest.fixture
def generator(make_model, tmp_path):
    model = make_model()
    save_model(tmp_path / "model", model.description, model.generator)
    return Generator.read(tmp_path / "model")


def many(generator, folder, count=10, **options):
    return generator.save_many(folder, count, seed=3, progress=False, **{"chunk": 4} | options)


def contents(folder):
    """Name -> bytes of all pictures, whatever they lie in; of an array their pixels."""
    found = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            found |= {member.name: tar.extractfile(member).read() for member in tar.getmembers()}
    if (folder / "pictures.npy").exists():
        found |= {str(row): picture.tobytes() for row, picture in enumerate(np.load(folder / "pictures.npy"))}
    return found


def test_a_folder_has_the_files_of_one_by_one(generator, tmp_path):
    many(generator, tmp_path / "many", truncation=0.7)
    generator.save_pictures(tmp_path / "few", range(3, 13), truncation=0.7)
    few = contents(tmp_path / "few")
    del few["grid.png"]
    assert contents(tmp_path / "many") == few
    assert len(few) == 10


def test_shards_hold_the_same_files_each_beside_what_is_known_of_it(generator, tmp_path):
    many(generator, tmp_path / "shards", to="shards")
    many(generator, tmp_path / "folder")
    assert sorted(path.name for path in (tmp_path / "shards").glob("*.tar")) == [f"{n:06d}.tar" for n in range(3)]
    inside = contents(tmp_path / "shards")
    assert {name: stored for name, stored in inside.items() if name.endswith(".png")} == contents(tmp_path / "folder")
    with tarfile.open(tmp_path / "shards" / "000001.tar") as tar:
        assert tar.getnames()[:2] == ["000007.png", "000007.json"]
    assert json.loads(inside["000007.json"])["seed"] == 7


def test_an_array_holds_the_pixels(generator, tmp_path):
    assert many(generator, tmp_path, to="npy") == tmp_path / "pictures.npy"
    assert np.array_equal(np.load(tmp_path / "pictures.npy"), generator.draw(seeds=range(3, 13)))


@pytest.mark.parametrize("to", KINDS)
def test_several_processes_give_the_same_bytes_as_one(to, generator, tmp_path):
    many(generator, tmp_path / "one", to=to)
    many(generator, tmp_path / "two", to=to, processes=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.parametrize("to", KINDS)
def test_what_was_drawn_is_not_drawn_again_and_the_rest_is(to, generator, tmp_path):
    """As a kill leaves it behind: one chunk is noted as done, another is there in part."""
    many(generator, tmp_path / "whole", to=to)
    many(generator, tmp_path / "part", to=to)
    part = tmp_path / "part"
    notes = json.loads((part / "generated.json").read_text(encoding="utf-8"))
    (part / "generated.json").write_text(json.dumps(notes | {"done": [1]}), encoding="utf-8")
    if to == "npy":
        array = np.load(part / "pictures.npy", mmap_mode="r+")
        array[:4] = 0
        array.flush()
        (part / "pictures.npy").rename(part / "unfinished-pictures.npy")
    for path in [*part.glob("00000[34].png"), *part.glob("000000.tar")]:
        path.unlink()
    before = {path.name: path.stat().st_mtime_ns for path in part.iterdir()}
    many(generator, part, to=to)
    assert contents(part) == contents(tmp_path / "whole")
    kept = {"folder": "000007.png", "shards": "000001.tar"}.get(to)
    assert kept is None or (part / kept).stat().st_mtime_ns == before[kept]


@pytest.mark.parametrize("to", KINDS)
def test_what_was_taken_away_is_drawn_again(to, generator, tmp_path):
    many(generator, tmp_path / "whole", to=to)
    many(generator, tmp_path / "part", to=to)
    for path in [
        *(tmp_path / "part").glob("*.npy"),
        *(tmp_path / "part").glob("*.tar"),
        *(tmp_path / "part").glob("*6.png"),
    ]:
        path.unlink()
    many(generator, tmp_path / "part", to=to)
    assert contents(tmp_path / "part") == contents(tmp_path / "whole")


def test_other_pictures_in_the_folder_are_not_mixed_with(generator, tmp_path):
    many(generator, tmp_path)
    for options, said in [
        ({"count": 11}, "count = 10, not 11"),
        ({"truncation": 0.5}, "truncation = 1"),
        ({"to": "npy"}, "to = "),
    ]:
        with pytest.raises(SettingError, match=said):
            many(generator, tmp_path, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"count": 0}, "count = 0"),
        ({"count": 10**12}, "count"),
        ({"to": "zip"}, "to = 'zip'"),
        ({"processes": 0}, "--processes 0"),
        ({"label": "cats"}, "cats"),
        ({"truncation": 3.0}, "truncation 3"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_written(options, said, generator, tmp_path):
    with pytest.raises(SettingError, match=said):
        many(generator, tmp_path / "out", **options)
    assert not list((tmp_path / "out").glob("*.png"))


def test_an_array_that_is_not_of_these_pictures_is_kept(generator, tmp_path):
    (tmp_path / "pictures.npy").write_bytes(b"mine")
    with pytest.raises(SettingError, match="holds another pictures"):
        many(generator, tmp_path, to="npy")
    assert (tmp_path / "pictures.npy").read_bytes() == b"mine"


def test_a_disk_that_fills_while_an_array_is_drawn_is_told(generator, tmp_path):
    """The array takes no room when it is made, so that a full disk shows when its rows are written."""
    many(generator, tmp_path, to="npy")
    (tmp_path / "pictures.npy").rename(tmp_path / "unfinished-pictures.npy")
    notes = json.loads((tmp_path / "generated.json").read_text())
    (tmp_path / "generated.json").write_text(json.dumps(notes | {"done": [0, 1]}))
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
    try:
        with pytest.raises(DiskError, match="the disk is full"):
            many(generator, tmp_path, to="npy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_damaged_notes_are_told(generator, tmp_path):
    (tmp_path / "generated.json").write_text("{", encoding="utf-8")
    with pytest.raises(SettingError, match=r"generated\.json"):
        many(generator, tmp_path)


@pytest.mark.parametrize("to", KINDS)
def test_memory_does_not_grow_with_the_count(to, generator, tmp_path):
    def peak(count, folder):
        tracemalloc.start()
        many(generator, tmp_path / folder, count, to=to, chunk=8)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(8, "warm")
    picture = generator.draw(seeds=[0]).nbytes
    assert peak(320, "many") < peak(16, "few") + 100 * picture
