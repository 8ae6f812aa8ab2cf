"""The log of a run: what is written is read back, whatever a crash or an earlier version left in it."""

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganvas.formats.log import Log, read_log
from ganvas.formats.log_events import Assessed, Ended, LeftOut, LoggedEvent, Note, Rescued, Resumed, Unmeasured

AT = {"images": 30, "seconds": 1.5}


def log_of(tmp_path, *lines):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return read_log(path)


def test_a_missing_log_is_empty(tmp_path):
    assert read_log(tmp_path / "log.jsonl") == Log()


def test_lines_that_a_crash_cut_short_are_left_out(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"images": 1}\n{"images": 2, "sec{"images": 3}\n[4]\n{"images": 5}\n{"imag', encoding="utf-8")
    assert read_log(path).numbers == [{"images": 1}, {"images": 5}]


def test_numbers_that_resuming_overwrote_are_left_out_and_events_are_kept(tmp_path):
    log = log_of(tmp_path, *({"images": one} for one in (10, 20, 30)), Resumed(**AT).model_dump(), {"images": 15})
    assert log == Log([{"images": 10}, {"images": 15}], [Resumed(**AT)])


@pytest.mark.parametrize("kind", get_args(LoggedEvent))
def test_every_kind_of_event_is_read_back_as_it_was_written(kind, tmp_path):
    """Filled with one value for each type of field."""
    values = {"str": "words", "int": 3, "float": 0.25, "bool": True, "VerdictKind": "plateau"}
    fields = {name: field.annotation for name, field in kind.model_fields.items() if name not in ("event", *AT)}
    filled = {
        name: get_args(of)[0] if get_args(of) else values[getattr(of, "__name__", str(of))]
        for name, of in fields.items()
    }
    event = kind(**AT, **filled)
    assert event.text
    assert log_of(tmp_path, event.model_dump()).events == [event]


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ({"event": "resumed at 30 images"}, Resumed(**AT)),
        ({"event": "nothing is measured: measuring.share is 0"}, Unmeasured(**AT, reason="measuring.share is 0")),
        (
            {"event": "plateau: no gain in 35% of the run. Stop, or wait.", "verdict": "plateau"},
            Assessed(**AT, kind="plateau", evidence="no gain in 35% of the run", advice="Stop, or wait."),
        ),
        (
            {
                "event": "went back to the state after 12,800 images, with half the learning rates and full "
                "augmentation (2 of 3)"
            },
            Rescued(**AT, good_images=12_800, rescues=2, most_rescues=3, augmented=True),
        ),
        ({"event": "stopped: it went wrong again after 3 rescues"}, Ended(**AT, reason="rescues", rescues=3)),
        ({"event": "stopped at a plateau"}, Ended(**AT, reason="plateau")),
        ({"event": "stopped from outside"}, Ended(**AT, reason="interrupted")),
        ({"event": "finished"}, Ended(**AT, reason="finished")),
        ({"event": "film.mp4 was left out: no av"}, LeftOut(**AT, file="film.mp4", reason="no av")),
        ({"event": "something else"}, Note(**AT, words="something else")),
        ({"event": "x: y. z", "verdict": "no such kind"}, Note(**AT, words="x: y. z")),
    ],
    ids=lambda value: value["event"][:20] if isinstance(value, dict) else "",
)
def test_prose_of_earlier_versions_becomes_events(line, event, tmp_path):
    assert log_of(tmp_path, AT | line).events == [event]
    assert event.text == line["event"]


def test_the_logs_of_an_earlier_version_hold_no_unknown_event():
    runs = Path(__file__).parent.parent / "compatibility"
    events = [event for path in runs.rglob("log.jsonl") for event in read_log(path).events]
    assert events
    assert not [event.text for event in events if isinstance(event, Note)]


def test_the_distance_of_the_pca_baseline_is_read_under_its_earlier_name(tmp_path):
    assert log_of(tmp_path, {"images": 3, "eigen_distance": 2.5}).numbers == [{"images": 3, "pca_distance": 2.5}]


@given(
    st.dictionaries(
        st.sampled_from(["images", "seconds", "event", "verdict", "kind", "good_images", "reason"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2),
    )
)
def test_no_line_whatever_it_holds_keeps_the_rest_from_being_read(tmp_path_factory, line):
    log = log_of(tmp_path_factory.mktemp("log"), line, {"images": 1 << 70}, Resumed(**AT).model_dump())
    assert log.numbers[-1] == {"images": 1 << 70}
    assert log.events[-1] == Resumed(**AT)
