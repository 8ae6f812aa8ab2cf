import pytest

from ganvas.config import PictureSettings
from ganvas.data.doctor import Inspection
from ganvas.data.findings import Duplicate, Sorting
from ganvas.data.listing import Broken, Entry, Listing


def sorted_of(inspections, labels=None, settings=None):
    labels = labels or [""] * len(inspections)
    entries = tuple(Entry(f"{at}.png", 1, label) for at, label in enumerate(labels))
    sorting = Sorting(
        Listing(entries, lambda position: b"", broken=(Broken("z.png", "a link that leads nowhere"),)),
        settings or PictureSettings(),
    )
    taken = [sorting.takes(at, inspection) for at, inspection in enumerate(inspections)]
    return taken, sorting.result()


def test_of_files_with_one_content_the_first_is_used_and_the_others_are_named():
    taken, result = sorted_of([Inspection("a"), Inspection("b"), Inspection("a"), Inspection("a")])
    assert taken == [True, True, False, False]
    assert result.used == (0, 1)
    assert [each.digest for each in result.inspections] == ["a", "b"]
    assert result.duplicates == (Duplicate("2.png", "0.png"), Duplicate("3.png", "0.png"))


def test_rows_of_an_array_may_repeat():
    taken, result = sorted_of([Inspection("a", is_file=False)] * 3)
    assert taken == [True] * 3
    assert result.duplicates == ()


def test_a_broken_file_is_left_out_and_no_duplicate_of_a_whole_one():
    taken, result = sorted_of([Inspection("a", broken="damaged"), Inspection("a")])
    assert taken == [False, True]
    assert result.broken == (Broken("0.png", "damaged"), Broken("z.png", "a link that leads nowhere"))
    assert result.duplicates == ()


@pytest.mark.parametrize("unread", [True, False])
def test_a_file_that_the_disk_did_not_give_is_remembered(unread):
    assert sorted_of([Inspection("a"), Inspection("b", unread=unread, broken="cannot be read")])[1].unread is unread


def test_classes_are_those_of_the_pictures_that_are_used():
    broken = Inspection("c", broken="damaged")
    assert sorted_of([Inspection("a"), Inspection("b"), broken], ["dog", "cat", "owl"])[1].classes == ("cat", "dog")


def test_a_finding_names_every_file_that_it_is_about(folder, draw, load):
    draw(20, width=20, height=20).save(folder / "tiny.png")
    draw(21, width=400, height=40).save(folder / "wide.png")
    draw(22).convert("L").save(folder / "grey.png")
    see_through = draw(23).convert("RGBA")
    see_through.putalpha(100)
    see_through.save(folder / "glass.png")
    found = {finding.kind: finding.files for finding in load(folder).report.findings}
    expected = {"small": "tiny.png", "slim": "wide.png", "grey": "grey.png", "transparent": "glass.png"}
    assert found == {kind: (file,) for kind, file in expected.items()}


def test_of_grey_and_coloured_pictures_the_fewer_are_those_to_look_at(folder, draw, load):
    for path in sorted(folder.iterdir())[:9]:
        draw(int(path.stem)).convert("L").save(path)
    (finding,) = load(folder).report.findings
    assert (finding.kind, finding.files) == ("grey", ("09.png",))


def test_a_class_of_one_picture_is_named_with_its_picture(folder, draw, load):
    for name in ("cats", "dogs"):
        (folder / name).mkdir()
    for number, path in enumerate(sorted(folder.glob("*.png"))):
        path.rename(folder / ("cats" if number else "dogs") / path.name)
    (finding,) = load(folder).report.findings
    assert (finding.kind, finding.files) == ("lonely class", ("dogs/00.png",))


def test_the_findings_of_a_set_that_is_kept_are_those_of_the_first_look(folder, draw, load):
    draw(20, width=20, height=20).save(folder / "tiny.png")
    first, again = load(folder).report, load(folder).report
    assert first.findings == again.findings != ()


def test_data_json_holds_sentences_as_it_always_did(folder, draw, load):
    draw(20, width=20, height=20).save(folder / "tiny.png")
    report = load(folder).report
    assert report.to_dict()["notes"] == list(report.notes)
    assert "findings" not in report.to_dict()
