"""Sets in shards: packed, found, streamed, shared out, and what becomes of a shard that cannot be read."""

import json
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from PIL import Image

from ganvas.config import PictureSettings
from ganvas.data import BatchStream, open_source
from ganvas.data.order import Share
from ganvas.data.shards.finding import expanded
from ganvas.data.shards.pack import pack_pictures
from ganvas.errors import PicturesError, SettingError

SIDE = 16


def painted(path, number):
    """A picture of one colour, which says which one it is, as far as a byte goes."""
    Image.new("RGB", (SIDE, SIDE), (number % 256, 255 - number % 256, 40)).save(path)


@pytest.fixture(scope="module")
def painted_folder(tmp_path_factory):
    """60 pictures, in the classes a, b and c."""
    folder = tmp_path_factory.mktemp("painted")
    for number in range(60):
        label = folder / "abc"[number // 20]
        label.mkdir(exist_ok=True)
        painted(label / f"{number:03d}.png", number)
    return folder


@pytest.fixture(scope="module")
def packed_once(painted_folder, tmp_path_factory):
    return packed(painted_folder, tmp_path_factory.mktemp("packed") / "shards", shards=6)


@pytest.fixture
def shards(packed_once, tmp_path):
    """A copy of six shards of ten pictures each, which a test may damage."""
    return Path(shutil.copytree(packed_once, tmp_path / "shards"))


def packed(source, out, shards=None, shard_bytes=10**8):
    found = open_source(PictureSettings(source=str(source)))
    pack_pictures(found, out, shards=shards, shard_bytes=shard_bytes, progress=None)
    return out


def numbers_in(batch):
    return batch.images[:, 8, 8, 0].numpy()


def streamed(pictures, count, first=0, seed=1, **options):
    """The numbers of the pictures that a stream shows, a few at a time."""
    with BatchStream(pictures, 7, seed, **options) as stream:
        found = [numbers_in(stream.batch_at(at, min(7, first + count - at))) for at in range(first, first + count, 7)]
    return np.concatenate(found)


def small(load, source, **settings):
    return load(source, width=SIDE, height=SIDE, shuffle=12, **settings)


def test_packing_keeps_every_file_and_its_class(painted_folder, shards):
    index = json.loads((shards / "index.json").read_text())
    assert index["classes"] == ["a", "b", "c"]
    assert [shard["pictures"] for shard in index["shards"]] == [10] * 6
    found = {}
    for path in sorted(shards.glob("*.tar")):
        with tarfile.open(path) as archive:
            members = archive.getmembers()
            for picture, label in zip(members[::2], members[1::2], strict=True):
                assert picture.name.removesuffix(".png") == label.name.removesuffix(".cls")
                found[archive.extractfile(picture).read()] = int(archive.extractfile(label).read())
    wanted = {path.read_bytes(): "abc".index(path.parent.name) for path in painted_folder.rglob("*.png")}
    assert found == wanted


def test_the_same_pictures_give_the_same_bytes(painted_folder, shards, tmp_path):
    again = packed(painted_folder, tmp_path / "again", shards=6)
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in shards.iterdir()
    }


def test_a_size_of_shards_gives_as_many_as_it_takes(painted_folder, tmp_path):
    sizes = [path.stat().st_size for path in packed(painted_folder, tmp_path / "out", shard_bytes=30_000).glob("*.tar")]
    assert len(sizes) > 2
    assert max(sizes) < 35_000


def test_an_array_is_packed_as_pictures(tmp_path, load):
    rows = np.random.default_rng(0).integers(0, 256, (20, SIDE, SIDE, 3), dtype=np.uint8)
    np.save(tmp_path / "rows.npy", rows)
    pictures = small(load, packed(tmp_path / "rows.npy", tmp_path / "out", shards=2))
    assert {row.tobytes() for row in pictures.images} == {row.tobytes() for row in rows}


@pytest.mark.parametrize("count", [0, 61])
def test_shards_without_a_picture_are_refused(painted_folder, tmp_path, count):
    with pytest.raises(SettingError, match="expected 1 to 60 for 60 pictures"):
        packed(painted_folder, tmp_path / "out", shards=count)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("count", [None, 2])
def test_a_folder_without_pictures_is_called_that_whatever_shards_are_asked_for(tmp_path, count):
    (tmp_path / "empty").mkdir()
    with pytest.raises(PicturesError, match="holds no picture that can be read"):
        packed(tmp_path / "empty", tmp_path / "out", shards=count)
    assert not (tmp_path / "out").exists()


def test_what_is_packed_already_is_not_packed_again(shards, tmp_path):
    with pytest.raises(SettingError, match="in shards already"):
        packed(shards, tmp_path / "again", shards=2)


@pytest.mark.parametrize("name", ["", "index.json", "{000000..000005}.tar"])
def test_a_folder_an_index_and_a_pattern_name_the_same_set(shards, load, name):
    pictures = small(load, shards / name)
    assert (pictures.count, pictures.classes) == (60, ("a", "b", "c"))
    assert sorted(streamed(pictures, 60)) == list(range(60))


def test_pictures_come_with_their_labels_and_their_places(shards, load):
    pictures = small(load, shards, conditional=True)
    with BatchStream(pictures, 60, seed=0) as stream:
        batch = stream.batch_at(0)
        assert_array_equal(batch.labels.numpy(), numbers_in(batch) // 20)
        assert sorted(batch.indices.tolist()) == list(range(60))
        assert_array_equal(batch.indices.numpy(), stream.indices(0, 60))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(st.integers(0, 130), st.integers(1, 40))
def test_a_stream_goes_on_from_any_moment_as_if_it_had_never_stopped(packed_once, load, first, count):
    pictures = small(load, packed_once)
    whole = streamed(pictures, first + count)
    assert_array_equal(streamed(pictures, count, first), whole[first:])


@pytest.mark.parametrize("ranks", [2, 3])
def test_processes_together_show_what_one_shows(shards, load, ranks):
    pictures = small(load, shards)
    whole, together = streamed(pictures, 120), np.full(120, -1)
    for rank in range(ranks):
        together[rank::ranks] = streamed(pictures, 120, share=Share(rank, ranks))
    assert_array_equal(together, whole)


def test_a_process_decodes_its_own_pictures_and_no_others(shards, load):
    index = json.loads((shards / "index.json").read_text())
    (shards / "index.json").write_text(json.dumps(index | {"classes": ["a", "b"]}))
    pictures = small(load, shards, conditional=True, most_lost=1)  # those of the third class are decoded, then lost
    lost, replaced = [], []
    for rank in range(3):
        with BatchStream(pictures, 60, seed=0, share=Share(rank, 3)) as stream:
            batch = stream.batch_at(0)
            assert len(batch.images) == 20
            lost.append(sum(loss.pictures for loss in stream.losses()))
            replaced.append(int((batch.indices >= 60).sum()))
    assert lost == replaced
    assert sum(lost) == 20


def test_a_whole_set_is_shared_in_the_same_way(painted_folder, load):
    pictures = small(load, painted_folder)
    together = np.full(120, -1)
    for rank in range(3):
        together[rank::3] = streamed(pictures, 120, share=Share(rank, 3))
    assert_array_equal(together, streamed(pictures, 120))


def test_only_a_sample_is_decoded_beforehand(shards, load):
    pictures = small(load, shards, sample=12)
    assert len(pictures.images) == 12
    assert pictures.count == pictures.report.found == pictures.report.used == 60
    assert sorted(streamed(pictures, 60)) == list(range(60))
    assert any("60 pictures in 6 shards" in note for note in pictures.report.notes)


def test_a_sample_has_pictures_of_every_class(shards, load):
    pictures = small(load, shards, sample=12)
    assert set(pictures.labels.tolist()) == {0, 1, 2}
    assert_array_equal(pictures.labels, pictures.images[:, 8, 8, 0] // 20)


def test_the_same_shards_are_the_same_set_and_others_are_another(shards, load, painted_folder, tmp_path):
    one = small(load, shards, sample=12)
    assert small(load, shards, sample=12).key == one.key
    other = packed(painted_folder / "a", tmp_path / "other", shards=2)
    assert small(load, other, sample=12).key != one.key


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


@pytest.mark.parametrize("hurt", [damage, Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:3000])])
def test_a_shard_that_cannot_be_read_is_counted_and_others_take_its_place(shards, load, hurt):
    pictures = small(load, shards, most_lost=0.2)
    hurt(shards / "000002.tar")
    lost = set(range(2, 60, 6))
    with BatchStream(pictures, 60, seed=0) as stream:
        batch = stream.batch_at(0)
        losses = stream.losses()
        assert stream.losses() == []
    assert sum(loss.pictures for loss in losses) == 10
    assert {loss.where for loss in losses} == {"000002.tar"}
    assert set(range(60)) - set(numbers_in(batch)[batch.indices.numpy() < 60].tolist()) == lost
    assert int((batch.indices >= 60).sum()) == 10  # so that no cache takes them for those that are missing


def test_what_takes_a_lost_ones_place_is_the_same_after_a_restart(shards, load):
    pictures = small(load, shards, most_lost=0.2)
    (shards / "000004.tar").unlink()
    whole = streamed(pictures, 60)
    assert_array_equal(streamed(pictures, 30, first=30), whole[30:])


def test_too_many_lost_pictures_end_the_stream_and_say_which(shards, load):
    pictures = small(load, shards, most_lost=0.2)
    for name in ("000001.tar", "000003.tar"):
        damage(shards / name)
    with (
        BatchStream(pictures, 60, seed=0) as stream,
        pytest.raises(PicturesError, match=r"of 60 can no longer be read, more than 20%.*00000[13].tar .*SHA-256"),
    ):
        stream.batch_at(0)


def test_a_shard_that_comes_back_is_read_in_the_next_pass(shards, load):
    pictures = small(load, shards, most_lost=0.2)
    away = shards.parent / "away.tar"
    (shards / "000000.tar").rename(away)
    with BatchStream(pictures, 60, seed=0) as stream:
        stream.batch_at(0, 48)
        away.rename(shards / "000000.tar")
        stream.batch_at(48, 24)  # the window that was read ahead may still miss it
        assert sorted(numbers_in(stream.batch_at(120, 60)).tolist()) == list(range(60))


def test_a_shard_is_tried_again_before_it_is_given_up(shards, load):
    pictures = small(load, shards)
    away, place = shards.parent / "away.tar", shards / "000003.tar"
    place.rename(away)

    class Waits(tuple):
        def __iter__(self):  # by the time of the second try it is there
            for _ in range(2):
                if away.exists():
                    away.rename(place)
                yield 0.0

    shard_set = replace(pictures.endless.shards, waits=Waits())
    pictures = replace(pictures, endless=replace(pictures.endless, shards=shard_set))
    with BatchStream(pictures, 60, seed=0) as stream:
        assert sorted(numbers_in(stream.batch_at(0)).tolist()) == list(range(60))
        assert stream.losses() == []


def test_a_picture_that_cannot_be_decoded_is_counted_by_its_name(painted_folder, tmp_path, load):
    folder = Path(shutil.copytree(painted_folder, tmp_path / "pictures"))
    (folder / "b" / "030.png").write_bytes(b"no picture at all, only text")
    pictures = small(load, packed(folder, tmp_path / "shards", shards=3), sample=8)
    with BatchStream(pictures, 60, seed=0) as stream:
        stream.batch_at(0)
        (loss,) = stream.losses()
    assert (loss.pictures, loss.where) == (1, "000000.tar/000000030.png")
    assert "not a picture" in loss.reason


def strangers_shards(folder, endings=(".png", ".cls")):
    folder.mkdir()
    for shard in range(3):
        with tarfile.open(folder / f"part-{shard}.tar.gz", "w:gz") as archive:
            for number in range(8 * shard, 8 * shard + 8):
                painted(folder / "one.png", number)
                archive.add(folder / "one.png", f"deep/{number:04d}{endings[0]}")
                (folder / "one.cls").write_text(str(number % 2))
                archive.add(folder / "one.cls", f"deep/{number:04d}{endings[1]}")
    for left in ("one.png", "one.cls"):
        (folder / left).unlink()
    return folder


def test_shards_without_an_index_are_counted_once(tmp_path, load):
    folder = strangers_shards(tmp_path / "strange")
    pictures = small(load, folder, conditional=True)
    assert (pictures.count, pictures.classes) == (24, ("0", "1"))
    with BatchStream(pictures, 24, seed=0) as stream:
        batch = stream.batch_at(0)
    assert sorted(numbers_in(batch).tolist()) == list(range(24))
    assert_array_equal(batch.labels.numpy(), numbers_in(batch) % 2)


def test_a_folder_with_a_shard_that_its_index_does_not_name_is_counted(shards, load):
    shutil.copy(shards / "000005.tar", shards / "000006.tar")
    assert small(load, str(shards)).count == 70
    assert small(load, str(shards / "index.json")).count == 60


def test_a_damaged_shard_without_an_index_is_told_and_the_others_are_used(tmp_path, load):
    folder = strangers_shards(tmp_path / "strange")
    (folder / "part-1.tar.gz").write_bytes(b"nothing of the kind")
    pictures = small(load, folder)
    assert pictures.count == 16
    assert [one.file for one in pictures.report.broken] == ["part-1.tar.gz"]


def test_conditional_training_without_classes_is_refused(tmp_path, load):
    folder = strangers_shards(tmp_path / "strange", endings=(".png", ".txt"))
    with pytest.raises(SettingError, match="conditional training needs two classes or more"):
        small(load, folder, conditional=True)


def test_a_tar_beside_folders_of_pictures_is_left_alone(painted_folder, shards, tmp_path, load):
    folder = Path(shutil.copytree(painted_folder, tmp_path / "pictures"))
    shutil.copy(shards / "000000.tar", folder / "backup.tar")
    pictures = small(load, folder)
    assert (pictures.count, pictures.endless) == (60, None)
    assert any("not opened: backup.tar" in note for note in pictures.report.notes)


@pytest.mark.parametrize("option", [{"per_class": 0.5}, {"drop_near": 0.98}])
def test_what_needs_the_whole_set_at_once_is_refused(shards, load, option):
    with pytest.raises(SettingError, match="before packing"):
        small(load, shards, **option)


def test_a_picture_of_a_class_that_is_not_in_the_index_is_lost_where_classes_matter(shards, load):
    index = json.loads((shards / "index.json").read_text())
    (shards / "index.json").write_text(json.dumps(index | {"classes": ["a", "b"]}))
    pictures = small(load, shards, conditional=True, most_lost=1)
    with BatchStream(pictures, 60, seed=0) as stream:
        stream.batch_at(0)
        losses = stream.losses()
    assert sum(loss.pictures for loss in losses) == 20
    assert losses[0].reason == "its class '2' is not in the index"
    assert sorted(streamed(small(load, shards), 60)) == list(range(60))


HOSTILE_INDEXES = {
    "no JSON": "{",
    "a path": '{"shards": [{"file": "../../secret.tar", "pictures": 9}]}',
    "an address": '{"shards": [{"file": "http://elsewhere/x.tar", "pictures": 9}]}',
    "a count below none": '{"shards": [{"file": "a.tar", "pictures": -1}]}',
    "a count beyond all": '{"shards": [{"file": "a.tar", "pictures": 99999999999999}]}',
    "a checksum of another kind": '{"shards": [{"file": "a.tar", "pictures": 9, "sha256": "$(rm)"}]}',
    "no shards": '{"shards": []}',
    "another format": '{"format": "ganvas-shards-9", "shards": [{"file": "a.tar", "pictures": 9}]}',
    "depth": "[" * 100_000,
}


@pytest.mark.parametrize("kind", HOSTILE_INDEXES)
def test_a_hostile_index_is_one_line(shards, load, kind):
    (shards / "index.json").write_text(HOSTILE_INDEXES[kind])
    with pytest.raises(PicturesError, match="is no index of shards") as found:
        small(load, shards)
    assert len(str(found.value)) < 600


def test_an_index_of_no_picture_is_refused(shards, load):
    (shards / "index.json").write_text('{"shards": [{"file": "000000.tar", "pictures": 0}]}')
    with pytest.raises(PicturesError, match="names no picture"):
        small(load, shards / "index.json")


def test_a_shard_of_more_pictures_than_its_index_says_is_not_used(shards, load):
    index = json.loads((shards / "index.json").read_text())
    for shard in index["shards"]:
        shard |= {"pictures": 11, "sha256": "", "size_bytes": None}
    (shards / "index.json").write_text(json.dumps(index))
    with pytest.raises(PicturesError, match=r"at least 8 are needed.*holds 10 pictures, expected 11"):
        small(load, shards)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.tar", ["a.tar"]),
        ("a{08..10}.tar", ["a08.tar", "a09.tar", "a10.tar"]),
        ("{0..1}-{0..1}", ["0-0", "0-1", "1-0", "1-1"]),
        ("{1..1}" * 2000, ["1" * 2000]),
    ],
)
def test_a_pattern_names_shards(pattern, names):
    assert expanded(pattern) == names


@pytest.mark.parametrize(
    ("pattern", "why"), [("{5..1}", "counts backwards"), ("{0..999}{0..999}", "more than 100,000")]
)
def test_a_pattern_of_too_many_or_none_is_refused(pattern, why):
    with pytest.raises(SettingError, match=why):
        expanded(pattern)


def test_a_pattern_that_is_refused_is_named_whole(load):
    with pytest.raises(SettingError, match=r"source far/away/\{9\.\.1\}\.tar: 9\.\.1 counts backwards"):
        small(load, "far/away/{9..1}.tar")


def test_shards_that_are_not_there_are_named(shards, load):
    with pytest.raises(PicturesError, match=r"no picture can be read in 3 shards: 7\.tar \(No such file"):
        small(load, shards / "{7..9}.tar")


def grey(numbers):
    return Image.fromarray(numbers.integers(0, 256, (20, 20)).astype(np.uint8))


def deep(numbers):
    return Image.fromarray(numbers.integers(0, 3000 + numbers.integers(0, 500), (20, 20)).astype(np.uint16))


def clear(numbers):
    return Image.fromarray(numbers.integers(0, 256, (20, 20, 4)).astype(np.uint8))


def colour(numbers):
    return Image.fromarray(numbers.integers(0, 256, (20, 20, 3)).astype(np.uint8))


@pytest.mark.parametrize(
    ("draw", "options"),
    [
        (colour, {}),
        (grey, {}),
        (deep, {}),
        (deep, {"levels": "2000"}),
        (clear, {"channels": "rgba"}),
        (clear, {}),
        (colour, {"channels": "grey", "fit": "pad", "height": 32}),
    ],
)
def test_what_is_shown_is_what_the_whole_set_would_be(draw, options, tmp_path, load):
    (tmp_path / "pictures").mkdir()
    numbers = np.random.default_rng(0)
    for index in range(24):
        draw(numbers).save(tmp_path / "pictures" / f"{index:02d}.png")
    options = {"width": SIDE, "height": SIDE, **options}
    whole = load(tmp_path / "pictures", **options)
    pictures = load(packed(tmp_path / "pictures", tmp_path / "shards", shards=3), shuffle=8, **options)
    with BatchStream(pictures, 24, seed=0) as stream:
        batch = stream.batch_at(0)
    assert batch.images.shape == whole.images.shape
    assert sorted(row.tobytes() for row in batch.images.numpy()) == sorted(row.tobytes() for row in whole.images)


def test_mirroring_is_that_of_a_whole_set(shards, load):
    pictures = small(load, shards)
    with BatchStream(pictures, 60, seed=0, mirror=True) as stream:
        assert 15 < int(stream.batch_at(0).mirrored.sum()) < 45


def test_strange_members_of_a_shard_do_no_harm(tmp_path, load):
    (tmp_path / "shards").mkdir()
    with tarfile.open(tmp_path / "shards" / "a.tar", "w") as archive:
        for number in range(12):
            painted(tmp_path / "one.png", number)
            archive.add(tmp_path / "one.png", f"/../../{number:03d}.png")
            (tmp_path / "one.cls").write_bytes(b"\xff\x00 class\n" * 10_000)
            archive.add(tmp_path / "one.cls", f"/../../{number:03d}.cls")
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    pictures = small(load, tmp_path / "shards")
    assert pictures.count == 12
    assert [one.file for one in pictures.report.broken] == ["a.tar/link.png"]
    assert sorted(streamed(pictures, 12)) == list(range(12))
