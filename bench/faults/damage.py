"""Every byte range of every small file that is read back, damaged in every way: it is read, or refused in one line.

    python -m bench.faults.damage WORK [--most N] [--only FILE ...]
    python -m bench.faults.damage --table

Ranges are of 1, 2, 4, 8 ... bytes, at steps of their length. Each file has a process of its own. What was stopped goes
on with the files that have no line in bench/results/damage.jsonl yet. Linux only.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch

from bench.faults.asked import asked_or_shown, parser_for
from bench.faults.readers import READERS
from bench.faults.trying import Build, Reader, Tried, alone, tried, watched
from bench.lines import keep, kept

Item = TypeVar("Item")

RESULTS = Path("bench/results/damage.jsonl")
MOST_SHOWN = 5  # of what is wrong, for each damage

# (the good bytes, where the range starts, where it ends) -> the damaged ones
DAMAGES: dict[str, Callable[[bytes, int, int], bytes]] = {
    "removed": lambda good, start, end: good[:start] + good[end:],
    "zeroed": lambda good, start, end: good[:start] + bytes(end - start) + good[end:],
    "0xFF": lambda good, start, end: good[:start] + b"\xff" * (end - start) + good[end:],
    "nines": lambda good, start, end: good[:start] + b"9" * (end - start) + good[end:],
    "doubled": lambda good, start, end: good[:end] + good[start:],
    "cut off": lambda good, start, end: good[:start],
}


def ranges(length: int) -> list[tuple[int, int]]:
    """Where they start and end in so many bytes."""
    every, size = [], 1
    while size <= length:
        every += [(start, min(start + size, length)) for start in range(0, length, size)]
        size *= 2
    return every


def evenly(places: Sequence[Item], most: int | None) -> Sequence[Item]:
    """At most so many of them, from the middle of equal parts of the list."""
    if most is None or len(places) <= most:
        return places
    return [places[(2 * part + 1) * len(places) // (2 * most)] for part in range(most)]


def damage(work: Path, most: int | None = None, readers: Mapping[str, Build] = READERS) -> Iterator[dict[str, Any]]:
    """For each file and each damage a row: how many were tried, refused, read; what was wrong; the slowest, in seconds.

    Args:
        work: an empty folder.
        most: ranges of each file and damage.
    """
    for number, (name, build) in enumerate(readers.items()):
        folder = work / str(number)
        folder.mkdir()
        reader = build(folder)
        yield from damaged(name, reader, most, lambda stored, reader=reader: tried(reader, stored))


def damaged(name: str, reader: Reader, most: int | None, attempt: Callable[[bytes], Tried]) -> Iterator[dict[str, Any]]:
    """The rows of one file.

    Raises:
        ValueError: the good file is not read, so that the others say nothing.
    """
    good = reader.good
    if (first := attempt(good)).kind == "wrong":
        raise ValueError(f"{name}: the good file: {first.said}")
    length = len(good) if reader.until is None else reader.until
    for kind, spoil in DAMAGES.items():
        places = [(at, length) for at in range(length)] if kind == "cut off" else ranges(length)
        row: dict[str, Any] = {"file": name, "damage": kind, "tried": 0, "refused": 0, "read": 0, "wrong": []}
        slowest, wrong = 0.0, 0
        for start, end in evenly(places, most):
            found = attempt(spoil(good, start, end))
            row["tried"] += 1
            slowest = max(slowest, found.seconds)
            if found.kind == "wrong":
                wrong += 1
                if wrong <= MOST_SHOWN:
                    row["wrong"].append(f"{start}-{end}: {found.said} ({found.place})")
            else:
                row[found.kind] += 1
        yield row | {"wrong_count": wrong, "slowest_seconds": round(slowest, 2)}


def _one(name: str, folder: Path, most: int | None) -> list[dict[str, Any]]:
    """The rows of one file, in a process that may die of it."""
    torch.set_num_threads(1)
    logging.disable()  # warnings of keys that are easily guessed
    reader = READERS[name](folder)
    return list(damaged(name, reader, most, watched(reader, folder)))


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Of what is kept: a line for each file."""
    lines = ["| file | damaged | refused | read | wrong | slowest, s |", "|---|---|---|---|---|---|"]
    for name in dict.fromkeys(row["file"] for row in rows):
        mine = [row for row in rows if row["file"] == name]
        counts = [sum(row[field] for row in mine) for field in ("tried", "refused", "read", "wrong_count")]
        slowest = max(row["slowest_seconds"] for row in mine)
        lines.append(f"| {name} | {' | '.join(f'{count:,}' for count in counts)} | {slowest} |")
    total = [sum(row[field] for row in rows) for field in ("tried", "refused", "read", "wrong_count")]
    slowest = max((row["slowest_seconds"] for row in rows), default=0)
    return "\n".join([*lines, f"| all | {' | '.join(f'{count:,}' for count in total)} | {slowest} |"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Lines for the files that have none yet, or the table."""
    parser = parser_for(__doc__, READERS)
    parser.add_argument("--most", type=int, metavar="N", help="ranges of each file and damage; all without it")
    asked = asked_or_shown(parser, arguments, lambda: table(kept(RESULTS)))
    if asked is None:
        return
    done = {row["file"] for row in kept(RESULTS)}
    for name in [name for name in asked.only if name not in done]:
        folder = (asked.work / str(list(READERS).index(name))).resolve()
        folder.mkdir(parents=True)
        rows = alone(_one, name, folder, asked.most)
        if rows is None:
            died = {"file": name, "damage": "all", "tried": 1, "refused": 0, "read": 0, "wrong_count": 1}
            rows = [died | {"wrong": [f"the process died: {folder / 'last'}"], "slowest_seconds": 0}]
        for row in rows:
            keep(RESULTS, row)
        print(table(rows).splitlines()[2], *(one for row in rows for one in row["wrong"]), sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
