"""Forecasts: as other sets were, as fast as this machine is, and honest about what is not known."""

import io
import itertools
import json
from pathlib import Path

import pytest
from PIL import Image
from rooms import opened

from bench import forecasts as condensing
from ganvas.recipes import RECIPES
from ganvas.studio.runs import forecasts
from ganvas.studio.runs.forecasts import Known, examples, forecast, known, speed_here, words_key

ROOT = Path(__file__).parents[2]
CURVES = [
    {"set": "faces", "px": 64, "points": [[10, 100, 1.0], [100, 1000, 0.4], [1000, 10_000, 0.1]]},
    {"set": "cars", "px": 64, "points": [[10, 100, 1.0], [100, 1000, 0.8], [1000, 10_000, 0.2]]},
    {"set": "icons", "px": 64, "points": [[None, 1000, 0.6], [None, 2000, 0.5]]},
    {"set": "faces-128", "px": 128, "points": [[10, 50, 1.0], [100, 500, 0.5], [1000, 5000, 0.2]]},
]
VALUES = {
    "recipe": "swift",
    "curves": CURVES,
    "memory_mb": {"64": 900, "128": 1300},
    "disk_mb": {"64": [50, 2], "128": [60, 2]},
    "speeds": {"quick": 100.0},
}
MADE_UP = Known(VALUES)


def told(size=(64, 64), seconds=None, images=None, recipe="swift", speed=None):
    return forecast(size, seconds, images, recipe, speed, 5.0, MADE_UP)


def test_images_and_distance_are_those_that_other_sets_had_by_then():
    found = told(seconds=100)
    assert (found["images"], found["at"], found["measured_here"]) == (1000, 105.0, False)
    assert found["kd_share"] == pytest.approx([0.4, 0.8])
    later = told(seconds=2000)
    assert later["images"] == 20_000  # at the speed of the end
    assert later["kd_share"] == pytest.approx([0.1, 0.5])  # of the three that went furthest


def test_a_machine_that_is_twice_as_fast_shows_what_another_does_in_twice_the_time():
    one, other = told(seconds=100, speed=2.0), told(seconds=200)
    assert (one["images"], one["kd_share"]) == (other["images"], other["kd_share"])
    assert one["images_per_second"] == 2 * other["images_per_second"]
    assert one["measured_here"]


@pytest.mark.parametrize("speed", [None, 0.3, 4.0])
def test_a_limit_of_images_takes_the_time_that_they_take(speed):
    found = told(images=3000, speed=speed)
    assert found["images"] == 3000
    assert told(seconds=found["seconds"], speed=speed)["images"] == pytest.approx(3000, rel=0.02)
    whichever = told(seconds=1e6, images=3000, speed=speed)
    assert (whichever["images"], whichever["seconds"]) == (found["images"], found["seconds"])
    assert told(seconds=100, images=10**9)["images"] == 1000


@pytest.mark.parametrize("of", [MADE_UP, known()])
def test_more_time_never_shows_fewer_images_and_larger_pictures_never_more(of):
    times, sizes = (1, 10, 60, 300, 900, 7200), (16, 28, 64, 80, 128, 200, 256, 512, 1024)
    table = {(px, t): forecast((px, px), t, None, "swift", None, 0, of) for px in sizes for t in times}
    for px in sizes:
        for before, after in itertools.pairwise(times):
            assert (table[px, before]["images"] or 0) <= (table[px, after]["images"] or 0)
            assert table[px, before]["disk_bytes"] <= table[px, after]["disk_bytes"]
    for t in times:
        for less, more in itertools.pairwise(sizes):
            assert (table[less, t]["images"] or 0) >= (table[more, t]["images"] or 0)
            assert table[less, t]["memory_bytes"] <= table[more, t]["memory_bytes"]
    for found in table.values():
        low, high = found["kd_share"]
        assert 0 < low <= high <= 1


def test_of_a_recipe_that_was_not_measured_nothing_is_claimed():
    quick, other = told(seconds=60, recipe="quick"), told(seconds=60, recipe="balanced")
    assert (quick["images"], quick["kd_share"], quick["memory_bytes"]) == (6000, None, None)
    assert told((128, 128), seconds=60, recipe="quick")["images"] == 1500
    assert (other["images"], other["images_per_second"], other["kd_share"]) == (None, None, None)
    assert (quick["words_key"], quick["examples"]) == ("forecast.unknown", [])
    assert told(images=500, recipe="balanced")["seconds"] is None


def test_the_speed_of_this_machine_is_that_of_its_latest_runs():
    run = {"recipe": "swift", "width": 64, "height": 48, "images": 5000}
    reference = MADE_UP.speed(64)
    assert speed_here([], MADE_UP) is None
    assert speed_here([run | {"images_per_second": 3 * reference}], MADE_UP) == pytest.approx(3)
    others = [
        run | {"images_per_second": None},
        run | {"images_per_second": reference, "recipe": "quick"},
        run | {"images_per_second": reference, "images": 100},
        run | {"images_per_second": reference, "width": 0, "height": 0},
    ]
    assert speed_here(others, MADE_UP) is None
    larger = run | {"width": 128, "images_per_second": MADE_UP.speed(128)}
    assert speed_here([larger, *others], MADE_UP) == pytest.approx(1)
    many = [run | {"images_per_second": speed * reference} for speed in (2, 2, 2, 2, 2, 9, 9, 9, 9, 9, 9)]
    assert speed_here(many, MADE_UP) == pytest.approx(2)


def test_a_training_without_a_limit_is_forecast_for_the_time_that_it_would_have():
    assert told()["seconds"] == 600


@pytest.mark.parametrize(
    ("images", "share", "key"),
    [
        (100, (0.8, 0.9), "forecast.short"),
        (3000, (0.2, 0.6), "forecast.begins"),
        (20_000, (0.1, 0.2), "forecast.good"),
        (20_000, (0.3, 0.6), "forecast.shapes"),
        (20_000, None, "forecast.unknown"),
    ],
)
def test_what_the_page_says_follows_from_images_and_distance(images, share, key):
    assert words_key(images, share) == key


def test_the_packaged_numbers_are_those_of_the_benches(monkeypatch):
    monkeypatch.chdir(ROOT)
    packaged = (ROOT / "src" / "ganvas" / "studio" / "forecasts.json").read_text(encoding="utf-8")
    assert packaged == condensing.as_text(condensing.condensed())
    assert json.loads(packaged)["recipe"] in RECIPES
    assert set(json.loads(packaged)["speeds"]) <= set(RECIPES)


def test_the_packaged_sheets_are_small_and_what_their_index_says():
    folder = ROOT / "src" / "ganvas" / "studio" / "examples"
    assert {path.name for path in folder.iterdir()} == {"index.json", *(one["file"] for one in examples())}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 300_000
    for one in examples():
        with Image.open(folder / one["file"]) as sheet:
            assert sheet.width % one["width"] == sheet.height % one["height"] == 0
        assert one["images"] > 0


@pytest.fixture
def rooms(tmp_path):
    summaries = [{"recipe": "swift", "width": 64, "height": 64, "images": 9000, "images_per_second": 10.0}]
    with opened(tmp_path / "home", lambda rooms: forecasts.routes(rooms.home, lambda: summaries)) as found:
        yield found


def test_a_forecast_is_asked_for_over_http(rooms):
    found = rooms.page.get("/api/forecast?size=64&seconds=600").json()
    assert found["measured_here"]
    assert found["images_per_second"] == pytest.approx(10)
    assert 0 < found["images"] < 20_000
    assert rooms.page.get("/api/forecast?size=96x64&images=500").json()["size"] == [96, 64]
    assert rooms.page.get("/api/forecast?recipe=dcgan28").json()["size"] == [28, 28]
    for one in found["examples"]:
        answer = rooms.page.get(f"/{one['picture']}")
        assert answer.headers["content-type"] == "image/webp"
        assert Image.open(io.BytesIO(answer.content)).width % one["width"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "size=x",
        "size=8",
        "size=2000",
        "seconds=0",
        "seconds=x",
        "seconds=1e99",
        "images=-1",
        "recipe=none",
        "size=64x8",
    ],
)
def test_a_forecast_that_cannot_be_is_refused(rooms, query):
    answer = rooms.page.get(f"/api/forecast?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_a_forecast_for_no_set_and_an_example_that_is_none_are_missing(rooms):
    assert rooms.page.get("/api/forecast?set=nobody").status_code == 404
    for file in ("x.webp", "..%2fforecasts.json", "index.json"):
        assert rooms.page.get(f"/api/examples/{file}").status_code == 404
