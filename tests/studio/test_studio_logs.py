"""Logs that grow while they are read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from studios import append, line

from ganvas.formats.log import read_log
from ganvas.studio.runs.logs import MOST_ROWS, Columns, Digest, Tail

ENDED = {"images": 32, "seconds": 3.2, "event": "ended", "reason": "finished", "rescues": 0}
MEASURE = {"kernel_distance": 0.1, "kernel_distance_error": 0.01, "pca_distance": 0.2}


def columns_of(run):
    columns = Columns(run / "log.jsonl")
    columns.read()
    return columns


def test_columns_are_those_of_the_whole_log_however_it_was_read(tmp_path):
    columns = Columns(tmp_path / "log.jsonl")
    columns.read()
    assert columns.columns == {"images": [], "seconds": []}
    for images in range(16, 160, 16):
        append(tmp_path, line(images) | (MEASURE if images == 64 else {}), ENDED | {"images": images})
        columns.read()
    whole = read_log(tmp_path / "log.jsonl")
    assert columns.columns["images"] == [one["images"] for one in whole.numbers]
    assert columns.columns["kernel_distance"] == [one.get("kernel_distance") for one in whole.numbers]
    assert columns.events == whole.events
    assert columns.offset == (tmp_path / "log.jsonl").stat().st_size


def test_only_what_came_since_is_read(tmp_path):
    append(tmp_path, *(line(images) for images in range(16, 1600, 16)))
    tail = Tail(tmp_path / "log.jsonl")
    assert len(list(tail.new_lines())) == 99
    append(tmp_path, line(1600))
    assert not tail.is_rewritten()
    assert [json.loads(one)["images"] for one in tail.new_lines()] == [1600]
    assert list(tail.new_lines()) == []


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_cut_anywhere_are_read_as_the_whole_would_be(tmp_path_factory, data, at):
    folder = tmp_path_factory.mktemp("log")
    path = folder / "log.jsonl"
    stored = json.dumps(line(16)).encode() + b"\n" + data + b"\n" + json.dumps(line(32)).encode() + b"\n"
    columns = Columns(path)
    for end in (at, len(stored)):
        with path.open("ab") as log:
            log.write(stored[path.stat().st_size if path.exists() else 0 : end])
        columns.read()
    assert columns.columns == columns_of(folder).columns
    assert columns.columns["images"][-1] == 32


def test_half_a_line_waits_for_its_other_half(tmp_path):
    append(tmp_path, line(16))
    columns = columns_of(tmp_path)
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"images": 32, "sec')
    columns.read()
    assert columns.columns["images"] == [16]
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('onds": 3.2}\n')
    columns.read()
    assert columns.columns["images"] == [16, 32]


@pytest.mark.parametrize("kind", [Columns, lambda path: Digest(Tail(path))])
def test_a_log_that_a_run_rewrote_as_it_went_on_is_read_anew(kind, tmp_path):
    append(tmp_path, line(16), line(32), line(48) | MEASURE)
    reader = kind(tmp_path / "log.jsonl")
    reader.read()
    (tmp_path / "new").mkdir()
    append(tmp_path / "new", line(16), line(32))
    (tmp_path / "new" / "log.jsonl").replace(tmp_path / "log.jsonl")
    append(tmp_path, *(line(images) for images in range(48, 160, 16)))
    reader.read()
    if isinstance(reader, Columns):
        assert reader.columns["images"] == list(range(16, 160, 16))
    else:
        assert (reader.last["images"], reader.measures) == (144, [])
    (tmp_path / "log.jsonl").unlink()
    reader.read()
    assert not (reader.columns["images"] if isinstance(reader, Columns) else reader.last)


def test_numbers_that_were_trained_again_take_the_place_of_those_before(tmp_path):
    append(tmp_path, line(16), line(32), line(48), line(32) | {"discriminator_loss": 9.0})
    columns = columns_of(tmp_path).columns
    assert (columns["images"], columns["discriminator_loss"]) == ([16, 32], [0.5, 9.0])


def test_a_log_of_weeks_is_thinned_and_keeps_every_measure(tmp_path):
    measured = range(1600, 16 * 3 * MOST_ROWS, 160_000)
    append(tmp_path, *(line(at) | (MEASURE if at in measured else {}) for at in range(16, 16 * 3 * MOST_ROWS, 16)))
    columns = columns_of(tmp_path).columns
    rows = len(columns["images"])
    assert MOST_ROWS / 2 <= rows <= MOST_ROWS + 1
    assert {len(column) for column in columns.values()} == {rows}
    assert columns["images"] == sorted(columns["images"])
    kept = [at for at, value in zip(columns["images"], columns["kernel_distance"], strict=True) if value is not None]
    assert kept == list(measured)


def test_a_digest_has_the_last_numbers_the_measures_and_the_events(tmp_path):
    append(tmp_path, line(16) | MEASURE, line(32), ENDED, line(48), line(64))
    digest = Digest(Tail(tmp_path / "log.jsonl"))
    digest.read()
    assert (digest.last["images"], [one["images"] for one in digest.measures]) == (64, [16])
    assert ([one.text for one in digest.events], digest.went_on) == (["finished"], True)
    append(tmp_path, ENDED | {"images": 64})
    digest.read()
    assert (digest.last["images"], digest.went_on) == (64, False)


def test_a_pipe_in_place_of_a_log_is_not_waited_for(tmp_path):
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("has no named pipes")
    os.mkfifo(tmp_path / "log.jsonl")
    with pytest.raises(OSError, match="not a regular file"):
        columns_of(tmp_path)
