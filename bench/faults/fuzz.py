"""Files that were mutated again and again, for as long as is asked: each is read, or refused in one line.

    python -m bench.faults.fuzz WORK --minutes 60 [--seed N] [--only FILE ...]
    python -m bench.faults.fuzz --table

The readers of bench/faults/readers.py share the time. What is refused at a place where nothing was refused before is
mutated further, so that the search goes as deep as the checks do. The same seed gives the same files, as far as the
time reaches. A file that is wrong is kept in WORK, and named in bench/results/fuzz.jsonl. Linux only.

No coverage-guided fuzzer: what decodes is C, C++ and Rust, in wheels that were built without the marks such a fuzzer
follows (protobuf, Pillow, safetensors, pydantic); where our own lines refuse, the place says as much.
"""

import logging
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from bench.faults.asked import asked_or_shown, parser_for
from bench.faults.readers import READERS
from bench.faults.trying import Reader, Tried, alone, watched
from bench.lines import keep, kept

RESULTS = Path("bench/results/fuzz.jsonl")
MOST_SEEDS = 1000
CHANGES = (1, 1, 1, 2, 3, 6)  # of one file: many at once are refused at the first of them
MOST_SHOWN = 20  # files that are wrong, of one reader and run, each at another place
GROWS_TO = 4  # times the good file, and a little more
LITTLE = 4096
TURN_SECONDS = 20.0  # of one process; where it died, the rest of its time is lost

# What parsers stumble over: numbers at the ends of their ranges, what is no text, nesting, the starts of formats.
TOKENS = [
    *(b"9" * 400, b"-1", b"0", b"1e400", b"-1e308", b"4294967295", b"2147483648", b"18446744073709551616", b"0.1"),
    *(b"NaN", b"-Infinity", b"null", b"true", b"[]", b"{}", b'""', b"[" * 900, b"{" * 300, b'{"a":' * 300, b"," * 20),
    *(b'"\\ud800"', b"\\u0000", b"\xed\xa0\x80", b"\xff\xfe", b"\0", b"\n", b"\r\n", b"\x1b[31m", "\u202e".encode()),
    *(b'"', b"'", b"\\", b"= ", b"'''", b"#", b"../", b"/etc/passwd", b"a" * 1000, b"nan", b"inf", "²".encode()),
    *(b"\xff" * 4, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0" * 8, b"\x80\0\0\0", b"\0\0\0\x80"),
    *(b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\0", b"\x93NUMPY\x01\0", b"\x89PNG\r\n\x1a\n"),
    *(b"\xff\xd8", b"\xff\xda", b"GIF89a", b"RIFF", b"II*\0", b"MM\0*", b"BM", b"P6\n", b"ftypavif", b"ftypheic"),
]


def mutated(numbers: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds with some changes."""
    stored = numbers.choice(seeds)
    for _ in range(numbers.choice(CHANGES)):
        start = numbers.randrange(len(stored) + 1)
        end = min(len(stored), start + (numbers.randint(0, 4) if numbers.random() < 0.7 else numbers.randint(0, 200)))
        put = numbers.choice(_CHANGES)(numbers, stored[start:end], seeds)
        stored = stored[:start] + put + stored[end:]
    return stored


def _flipped(numbers: random.Random, part: bytes, seeds: Sequence[bytes]) -> bytes:
    if not part:
        return part
    at = numbers.randrange(len(part))
    return part[:at] + bytes([part[at] ^ 1 << numbers.randrange(8)]) + part[at + 1 :]


def _other_number(numbers: random.Random, part: bytes, seeds: Sequence[bytes]) -> bytes:
    token = numbers.choice(TOKENS[:11])
    return re.sub(rb"-?\d+", lambda found: token, part, count=1)


def _of_another(numbers: random.Random, part: bytes, seeds: Sequence[bytes]) -> bytes:
    other = numbers.choice(seeds)
    start = numbers.randrange(len(other) + 1)
    return other[start : start + numbers.randint(0, 100)]


# (numbers, the part to change, the seeds) -> what stands in its place
_CHANGES: list[Callable[[random.Random, bytes, Sequence[bytes]], bytes]] = [
    _flipped,
    _flipped,
    lambda numbers, part, seeds: numbers.randbytes(len(part)),
    lambda numbers, part, seeds: part + numbers.randbytes(numbers.randint(1, 8)),
    lambda numbers, part, seeds: b"",
    lambda numbers, part, seeds: part * numbers.choice([2, 3, 50]),
    lambda numbers, part, seeds: part[::-1],
    lambda numbers, part, seeds: numbers.choice(TOKENS),
    lambda numbers, part, seeds: part + numbers.choice(TOKENS),
    lambda numbers, part, seeds: (numbers.choice(TOKENS) + part)[: len(part)],
    _other_number,
    _of_another,
]


def fuzzed(
    reader: Reader, attempt: Callable[[bytes], Tried], seed: str, seconds: float
) -> Iterator[tuple[bytes, Tried]]:
    """Mutated files and what came of each, for so many seconds.

    Args:
        seed: of the random numbers.
    """
    numbers = random.Random(seed)
    seeds, places = [reader.good], set[str]()
    longest = GROWS_TO * len(reader.good) + LITTLE
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        stored = mutated(numbers, seeds)[:longest]
        found = attempt(stored)
        if found.place not in places and len(seeds) < MOST_SEEDS:
            places.add(found.place)
            seeds.append(stored)
        yield stored, found


def _turn(name: str, folder: Path, seed: str, seconds: float) -> dict[str, Any]:
    """A line of one reader, in a process that may die of it."""
    torch.set_num_threads(1)
    logging.disable()
    reader = READERS[name](folder)
    line: dict[str, Any] = {"tried": 0, "refused": 0, "read": 0, "wrong_count": 0, "wrong": {}, "places": 0}
    places, slowest = set[str](), 0.0
    for stored, found in fuzzed(reader, watched(reader, folder), seed, seconds):
        line["tried"] += 1
        places.add(found.place)
        slowest = max(slowest, found.seconds)
        if found.kind != "wrong":
            line[found.kind] += 1
            continue
        line["wrong_count"] += 1
        if found.place not in line["wrong"] and len(line["wrong"]) < MOST_SHOWN:
            path = folder / f"wrong-{len(line['wrong'])}"
            path.write_bytes(stored)
            line["wrong"][found.place] = f"{path}: {found.said}"
    return line | {"places": len(places), "slowest_seconds": round(slowest, 2)}


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """Of what is kept: a line for each reader."""
    rows = [
        "| file | minutes | tried | refused | at places | read | wrong | slowest, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in [*dict.fromkeys(line["file"] for line in lines), "all"]:
        mine = [line for line in lines if name in (line["file"], "all")]
        minutes = sum(line["minutes"] for line in mine)
        tried, refused, read, wrong = (
            f"{sum(line[field] for line in mine):,}" for field in ("tried", "refused", "read", "wrong_count")
        )
        places, slowest = (max((line[field] for line in mine), default=0) for field in ("places", "slowest_seconds"))
        shown = "" if name == "all" else places
        rows.append(f"| {name} | {minutes:.1f} | {tried} | {refused} | {shown} | {read} | {wrong} | {slowest} |")
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """A line for each turn of a reader, or the table."""
    parser = parser_for(__doc__, READERS)
    parser.add_argument("--minutes", type=float, default=60, help="for all readers together")
    parser.add_argument("--seed", type=int, default=0)
    asked = asked_or_shown(parser, arguments, lambda: table(kept(RESULTS)))
    if asked is None:
        return
    each = 60 * asked.minutes / len(asked.only)
    turns = max(1, round(each / TURN_SECONDS))
    for turn in range(turns):
        for name in asked.only:
            folder = (asked.work / f"{list(READERS).index(name)}-{asked.seed}-{turn}").resolve()
            folder.mkdir(parents=True)
            seed, seconds = f"{asked.seed} {turn} {name}", each / turns
            found = alone(_turn, name, folder, seed, seconds)
            if found is None:
                died = {"tried": 0, "refused": 0, "read": 0, "wrong_count": 1, "places": 0, "slowest_seconds": 0}
                found = died | {"wrong": {"the process died": str(folder / "last")}}
            line = {"file": name, "seed": seed, "minutes": round(seconds / 60, 3), **found}
            keep(RESULTS, line)
            print(table([line]).splitlines()[2], *line["wrong"].values(), sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
