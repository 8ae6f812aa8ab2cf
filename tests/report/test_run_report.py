import json
import re
import shutil
from html.parser import HTMLParser

import pytest

from ganvas.errors import SettingError
from ganvas.report import write_comparison, write_film
from ganvas.report.html import embedded_json, in_figures, table
from ganvas.report.run_page import write_report
from ganvas.wording import in_time

VOID = {"meta", "img", "input", "br", "link"}


class Page(HTMLParser):
    """Every element of a page, the text outside scripts, and whether the tags close what they open."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open[-1:] == ["script"] else self.words).append(data)

    def named(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def data(self):
        return json.loads(self.scripts[0])


def read(path):
    return Page(path.read_text(encoding="utf-8"))


def test_a_report_shows_the_latest_moment_and_lists_all_of_them(run):
    page = read(write_report(run))
    assert [one["images"] for one in page.data["moments"]] == [0, 512, 1024, 2048]
    (latest,) = [one for one in page.named("img") if one.get("id") == "latest"]
    assert latest["src"] == "samples/000002048.png"
    assert all((run / one["src"]).is_file() for one in page.data["moments"])


def test_its_curves_are_those_of_the_log(run):
    losses, scores = read(write_report(run)).data["charts"]
    assert [one["name"] for one in losses["series"]] == ["Discriminator loss", "Generator loss"]
    assert losses["series"][0]["raw"][:2] == [1.0, 0.5]
    assert scores["series"][0]["smooth"] == [0.5] * 32


def test_it_links_to_nothing_outside_its_folder(run):
    source = write_report(run).read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"'\s]+", source)) == {"http://www.w3.org/2000/svg"}
    assert "fetch(" not in source
    assert not re.findall(r"""(?:src|href)=["']?(?:/|\w+:)""", source)


def test_names_of_files_and_classes_cannot_become_elements(run, hostile):
    page = read(write_report(run))
    assert len(page.named("script")) == 2
    assert not any("onerror" in attributes for _, attributes in page.elements)
    assert "".join(page.words).count(hostile) == 6  # class, broken file, duplicate, near-duplicate, note, event


def test_pictures_that_are_nearly_the_same_are_shown_in_pairs(run):
    words = read(write_report(run)).words
    at = words.index("Nearly the same, left in: 1")
    assert [word for word in words[at + 1 : at + 10] if word.strip()][:3] == ["file", "like", "c.png"]
    found = json.loads((run / "data.json").read_text(encoding="utf-8"))
    (run / "data.json").write_text(json.dumps({**found, "near_left_out": True}), encoding="utf-8")
    assert "Nearly the same, left out: 1" in read(write_report(run)).words


def test_the_name_of_a_run_cannot_become_an_element(run, tmp_path):
    renamed = tmp_path / "<script>alert(1)<&script> $body"
    run.rename(renamed)
    page = read(write_report(renamed))
    assert len(page.named("script")) == 2
    assert renamed.name in page.words


def test_only_the_script_of_the_page_may_run(run):
    source = write_report(run).read_text(encoding="utf-8")
    policy = next(
        one["content"] for one in Page(source).named("meta") if one.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<[a-z][^>]*\s(style|on\w+)=", source.split("<script", 1)[0].split("</style>")[1])


@pytest.mark.parametrize("value", ["</script><script>alert(1)", "<!--", "\u2028", {"a": [float("nan"), 1.5]}])
def test_embedded_json_cannot_end_its_script(value):
    embedded = embedded_json(value)
    assert not set("<>&\u2028") & set(embedded)
    assert json.loads(embedded) == ({"a": [None, 1.5]} if isinstance(value, dict) else value)


@pytest.mark.parametrize("part", ["samples", "log.jsonl", "run.toml", "data.json"])
def test_a_missing_part_is_left_out(run, part):
    shutil.rmtree(run / part) if part == "samples" else (run / part).unlink()
    assert read(write_report(run)).named("h1")


def test_an_empty_folder_has_a_report(tmp_path):
    page = read(write_report(tmp_path))
    assert page.data == {"moments": [], "rebuilt": [], "charts": []}
    assert not page.named("img")


def test_one_moment_needs_no_slider(run):
    for path in sorted((run / "samples").iterdir())[1:]:
        path.unlink()
    assert not read(write_report(run)).named("input")


def test_every_control_is_labelled_and_every_picture_described(run):
    page = read(write_report(run))
    labelled = {one["for"] for one in page.named("label")}
    assert {one["id"] for one in page.named("input")} <= labelled
    assert all(one["alt"] for one in page.named("img"))


def test_originals_and_rebuilt_pictures_are_shown_beside_the_generated_ones(run):
    shutil.copy(run / "samples" / "000000000.png", run / "samples" / "originals.png")
    shutil.copytree(run / "samples", run / "rebuilt")
    page = read(write_report(run))
    shown = {one["id"]: one["src"] for one in page.named("img") if "id" in one}
    assert shown["originals"] == "samples/originals.png"
    assert shown["rebuilt"] == "rebuilt/000002048.png"
    assert shown["rebuilt-originals"] == "rebuilt/originals.png"
    assert len(page.data["rebuilt"]) == 4


@pytest.mark.parametrize(("films", "shown"), [(["gif"], "film.gif"), (["gif", "mp4"], "film.mp4"), ([], None)])
def test_the_best_film_there_is_is_shown(run, films, shown):
    for ending in films:
        (run / f"film.{ending}").write_bytes(b"")
    sources = [one.get("src") for tag in ("img", "video") for one in read(write_report(run)).named(tag)]
    assert [one for one in sources if one and one.startswith("film")] == ([shown] if shown else [])


def test_a_page_refreshes_itself_only_while_training_is_going_on(run):
    def refreshes():
        return [one["content"] for one in read(run / "index.html").named("meta") if one.get("http-equiv") == "refresh"]

    write_report(run, refresh=15)
    assert refreshes() == ["15"]
    write_report(run)
    assert refreshes() == []


def test_many_moments_are_listed_evenly_and_end_with_the_last(run):
    picture = run / "samples" / "000000000.png"
    for k in range(3000, 3500):
        (run / "samples" / f"{k:09d}.png").hardlink_to(picture)
    moments = read(write_report(run)).data["moments"]
    assert len(moments) == 400
    assert moments[-1]["images"] == 3499


def test_commands_survive_names_with_spaces(run):
    renamed = run.with_name("my cats")
    run.rename(renamed)
    words = read(write_report(renamed)).words
    assert "ganvas train --config 'runs/my cats/run.toml' --out 'runs/my cats-again'" in words


def test_a_report_of_no_folder_is_refused_by_name(tmp_path):
    with pytest.raises(SettingError, match="nowhere"):
        write_report(tmp_path / "nowhere")


@pytest.mark.parametrize("missing", ["kernel_distance", "kernel_distance_error", "pca_distance"])
def test_a_measure_of_which_the_log_lost_a_part_is_not_shown(missing, run):
    measure = {"kernel_distance": 0.1, "kernel_distance_error": 0.01, "pca_distance": 0.3}
    (run / "model").mkdir()
    (run / "model" / "model.json").write_text('{"images": 64}')

    def words(numbers: dict[str, float]) -> str:
        (run / "log.jsonl").write_text(json.dumps({"images": 64, "seconds": 1, **numbers}))
        return " ".join(read(write_report(run)).words)

    assert "The best was measured after 64 images" in words(measure)
    assert "The best was measured" not in words({name: each for name, each in measure.items() if name != missing})


@pytest.mark.parametrize("damage", [lambda stored: b"", lambda stored: stored[:40], lambda stored: b"x" + stored[1:]])
def test_a_damaged_picture_of_a_run_is_named(damage, run, other_run, tmp_path):
    path = max((run / "samples").glob("0*.png"))
    path.write_bytes(damage(path.read_bytes()))
    for write in (
        lambda: write_comparison([other_run, run], tmp_path / "compare.html"),
        lambda: write_film(sorted((run / "samples").glob("0*.png")), tmp_path / "film.webp"),
    ):
        with pytest.raises(SettingError, match=rf"{path.name}: cannot be read as a picture") as caught:
            write()
        assert "\n" not in str(caught.value)


def test_a_page_names_a_picture_that_has_no_size(run):
    path = max((run / "samples").glob("0*.png"))
    path.write_bytes(b"")
    with pytest.raises(SettingError, match="cannot be read as a picture"):
        write_report(run)


def test_a_damaged_setting_file_is_named(run):
    (run / "run.toml").write_text("recipe = ", encoding="utf-8")
    with pytest.raises(SettingError, match=r"run\.toml"):
        write_report(run)


def test_times_and_numbers_read_as_a_person_would_write_them():
    assert [in_time(one) for one in (0, 4.25, 59.6, 75, 3600, 7325)] == [
        "0 s",
        "4.2 s",
        "1 min 0 s",
        "1 min 15 s",
        "1 h 0 min",
        "2 h 2 min",
    ]
    values = (25600, 0.693147, True, ["a", "b"], [], 2e-4, 123456.7)
    assert [in_figures(one) for one in values] == ["25,600", "0.6931", "yes", "a, b", "none", "0.0002", "123,457"]


def test_a_table_escapes_every_cell():
    assert "<b>" not in table([("<b>", "<b>")], caption="<b>", headings=("<b>", "<b>"))
