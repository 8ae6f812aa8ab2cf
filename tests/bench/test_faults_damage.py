"""Damage and mutations find what is wrong with a reader, and nothing is wrong with those that there are."""

import json
import mmap
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from bench.faults import damage, fuzz
from bench.faults.readers import READERS
from bench.faults.trying import MOST_SECONDS, Build, Reader, alone, tried

from ganvas.errors import GanvasError, SettingError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
GOOD = b'{"images": 64}'


def a_reader(read) -> dict[str, Build]:
    return {"file": lambda folder: Reader(GOOD, read)}


def as_json(stored: bytes) -> object:
    try:
        return json.loads(stored)
    except ValueError as error:
        raise SettingError("not JSON") from error


def raising(error: Exception):
    def read(stored: bytes) -> None:
        if stored != GOOD:
            raise error

    return read


def maps_as_much(stored):
    """Write to as much memory, fresh from the system: an allocator could give what was freed before."""
    with mmap.mmap(-1, len(stored)) as fresh:
        for at in range(0, len(stored), mmap.PAGESIZE):
            fresh[at] = 1


def slow(stored: bytes) -> None:
    if stored == b"":
        started = time.process_time()
        while time.process_time() < started + 1.05 * MOST_SECONDS:
            pass


# PyTorch takes seconds to import what it builds networks without memory of.
BUILT = [
    pytest.param(name, marks=pytest.mark.slow) for name in ("model.json", "training.json", "generator.safetensors")
]


@pytest.mark.parametrize("name", [*(name for name in READERS if (name,) not in [one.values for one in BUILT]), *BUILT])
def test_a_damaged_file_is_read_or_refused(name, tmp_path):
    rows = list(damage.damage(tmp_path, 1, {name: READERS[name]}))
    assert [row["damage"] for row in rows] == list(damage.DAMAGES)
    assert [row["tried"] for row in rows] == [1] * len(rows)
    assert [one for row in rows for one in row["wrong"]] == []
    assert all(row["refused"] + row["read"] == row["tried"] for row in rows)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("x"), "ValueError: x"),
        (GanvasError("two\nlines"), "not one line"),
        (GanvasError("long" * 1000), "not one line"),
        (GanvasError(""), "not one line"),
        (RecursionError(), "RecursionError"),
    ],
)
def test_a_reader_that_is_wrong_is_found(error, said, tmp_path):
    for row in damage.damage(tmp_path, None, a_reader(raising(error))):
        assert row["wrong_count"] + row["read"] == row["tried"] > row["refused"] == 0
        assert len(row["wrong"]) == min(row["wrong_count"], damage.MOST_SHOWN) > 0
        assert said in row["wrong"][0]


def test_a_reader_that_takes_much_memory_is_found(tmp_path):
    reader = Reader(GOOD, maps_as_much, most_growth=1 << 20)
    assert tried(reader, bytes(100)).kind == "read"
    assert "MB" in tried(reader, bytes(64 << 20)).said


@pytest.mark.slow
def test_a_reader_that_takes_long_is_found():
    assert "took 5." in tried(Reader(GOOD, slow), b"").said


def test_a_good_file_that_is_wrong_already_proves_nothing(tmp_path):
    with pytest.raises(ValueError, match="the good file"):
        list(damage.damage(tmp_path, 1, a_reader(lambda stored: 1 / 0)))


def test_every_byte_is_in_a_range_of_every_length():
    for length in (1, 7, 8, 21):
        every = damage.ranges(length)
        sizes = {end - start for start, end in every if end < length or start == 0}
        assert sizes == {2**power for power in range(length.bit_length())}
        assert {at for start, end in every if end - start == 1 for at in range(start, end)} == set(range(length))
    assert damage.evenly(range(100), 4) == [12, 37, 62, 87]
    assert damage.evenly([1, 2], 4) == [1, 2]


def test_damage_does_what_its_name_says():
    found = {name: spoil(b"abcd", 1, 3) for name, spoil in damage.DAMAGES.items()}
    assert found == {
        "removed": b"ad",
        "zeroed": b"a\0\0d",
        "0xFF": b"a\xff\xffd",
        "nines": b"a99d",
        "doubled": b"abcbcd",
        "cut off": b"a",
    }


def test_the_same_seed_mutates_the_same_way_and_what_is_refused_elsewhere_is_mutated_further():
    def attempt(stored: bytes):
        return tried(Reader(GOOD, as_json), stored)

    runs = [[stored for stored, _ in _first(fuzz.fuzzed(Reader(GOOD, as_json), attempt, "1", 60), 50)] for _ in "ab"]
    assert runs[0] == runs[1]
    assert len(set(runs[0])) > 40
    other = [stored for stored, _ in _first(fuzz.fuzzed(Reader(GOOD, as_json), attempt, "2", 60), 50)]
    assert other != runs[0]


def _first(found, count: int) -> list:
    return [one for one, _ in zip(found, range(count), strict=False)]


def test_mutations_find_a_fault_that_hides_behind_another_check():
    def read(stored: bytes) -> None:
        value = as_json(stored)
        if not isinstance(value, dict):
            raise SettingError("no object")
        if type(value.get("images")) is not int:
            raise ValueError("images")

    attempt = lambda stored: tried(Reader(GOOD, read), stored)  # noqa: E731
    found = _first(fuzz.fuzzed(Reader(GOOD, read), attempt, "0", 60), 300)
    assert "wrong" in {one.kind for _, one in found}


def test_mutated_files_keep_within_their_length():
    numbers = random.Random(0)
    assert all(isinstance(fuzz.mutated(numbers, [GOOD, b""]), bytes) for _ in range(200))


def end_itself() -> None:
    signal.raise_signal(signal.SIGKILL)


def test_a_function_in_a_fork_gives_its_value_dies_or_fails(capfd):
    assert alone(list, "ab") == ["a", "b"]
    assert alone(end_itself) is None
    with pytest.raises(RuntimeError, match="failed"):
        alone(int, "x")
    assert "ValueError" in capfd.readouterr().err


def run(module, arguments: list[str], capsys) -> str:
    module.main(arguments)
    return capsys.readouterr().out


def test_both_commands_keep_lines_go_on_and_print_tables(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run(damage, ["work", "--most", "1", "--only", "keys"], capsys)
    assert run(damage, ["work", "--most", "1", "--only", "keys"], capsys) == ""
    assert "| keys | 6 |" in run(damage, ["--table"], capsys)
    run(fuzz, ["work-2", "--minutes", "0.002", "--only", "keys"], capsys)
    assert "| keys | 0.0 |" in run(fuzz, ["--table"], capsys)
