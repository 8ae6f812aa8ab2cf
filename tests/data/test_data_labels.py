"""Labels beside the pictures: read from a folder and from archives, and whatever is wrong with them is one line."""

import json
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganvas.data.labels import LABEL_FILES, find_labels
from ganvas.errors import PicturesError, SettingError

PAIRS = [[f"0000{i // 5}/{i:02d}.png", i % 2] for i in range(10)]
FILES = {
    "dataset.json": json.dumps({"labels": PAIRS}),
    "labels.csv": "file,label\n" + "".join(f"{name},{label}\n" for name, label in PAIRS),
    "metadata.csv": "label,file_name\n" + "".join(f"{label},{name}\n" for name, label in PAIRS),
    "metadata.jsonl": "\n".join(json.dumps({"file_name": name, "label": label}) for name, label in PAIRS),
}


@pytest.fixture
def shards(folder):
    """The folder's pictures in two shards, as StyleGAN's tools lay them."""
    for name, _ in PAIRS:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name[-6:]).rename(folder / name)
    return folder


@pytest.mark.parametrize("kind", ["folder", "zip", "tar.gz"])
@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_labels_are_read_wherever_the_pictures_are(name, wrapped, kind, shards, load):
    (shards / name).write_text(FILES[name])
    root = shards.parent / "outer" if wrapped else shards
    if wrapped:
        root.mkdir()
        shards.rename(root / "set")
    source = root
    if kind != "folder":
        source = root.parent / f"set.{kind}"
        shutil.make_archive(str(root.parent / "set"), {"zip": "zip", "tar.gz": "gztar"}[kind], root)
    pictures = load(source, conditional=True)
    assert pictures.report.classes == {"0": 5, "1": 5}
    assert list(pictures.labels) == [i % 2 for i in range(10)]


@pytest.mark.parametrize("names", [["cat", "dog"], {"0": "cat", "1": "dog"}])
def test_classes_have_the_names_that_are_given(names, shards, load):
    (shards / "dataset.json").write_text(json.dumps({"labels": PAIRS, "class_names": names}))
    assert load(shards, conditional=True).classes == ("cat", "dog")


def test_one_hot_labels_are_the_place_of_their_one(shards, load):
    pairs = [[name, [1 - label, label]] for name, label in PAIRS]
    (shards / "dataset.json").write_text(json.dumps({"labels": pairs}))
    assert load(shards, conditional=True).report.classes == {"0": 5, "1": 5}


def test_shards_are_no_classes_where_there_are_no_labels(shards, load):
    (shards / "dataset.json").write_text('{"labels": null}')
    report = load(shards).report
    assert report.classes == {}
    assert report.notes == ("dataset.json holds no labels, and no picture has one",)
    with pytest.raises(SettingError, match="no picture has one"):
        load(shards, conditional=True)


def test_captions_alone_leave_the_folders_their_labels(shards, load):
    (shards / "metadata.jsonl").write_text("\n".join(json.dumps({"file_name": n, "text": "a cat"}) for n, _ in PAIRS))
    assert load(shards, conditional=True).classes == ("00000", "00001")


def test_a_picture_named_twice_one_that_is_not_there_and_one_without_label_are_each_told_once(shards, load):
    pairs = [*PAIRS[:8], [PAIRS[8][0], None], PAIRS[0], ["gone.png", 1]]
    (shards / "dataset.json").write_text(json.dumps({"labels": pairs}))
    report = load(shards, conditional=True).report
    told = [note for note in report.notes if note.startswith("dataset.json")]
    assert told == [
        "dataset.json names 1 picture twice, and the first counts: 00000/00.png",
        "dataset.json names 1 picture that cannot be found: gone.png",
        "dataset.json gives 2 pictures no label, in the class '.': 00001/08.png, 00001/09.png",
    ]
    assert report.classes == {".": 2, "0": 4, "1": 4}
    assert sum("'.'" in note for note in report.notes) == 1


BROKEN = {
    "a comma too many": ("dataset.json", '{"labels": [["a.png", 1],]}'),
    "nothing": ("dataset.json", ""),
    "another thing": ("dataset.json", "[1, 2]"),
    "no labels": ("dataset.json", "{}"),
    "a pair of three": ("dataset.json", '{"labels": [["a.png", 1, 2]]}'),
    "a name that is none": ("dataset.json", '{"labels": [[1, 1]]}'),
    "a label that is none": ("dataset.json", '{"labels": [["00000/00.png", {"a": 1}]]}'),
    "a label of half": ("dataset.json", '{"labels": [["00000/00.png", 0.5]]}'),
    "not a number": ("dataset.json", '{"labels": [["00000/00.png", NaN]]}'),
    "a long number": ("dataset.json", '{"labels": [["00000/00.png", ' + "9" * 5000 + "]]}"),
    "a deep nest": ("dataset.json", "[" * 100_000),
    "a long label": ("dataset.json", json.dumps({"labels": [["00000/00.png", "x" * 5000]]})),
    "lines of nothing": ("metadata.jsonl", "{}\n{}"),
    "half a line": ("metadata.jsonl", '{"file_name": "a.png", '),
    "no header": ("labels.csv", "a.png,1\nb.png,2\n"),
    "a short row": ("labels.csv", "file,label\na.png\n"),
    "a long field": ("labels.csv", "file,label\n" + "x" * 200_000 + ",1\n"),
    "an open quote": ("labels.csv", 'file,label\n"a.png,1\n'),
}


@pytest.mark.parametrize("case", BROKEN)
def test_labels_that_cannot_be_read_are_one_line(case, shards, load):
    name, text = BROKEN[case]
    (shards / name).write_text(text)
    (note,) = [note for note in load(shards).report.notes if name in note]
    assert note.endswith("no picture has a label")
    assert len(note) < 400
    with pytest.raises(PicturesError) as caught:
        load(shards, conditional=True)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_line_that_is_no_json_is_named_by_its_number(shards, load):
    (shards / "metadata.jsonl").write_text(
        '{"file_name": "a.png", "label": 1}\n\n{"file_name": "b.png", "label": 1,}\n'
    )
    with pytest.raises(PicturesError, match="not JSON in line 3,"):
        load(shards, conditional=True)


def test_labels_that_are_all_one_are_named(shards, load):
    (shards / "labels.csv").write_text("file,label\n" + "".join(f"{name},cat\n" for name, _ in PAIRS))
    with pytest.raises(SettingError, match="every picture is in the class 'cat'"):
        load(shards, conditional=True)


def test_a_pipe_or_device_in_place_of_labels_is_named_in_words(shards, load):
    (shards / "labels.csv").symlink_to("/dev/zero")
    (note,) = [note for note in load(shards).report.notes if "labels.csv" in note]
    assert note == "labels.csv: cannot be read as labels: not a regular file; no picture has a label"


def test_labels_of_a_hundred_megabytes_or_in_another_encoding_are_refused(shards, load):
    (shards / "dataset.json").write_bytes(b" " * (65 << 20))
    assert "larger than 64 MB" in load(shards).report.notes[0]
    (shards / "dataset.json").write_bytes(b"\xff\xfe\xff")
    assert "not UTF-8" in load(shards).report.notes[0]


def test_changed_labels_are_noticed(shards, load):
    (shards / "labels.csv").write_text(FILES["labels.csv"])
    first = load(shards, conditional=True)
    (shards / "labels.csv").write_text(FILES["labels.csv"].replace(",1", ",7"))
    assert load(shards, conditional=True).classes == ("0", "7")
    assert first.classes == ("0", "1")


@settings(max_examples=300)
@given(
    st.sampled_from(LABEL_FILES),
    st.one_of(
        st.binary(max_size=60),
        st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), st.lists).map(
            lambda value: json.dumps({"labels": value, "class_names": value}).encode()
        ),
        st.text(max_size=60).map(lambda text: ("file,label\n" + text).encode("utf-8", "surrogatepass")),
    ),
)
def test_no_file_of_labels_raises_anything(name, data):
    found = find_labels(["a.png", "b/c.png"], {name: lambda: data})
    assert len(found.labels) == 2
    assert all(isinstance(label, str) for label in found.labels)


def test_what_systems_make_is_no_class_and_archives_inside_are_named(tmp_path, load, draw):
    for i, place in enumerate(["cat", "dog"] * 5 + ["@eaDir", "cat/@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found"]):
        (tmp_path / "pets" / place).mkdir(parents=True, exist_ok=True)
        draw(i).save(tmp_path / "pets" / place / f"{i}.png")
    (tmp_path / "pets" / "more.zip").write_bytes(b"PK")
    report = load(tmp_path / "pets", conditional=True).report
    assert report.classes == {"cat": 5, "dog": 5}
    assert "1 archive inside, not opened: more.zip; unpack first what they hold" in report.notes
    shutil.make_archive(str(tmp_path / "pets"), "zip", tmp_path / "pets")
    packed = load(tmp_path / "pets.zip", conditional=True).report
    assert packed.classes == {"cat": 5, "dog": 5}
    assert any("1 archive inside" in note for note in packed.notes)


def test_a_class_of_one_picture_is_named_and_one_class_alone_is_said_to_be_one(tmp_path, load, draw):
    for i in range(10):
        place = tmp_path / "pets" / ("cat" if i else "dog")
        place.mkdir(parents=True, exist_ok=True)
        draw(i).save(place / f"{i}.png")
    notes = load(tmp_path / "pets", conditional=True).report.notes
    assert "1 class has one picture only, which can be copied and not learned: dog" in notes
    shutil.rmtree(tmp_path / "pets" / "dog")
    with pytest.raises(SettingError, match="every picture is in the one folder 'cat'"):
        load(tmp_path / "pets", conditional=True)
