"""Runs published and explored from the studio: in the background, as folder, zip and page."""

import io
import json
import zipfile

import pytest
from rooms import opened
from starlette.testclient import TestClient
from trained import NAME, home, trained_once  # noqa: F401 - fixtures

from ganvas.publishing.targets import TARGETS
from ganvas.studio.access import Access
from ganvas.studio.home import Home
from ganvas.studio.jobs.working import Work
from ganvas.studio.results import exploring, publishing
from ganvas.studio.results.exploring import MOST_PAGES
from ganvas.studio.runs.moments import kept_moments
from ganvas.studio.server import assemble
from hub_server import TOKEN, served_hub

QUOTED = NAME.replace(" ", "%20")


@pytest.fixture
def rooms(home, web_runtime_fetched_once):  # noqa: F811
    changed = []

    def published(rooms):
        rooms.changed = changed
        return publishing.routes(rooms.home, rooms.jobs, changed.append)

    with opened(home, published, lambda rooms: exploring.routes(rooms.home, rooms.jobs)) as found:
        yield found


def publish(rooms, **asked):
    return rooms.page.post(f"/api/runs/{NAME}/publish", json={"target": "site", "scored": False} | asked)


def test_every_target_says_what_it_needs_and_takes(rooms):
    found = {target["name"]: target for target in rooms.page.get("/api/targets").json()}
    assert set(found) == set(TARGETS)
    for name, target in found.items():
        assert target["about"]
        assert all(need["what"] and need["how"] and isinstance(need["there"], bool) for need in target["needs"])
        fields = TARGETS[name].options.model_fields
        assert {option["path"] for option in target["options"]} == set(fields)
        assert all(option["description"] for option in target["options"])
    assert [name for name, target in found.items() if target["opens"]] == ["site", "hub"]


@pytest.mark.parametrize("note", ["1", "null", "[1]", '"x"', "{", "[[1, 2]]"])
def test_a_damaged_note_hides_no_publication(rooms, note):
    (rooms.home.published / "cats-site").mkdir(parents=True)
    notes = rooms.home.studio / publishing.NOTES
    notes.mkdir(parents=True)
    (notes / "cats-site.json").write_text(note)
    (found,) = rooms.page.get("/api/published").json()
    assert (found["name"], found["run"], found["target"]) == ("cats-site", "cats", "site")


def test_links_that_lead_out_of_a_publication_are_neither_listed_nor_packed(rooms, tmp_path):
    secret, folder = tmp_path / "secret.txt", rooms.home.published / "cats-site"
    secret.write_text("secret")
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("page")
    (folder / "words.txt").symlink_to(secret)
    (found,) = rooms.page.get("/api/published").json()
    assert [each["file"] for each in found["files"]] == ["index.html"]
    with zipfile.ZipFile(io.BytesIO(rooms.page.get("/api/published/cats-site.zip").content)) as archive:
        assert archive.namelist() == ["cats-site/index.html"]


def test_of_a_publication_that_is_a_link_the_link_is_removed(rooms, tmp_path):
    elsewhere = tmp_path / "site"
    elsewhere.mkdir()
    (elsewhere / "index.html").write_text("page")
    rooms.home.published.mkdir()
    (rooms.home.published / "cats-site").symlink_to(elsewhere)
    assert rooms.page.delete("/api/published/cats-site").status_code == 204
    assert rooms.page.get("/api/published").json() == []
    assert (elsewhere / "index.html").exists()


def test_a_run_becomes_a_site_that_opens_and_a_zip(rooms):
    before = rooms.page.get(f"/api/runs/{NAME}/publishing").json()
    assert (before["copying"], before["published"]) == (None, [])
    words = {"title": "These cats do not exist", "about": "Made <here>.", "licence": "CC0-1.0"}
    made = rooms.result(publish(rooms, **words, options={"perform": True}))
    assert made["name"] == f"{NAME}-site"
    assert {name: made[name] for name in words} == words
    assert (made["copying"], made["copy_word"]) == (None, None)
    folder = rooms.home.published / f"{NAME}-site"
    assert made["folder"] == str(folder)
    assert {each["file"]: each["bytes"] for each in made["files"]} == {
        path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()
    }
    assert made["bytes"] == sum(each["bytes"] for each in made["files"])
    assert rooms.changed == [NAME]
    assert rooms.page.get("/api/published").json() == [made]

    page = rooms.page.get(f"/{made['open']}")
    assert "These cats do not exist" in page.text
    policy = page.headers["content-security-policy"]
    assert f"connect-src 127.0.0.1:7870/published/{QUOTED}-site/ " in policy
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy  # that stands in the page, with what WebAssembly needs
    assert "'wasm-unsafe-eval'" in page.text

    stored = rooms.page.get(f"/{made['zip']}")
    with zipfile.ZipFile(io.BytesIO(stored.content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.getinfo(name).file_size for name in archive.namelist()} == {
            f"{NAME}-site/{each['file']}": each["bytes"] for each in made["files"]
        }
    again = rooms.page.get(f"/api/runs/{NAME}/publishing").json()
    assert (again["title"], [each["name"] for each in again["published"]]) == (words["title"], [f"{NAME}-site"])
    assert rooms.page.delete(f"/api/published/{NAME}-site").status_code == 204
    assert rooms.page.get("/api/published").json() == []
    assert not folder.exists()


def test_a_run_without_a_preview_can_be_published_too(rooms, home):  # noqa: F811
    (home / "runs" / NAME / "model" / "preview.png").unlink(missing_ok=True)
    assert rooms.page.get(f"/api/runs/{NAME}/publishing").json()["preview"] is None


def test_a_run_that_copies_says_so_and_is_published_when_that_is_meant(rooms):
    job = rooms.done(publish(rooms, scored=True))
    if job["state"] == "failed":  # so small a run may well draw its own pictures
        assert "copies its training pictures" in job["problem"]
        made = rooms.result(publish(rooms, scored=True, even_copies=True))
        assert made["copying"] is True
    else:
        made = job["result"]
        assert made["copying"] is False
    assert "opying" in made["copy_word"]
    assert made["copy_word"] in made["findings"]


def test_the_hub_without_a_repository_is_only_written_and_its_page_opens(rooms):
    made = rooms.result(publish(rooms, target="hub"))
    assert (made["open"], made["addresses"]) == (f"published/{QUOTED}-hub/space/", [])
    assert rooms.page.get(f"/{made['open']}").status_code == 200


def test_what_was_pushed_says_where_it_is(home, web_runtime_fetched_once, monkeypatch, tmp_path):  # noqa: F811
    with served_hub() as hub:
        of_hub = {"HF_ENDPOINT": hub.address, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path)}
        for name, value in of_hub.items():
            monkeypatch.setenv(name, value)
        # Its library reads these as it is imported: in a process of its own.
        with opened(home, lambda rooms: publishing.routes(rooms.home, rooms.jobs), begin_work=Work) as rooms:
            made = rooms.result(publish(rooms, target="hub", options={"repository": "ada/cats"}))
            assert made["addresses"] == [f"{hub.address}/ada/cats", f"{hub.address}/spaces/ada/cats"]
            assert rooms.page.get("/api/published").json()[0]["addresses"] == made["addresses"]
        assert set(hub.repositories) == {("model", "ada/cats"), ("space", "ada/cats")}


def test_before_it_is_published_the_word_of_the_copy_test_is_that_of_its_score_card(rooms):
    ask = lambda: rooms.page.get(f"/api/runs/{NAME}/publishing").json()  # noqa: E731
    assert ask()["copy_word"] is None
    card = {"findings": ["Collapsed: all are one.", "No sign of copying: 0.0%."]}
    (rooms.home.runs / NAME / "score.json").write_text(json.dumps(card))
    assert ask()["copy_word"] == "No sign of copying: 0.0%."
    assert ask()["preview"].startswith(f"api/runs/{QUOTED}/files/model/preview.png?v=")
    assert rooms.page.get("/api/runs/nobody/publishing").status_code == 404


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"target": "moon"}, "target"),
        ({"target": "../site"}, "target"),
        ({"at": "first"}, "at"),
        ({"title": "x" * 10_001}, "title"),
        ({"options": {"colour": 1}}, None),
        ({"options": {"webgpu": "maybe"}}, None),
        ({"target": "hub", "options": {"repository": "no slash"}}, None),
        ({"target": "lambda", "options": {"python": "2.7"}}, None),
        ({"colour": 1}, "colour"),
    ],
)
def test_what_cannot_be_published_is_refused_before_it_begins(rooms, asked, field):
    answer = publish(rooms, **asked)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert (answer.json()["field"] or "").startswith(field or "")
    assert rooms.page.get("/api/jobs").json() == []


def test_where_everyone_is_let_in_nothing_is_pushed(home):  # noqa: F811
    access = Access("t" * 43, 7870, public=True)
    with TestClient(assemble(Home(home), access).app, "http://127.0.0.1:7870") as page:
        asked = {"target": "hub", "options": {"repository": "ada/cats"}}
        answer = page.post(f"/api/runs/{NAME}/publish", json=asked)
        assert (answer.status_code, answer.json()["field"]) == (403, "repository")
        assert page.get("/api/jobs").json() == []


@pytest.mark.parametrize("name", ["nobody", "%2e%2e", "..%2f..%2fetc", "%2e%2e%2fruns"])
@pytest.mark.parametrize(
    "path", ["/published/{}/", "/published/{}/index.html", "/api/published/{}.zip", "/explore/{}/", "/explore/{}/x.js"]
)
def test_what_was_not_published_is_missing(rooms, name, path):
    assert rooms.page.get(path.format(name)).status_code in (404, 422)


@pytest.mark.parametrize("file", ["..%2f..%2fruns", "%2e%2e/x", ".git/config", "nothing.js", "sub/"])
def test_files_outside_a_site_are_not_sent(rooms, file):
    folder = rooms.home.published / "cats-site"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("page")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("secret")
    assert rooms.page.get("/published/cats-site/").text == "page"
    assert rooms.page.get(f"/published/cats-site/{file}").status_code in (404, 422)
    assert rooms.page.get("/published/cats-site", follow_redirects=False).headers["location"] == "cats-site/"


def test_a_moment_is_explored_by_its_page_which_is_made_once(rooms):
    run = rooms.home.runs / NAME
    first = min(kept_moments(run))
    url = rooms.result(rooms.page.post(f"/api/runs/{NAME}/explore", json={"at": first}))["url"]
    assert url.startswith(f"explore/{QUOTED}-{first}-")
    page = rooms.page.get(f"/{url}")
    assert page.status_code == 200
    assert f"connect-src 127.0.0.1:7870/{url} " in page.headers["content-security-policy"]
    for file in ("app.js", "style.css", "model.onnx.gz"):
        assert rooms.page.get(f"/{url}{file}").status_code == 200
    assert b"caches" not in rooms.page.get(f"/{url}worker.js").content  # or it would be kept beyond its weights
    made = rooms.home.studio / "pages" / url.split("/")[1].replace("%20", " ")
    stamp = (made / "index.html").stat().st_mtime_ns
    assert rooms.result(rooms.page.post(f"/api/runs/{NAME}/explore", json={"at": first}))["url"] == url
    assert (made / "index.html").stat().st_mtime_ns == stamp
    assert not (run / "exported").exists()

    best = rooms.result(rooms.page.post(f"/api/runs/{NAME}/explore"))["url"]
    assert best.startswith(f"explore/{QUOTED}-best-")
    said = {"title": "Cats & <dogs>", "about": "Mine.", "licence": "CC0-1.0"}
    worded = rooms.result(rooms.page.post(f"/api/runs/{NAME}/explore", json=said))["url"]
    assert worded != best
    assert "Cats &amp; &lt;dogs&gt;" in rooms.page.get(f"/{worded}").text
    weights = run / "model" / "generator.safetensors"
    weights.write_bytes(weights.read_bytes())  # another day
    assert rooms.result(rooms.page.post(f"/api/runs/{NAME}/explore"))["url"] != best


def test_only_the_latest_pages_are_kept(rooms):
    pages = rooms.home.studio / "pages"
    for number in range(MOST_PAGES + 3):
        (pages / f"old-{number}").mkdir(parents=True)
    url = rooms.result(rooms.page.post(f"/api/runs/{NAME}/explore"))["url"]
    kept = [path.name for path in pages.iterdir()]
    assert len(kept) == MOST_PAGES
    assert url.split("/")[1].replace("%20", " ") in kept


@pytest.mark.parametrize("asked", [{"at": "first"}, {"at": -1}, {"colour": 1}])
def test_what_cannot_be_explored_is_refused(rooms, asked):
    assert rooms.page.post(f"/api/runs/{NAME}/explore", json=asked).status_code == 422


def test_a_damaged_model_is_said(rooms):
    (rooms.home.runs / NAME / "model" / "generator.safetensors").write_bytes(b"x")
    job = rooms.done(rooms.page.post(f"/api/runs/{NAME}/explore"))
    assert (job["state"], "safetensors" in job["problem"]) == ("failed", True)
    assert [path.name for path in (rooms.home.studio / "pages").iterdir()] == []
