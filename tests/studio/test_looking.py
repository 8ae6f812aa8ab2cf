"""The doctor's look at a set: every finding with its files, and mends that mend it; `ganvas look` says the same."""

import numpy as np
import pytest
from PIL import Image
from rooms import drawn, fill, opened, picture, stored

import ganvas


@pytest.fixture
def rooms(tmp_path, monkeypatch):
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))
    with opened(tmp_path / "home") as found:
        yield found


def look(rooms, name, **asked):
    return rooms.result(rooms.page.post(f"/api/sets/{name}/look", json=asked))


def by_kind(looked):
    return {finding["kind"]: finding for finding in looked["findings"]}


TROUBLES = {
    "broken": ("broken.png", b"these are words"),
    "duplicate": ("again.png", picture(3)),
    "small": ("small.png", picture(60, width=20, height=20)),
    "slim": ("slim.png", picture(61, width=400, height=40)),
    "transparent": ("glass.png", stored(drawn(62, mode="RGBA"))),
    "grey": ("grey.png", stored(drawn(63, mode="L"))),
    "turned": ("turned.jpg", b""),
    "deep": ("deep.png", stored(Image.fromarray(np.arange(48 * 40, dtype=np.uint16).reshape(40, 48) * 30))),
}


def trouble(kind):
    name, data = TROUBLES[kind]
    if kind == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6
        data = stored(drawn(64), "JPEG", exif=exif)
    if kind == "transparent":
        glass = drawn(62, mode="RGBA")
        glass.putalpha(90)
        data = stored(glass)
    return name, data


@pytest.fixture
def troubled(tmp_path):
    folder = fill(tmp_path / "troubled", 12)
    for kind in TROUBLES:
        name, data = trouble(kind)
        (folder / name).write_bytes(data)
    return folder


def test_every_finding_names_its_files_and_can_be_mended(rooms, troubled):
    rooms.page.post("/api/sets", json={"source": str(troubled), "name": "cats"})
    looked = look(rooms, "cats", size=32)
    found = by_kind(looked)
    for kind, (name, _) in TROUBLES.items():
        assert name in found[kind]["files"], kind
        assert "leave out" in [mend["action"] for mend in found[kind]["mends"]], kind
        assert found[kind]["text"]
    assert found["broken"]["reasons"] == {"broken.png": "text, not a picture"}
    assert found["duplicate"]["pairs"] == [["again.png", "03.png"]]
    assert (looked["used"], looked["found"], looked["width"], looked["height"]) == (18, 20, 32, 32)
    assert rooms.page.get(f"/{looked['sheet']}").headers["content-type"] == "image/png"


def test_the_studio_says_what_ganvas_look_says(rooms, troubled):
    rooms.page.post("/api/sets", json={"source": str(troubled), "name": "cats"})
    looked = look(rooms, "cats", size=32)
    report = ganvas.look(str(troubled), size=32, progress=False).report
    assert (looked["used"], looked["found"], looked["key"]) == (report.used, report.found, report.key)
    said = {finding["text"] for finding in looked["findings"]}
    assert set(report.notes) <= said


@pytest.mark.parametrize("is_dropped", [False, True])
def test_leaving_out_what_a_finding_names_makes_it_go(rooms, troubled, is_dropped):
    if is_dropped:
        rooms.page.post("/api/sets", json={"name": "cats"})
        for path in sorted(troubled.iterdir()):
            rooms.drop("cats", f"deep/er/{path.name}", path.read_bytes())
    else:
        rooms.page.post("/api/sets", json={"source": str(troubled), "name": "cats"})
    first = look(rooms, "cats", size=32)["findings"]
    files = sorted({file for finding in first for file in finding["files"]})
    assert files
    answer = rooms.page.patch("/api/sets/cats", json={"leave_out": files})
    assert answer.status_code == 200, answer.text
    again = look(rooms, "cats", size=32)
    assert [finding for finding in again["findings"] if finding["files"]] == []
    rooms.page.patch("/api/sets/cats", json={"put_back": files})
    back = look(rooms, "cats", size=32)["findings"]
    assert {finding["kind"]: sorted(finding["files"]) for finding in back if finding["files"]} == {
        finding["kind"]: sorted(finding["files"]) for finding in first if finding["files"]
    }


@pytest.mark.parametrize(
    ("kind", "action", "ends"),
    [
        ("slim", "pad", "slim"),
        ("slim", "stretch", "slim"),
        ("transparent", "alpha", "transparent"),
        ("opaque", "flatten", "opaque"),
        ("stretched", "pad", "stretched"),
        ("stretched", "crop", "stretched"),
    ],
)
def test_a_mend_is_a_change_of_the_set_that_ends_its_finding(rooms, tmp_path, kind, action, ends):
    folder = fill(tmp_path / "cats", 9)
    if kind == "transparent":
        (folder / "glass.png").write_bytes(trouble("transparent")[1])
    if kind in ("slim", "stretched"):
        (folder / "slim.png").write_bytes(TROUBLES["slim"][1])
    rooms.page.post("/api/sets", json={"source": str(folder)})
    first = {"opaque": {"alpha": True}, "stretched": {"fit": "stretch"}}.get(kind, {})
    rooms.page.patch("/api/sets/cats", json={**first, "size": 32})
    finding = by_kind(look(rooms, "cats"))[kind]
    mend = next(mend for mend in finding["mends"] if mend["action"] == action)
    assert rooms.page.patch("/api/sets/cats", json=mend["values"]).status_code == 200
    assert ends not in by_kind(look(rooms, "cats"))


def test_pictures_that_are_too_small_are_mended_by_a_smaller_size(rooms, tmp_path):
    folder = fill(tmp_path / "cats", 12)
    rooms.page.post("/api/sets", json={"source": str(folder)})
    finding = by_kind(look(rooms, "cats", size=128))["small"]
    assert len(finding["files"]) == 12
    mend = finding["mends"][0]
    assert (mend["action"], mend["values"]) == ("size", {"size": [40, 40]})
    assert len(finding["mends"]) == 1  # were all left out, none would be there
    rooms.page.patch("/api/sets/cats", json=mend["values"])
    looked = look(rooms, "cats")
    assert (looked["width"], "small" in by_kind(looked)) == (40, False)


def test_near_duplicates_come_in_pairs_and_are_left_out_by_their_mend(rooms, tmp_path):
    folder = fill(tmp_path / "cats", 9)
    nearly = np.asarray(drawn(4)).copy()
    nearly[0, 0] ^= 1
    Image.fromarray(nearly).save(folder / "nearly.png")
    rooms.page.post("/api/sets", json={"source": str(folder)})
    finding = by_kind(look(rooms, "cats", size=32))["near"]
    assert finding["pairs"] == [["nearly.png", "04.png"]]
    drop = next(mend for mend in finding["mends"] if mend["action"] == "drop near")
    rooms.page.patch("/api/sets/cats", json=drop["values"])
    looked = look(rooms, "cats", size=32)
    assert (looked["used"], by_kind(looked)["near"]["mends"]) == (9, [])
    assert "left out" in by_kind(looked)["near"]["text"]


def test_a_class_of_one_and_pictures_of_no_class_are_named(rooms, tmp_path):
    folder = fill(tmp_path / "pets" / "dogs", 9).parent
    (folder / "cats").mkdir()
    (folder / "cats" / "1.png").write_bytes(picture(70))
    (folder / "stray.png").write_bytes(picture(71))
    rooms.page.post("/api/sets", json={"source": str(folder)})
    found = by_kind(look(rooms, "pets", size=32, conditional=True))
    assert sorted(found["lonely class"]["files"]) == ["cats/1.png", "stray.png"]
    assert found["outside"]["files"] == ["stray.png"]


def test_a_set_of_too_few_pictures_says_so(rooms, tmp_path):
    fill(tmp_path / "few", 3)
    rooms.page.post("/api/sets", json={"source": str(tmp_path / "few")})
    job = rooms.done(rooms.page.post("/api/sets/few/look", json={"size": 32}))
    assert (job["state"], "at least 8 are needed" in job["problem"]) == ("failed", True)


def test_a_set_of_dropped_pictures_that_cannot_be_used_is_called_by_its_name(rooms):
    rooms.page.post("/api/sets", json={"name": "pets"})
    for number in range(2):
        rooms.page.post("/api/sets/pets/files", params={"path": f"{number}.png"}, content=picture(number))
    job = rooms.done(rooms.page.post("/api/sets/pets/look", json={"size": 32}))
    assert job["problem"].startswith("pets: 2 pictures can be used")


def test_a_folder_that_is_gone_by_then_says_so(rooms, tmp_path):
    folder = fill(tmp_path / "cats")
    rooms.page.post("/api/sets", json={"source": str(folder)})
    folder.rename(tmp_path / "away")
    job = rooms.done(rooms.page.post("/api/sets/cats/look", json={"size": 32}))
    assert (job["state"], str(folder) in job["problem"]) == ("failed", True)


@pytest.mark.parametrize(
    "asked",
    [{"size": 7}, {"size": "x"}, {"size": [64, 63]}, {"fit": "x"}, {"alpha": 7}, {"drop_near": 0}, {"colour": 1}],
)
def test_a_look_that_cannot_be_is_refused(rooms, tmp_path, asked):
    fill(tmp_path / "cats")
    rooms.page.post("/api/sets", json={"source": str(tmp_path / "cats")})
    assert rooms.page.post("/api/sets/cats/look", json=asked).status_code == 422
    assert rooms.page.get("/api/jobs").json() == []


def test_a_look_at_no_set_and_a_sheet_that_is_none_are_missing(rooms):
    rooms.page.post("/api/sets", json={"name": "cats"})
    assert rooms.page.post("/api/sets/nobody/look").status_code == 404
    for sheet in ("x.png", "..%2fset.json", "%2e%2e%2fset.json"):
        assert rooms.page.get(f"/api/sets/cats/looks/{sheet}").status_code in (404, 422)
