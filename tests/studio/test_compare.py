"""Comparisons: what differs, and each run with its card."""

import json

import pytest
from rooms import opened

from ganvas.studio.problems import missing
from ganvas.studio.results import compare

DETAILS = {
    "one": {
        "name": "one",
        "settings": {"recipe": "swift", "pictures.width": 64, "objective.r1_weight": 1.0},
        "data": 7,
    },
    "two": {"name": "two", "settings": {"recipe": "swift", "pictures.width": 96, "network.width": 1.0}, "data": 7},
}


def detail(name):
    if name not in DETAILS:
        raise missing("run", name)
    return DETAILS[name]


@pytest.fixture
def rooms(tmp_path):
    for name in DETAILS:
        (tmp_path / "runs" / name).mkdir(parents=True)
    with opened(tmp_path, lambda rooms: compare.routes(rooms.home, detail)) as found:
        yield found


def test_settings_that_differ_are_told_and_others_are_not(rooms):
    found = rooms.page.get("/api/compare?runs=one/two").json()
    assert found["settings"] == [
        {"path": "pictures.width", "values": [64, 96]},
        {"path": "objective.r1_weight", "values": [1.0, None]},
        {"path": "network.width", "values": [None, 1.0]},
    ]
    assert [run["name"] for run in found["runs"]] == ["one", "two"]
    assert all("data" not in run and run["card"] is None for run in found["runs"])


def test_each_run_comes_with_its_score_card(rooms):
    (rooms.home.runs / "two" / "score.json").write_text(json.dumps({"model": {"spread": 1.0}}))
    runs = rooms.page.get("/api/compare?runs=one/two").json()["runs"]
    assert (runs[0]["card"], runs[1]["card"]["model"]) == (None, {"spread": 1.0})


@pytest.mark.parametrize(
    ("runs", "status"),
    [("", 422), ("/", 422), ("one/nobody", 404), ("one/..", 404), ("/".join("abcdefghijklm"), 422)],
)
def test_a_comparison_that_cannot_be_is_refused(rooms, runs, status):
    assert rooms.page.get(f"/api/compare?runs={runs}").status_code == status
    assert rooms.page.get("/api/compare").status_code == 422
