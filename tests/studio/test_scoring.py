"""Score cards and films of a run, in the background and kept with it."""

import io
import json

import pytest
from PIL import Image
from rooms import fill, opened
from trained import NAME, home, trained_once  # noqa: F401 - fixtures

from ganvas.studio.results import scoring, walks
from ganvas.studio.runs.moments import kept_moments


@pytest.fixture
def rooms(home):  # noqa: F811
    scored = lambda rooms: scoring.routes(rooms.home, rooms.sets, rooms.jobs)  # noqa: E731
    walked = lambda rooms: walks.routes(rooms.home, rooms.jobs)  # noqa: E731
    with opened(home, scored, walked) as found:
        yield found


def test_a_run_is_scored_against_its_own_pictures_and_keeps_its_card(rooms):
    assert rooms.page.get(f"/api/runs/{NAME}/score").json() is None
    card = rooms.result(rooms.page.post(f"/api/runs/{NAME}/score", json={"count": 8}))
    assert card["floor"]["kernel_distance"]["value"] is not None
    assert card["protocol"]["sample_count"] == 6
    assert any("opying" in line for line in card["findings"])
    assert card["at"] is None
    again = rooms.page.get(f"/api/runs/{NAME}/score").json()
    assert again == card
    kept = json.loads((rooms.home.runs / NAME / "score.json").read_text())
    assert kept["model"] == card["model"]
    assert rooms.page.get(f"/{card['pairs']}").headers["content-type"] == "image/png"


def test_a_moment_is_scored_against_a_set_and_has_a_card_of_its_own(rooms, tmp_path):
    rooms.page.post("/api/sets", json={"source": str(fill(tmp_path / "others", 20))})
    first = min(kept_moments(rooms.home.runs / NAME))
    asked = {"count": 8, "at": first, "against": "others"}
    card = rooms.result(rooms.page.post(f"/api/runs/{NAME}/score", json=asked))
    assert (card["at"], card["protocol"]["real_count"]) == (first, 20)
    assert card["protocol"]["against"].endswith("others")
    assert rooms.page.get(f"/api/runs/{NAME}/score").json() is None
    assert rooms.page.get(f"/api/runs/{NAME}/score?at={first}").json() == card


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"count": 3}, 422),
        ({"at": -1}, 422),
        ({"at": "first"}, 422),
        ({"colour": 1}, 422),
        ({"against": ""}, 422),
        ({"against": "/nowhere"}, 422),
        ({"against": "../.."}, 422),
        ([], 422),
    ],
)
def test_a_score_that_cannot_be_is_refused(rooms, asked, status):
    assert rooms.page.post(f"/api/runs/{NAME}/score", json=asked).status_code == status


def test_pictures_that_are_gone_are_said(rooms, tmp_path):
    folder = fill(tmp_path / "others", 20)
    (folder / "00.png").unlink()
    for path in folder.iterdir():
        path.write_bytes(b"no more")
    job = rooms.done(rooms.page.post(f"/api/runs/{NAME}/score", json={"count": 8, "against": str(folder)}))
    assert (job["state"], "0 pictures can be used" in job["problem"]) == ("failed", True)
    assert not (rooms.home.runs / NAME / "score.json").exists()


def test_where_everyone_is_let_in_no_folder_of_this_machine_is_scored_against(home, tmp_path):  # noqa: F811
    scored = lambda rooms: scoring.routes(rooms.home, rooms.sets, rooms.jobs)  # noqa: E731
    folder = fill(tmp_path / "others", 20)
    with opened(home, scored, names_folders=False) as rooms:
        answer = rooms.page.post(f"/api/runs/{NAME}/score", json={"against": str(folder)})
        assert (answer.status_code, answer.json()["field"]) == (403, "against")


@pytest.mark.parametrize("what", ["score", "walk"])
def test_of_no_run_nothing_is_made(rooms, what):
    for name in ("nobody", "%2e%2e", "..%2f..%2fetc"):
        assert rooms.page.post(f"/api/runs/{name}/{what}", json={}).status_code == 404
    assert rooms.page.get("/api/jobs").json() == []


def test_a_damaged_card_is_none(rooms):
    for damage in ("{", "[]", "7"):
        (rooms.home.runs / NAME / "score.json").write_text(damage)
        assert rooms.page.get(f"/api/runs/{NAME}/score").json() is None


@pytest.mark.parametrize("form", ["webp", "gif"])
def test_a_film_is_drawn_kept_listed_and_removed(rooms, form):
    asked = {"seeds": [1, 2, 3], "seconds": 1, "fps": 8, "format": form}
    film = rooms.result(rooms.page.post(f"/api/runs/{NAME}/walk", json=asked))["file"]
    answer = rooms.page.get(f"/{film}")
    assert answer.headers["content-type"] == f"image/{form}"
    with Image.open(io.BytesIO(answer.content)) as opened_film:
        assert opened_film.size == (512, 512)
        assert 1 <= opened_film.n_frames <= 8  # some of so poor a model look the same
    (listed,) = rooms.page.get(f"/api/runs/{NAME}/walks").json()
    assert (listed["name"], listed["file"], listed["bytes"]) == (f"walk-1.{form}", film, len(answer.content))
    assert rooms.page.delete(f"/api/runs/{NAME}/walks/walk-1.{form}").status_code == 204
    assert rooms.page.get(f"/api/runs/{NAME}/walks").json() == []


def test_two_films_have_two_names(rooms):
    for seed in (1, 2):
        rooms.result(
            rooms.page.post(
                f"/api/runs/{NAME}/walk", json={"seeds": [seed, 9], "seconds": 0.5, "fps": 4, "format": "webp"}
            )
        )
    names = sorted(film["name"] for film in rooms.page.get(f"/api/runs/{NAME}/walks").json())
    assert names == ["walk-1.webp", "walk-2.webp"]


@pytest.mark.parametrize(
    "asked",
    [
        {"seeds": []},
        {"seeds": [-1]},
        {"seeds": [2**64]},
        {"seeds": list(range(65))},
        {"seconds": 0},
        {"seconds": 1e6},
        {"fps": 0},
        {"fps": 61},
        {"format": "avi"},
        {"truncation": 9},
        {"at": "first"},
    ],
)
def test_a_film_that_cannot_be_is_refused(rooms, asked):
    assert rooms.page.post(f"/api/runs/{NAME}/walk", json=asked).status_code == 422
    assert rooms.page.get("/api/jobs").json() == []


def test_a_link_that_is_none_is_said(rooms):
    job = rooms.done(rooms.page.post(f"/api/runs/{NAME}/walk", json={"seeds": ["no link"], "format": "webp"}))
    assert (job["state"], "no link" in job["problem"]) == ("failed", True)


@pytest.mark.parametrize("file", ["..%2frun.toml", "run.toml", "walk-9.webp", "%2e%2e%2f%2e%2e%2fx.webp", ".x.webp"])
@pytest.mark.parametrize("folder", ["walks", "scores"])
def test_files_beside_the_films_and_cards_are_not_sent(rooms, file, folder):
    (rooms.home.runs / NAME / folder).mkdir()
    assert rooms.page.get(f"/api/runs/{NAME}/{folder}/{file}").status_code in (404, 422)
    if folder == "walks":
        assert rooms.page.delete(f"/api/runs/{NAME}/{folder}/{file}").status_code in (404, 422)
    assert (rooms.home.runs / NAME / "run.toml").exists()


@pytest.mark.parametrize(("folder", "file"), [("walks", "walk-1.webp"), ("scores", "pairs.png")])
@pytest.mark.parametrize("is_folder", [False, True])
def test_films_and_cards_that_lie_elsewhere_are_neither_sent_nor_removed(rooms, tmp_path, folder, file, is_folder):
    secret, place = tmp_path / "secret" / file, rooms.home.runs / NAME / folder
    secret.parent.mkdir()
    secret.write_text("secret")
    if is_folder:
        place.symlink_to(secret.parent)
    else:
        place.mkdir()
        (place / file).symlink_to(secret)
    assert rooms.page.get(f"/api/runs/{NAME}/{folder}/{file}").status_code == 404
    assert rooms.page.delete(f"/api/runs/{NAME}/{folder}/{file}").status_code in (404, 405)
    assert secret.exists()


def test_a_film_that_is_gone_hides_no_other(rooms):
    films = rooms.home.runs / NAME / "walks"
    films.mkdir()
    (films / "walk-1.webp").symlink_to(films / "nothing.webp")
    (films / "walk-2.webp").write_bytes(b"film")
    listed = rooms.page.get(f"/api/runs/{NAME}/walks").json()
    assert [film["name"] for film in listed] == ["walk-2.webp"]


def test_of_a_run_that_has_drawn_nothing_yet_nothing_can_be_made(rooms):
    (rooms.home.runs / "empty").mkdir()
    for what in ("score", "walk"):
        answer = rooms.page.post(f"/api/runs/empty/{what}", json={})
        assert answer.status_code == 404
        assert "no model is kept" in answer.json()["detail"]
