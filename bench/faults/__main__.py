"""Commands whose disk, clock or life ends in the middle.

    python -m bench.faults WORK [--most N] [--only COMMAND ...] [--faults FAULT ...]
    python -m bench.faults --table

Every call of a command that changes a file is a point where a fault may strike: no room, a failing disk, half a write,
no permission, a kill. So is every read and every look at the clock. After each, bench/faults/trials.py says what must
hold. Commands are also killed at random moments, and a server while it draws.

All points take hours. They come in an order in which every beginning is an even sample; `--most` ends after so many of
each command and fault, and what was stopped goes on. Lines go to bench/results/faults.jsonl, whose table stands in
docs/reliability.md. Linux, with a C compiler called `cc`.
"""

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.faults.asked import asked_or_shown, parser_for
from bench.faults.forks import Fault, Forks
from bench.faults.server import SERVE, killed_servers
from bench.faults.trials import VERBS, Trial
from bench.lines import keep, kept
from ganvas.files import cache_folder
from ganvas.publishing.web_runtime import web_runtime

RESULTS = Path("bench/results/faults.jsonl")
YEAR = 365 * 24 * 3600
JUMPS = {"the clock goes back": -20 * YEAR, "the clock goes ahead": 20 * YEAR}  # seconds
MOMENTS = 40  # random kills of each command
FAULTS = {
    "no room": Fault.NOSPACE,
    "disk fails": Fault.FAILING,
    "half a write": Fault.SHORT,
    "no permission": Fault.DENIED,
    "unreadable": Fault.UNREADABLE,
    "killed at a write": Fault.KILLED,
}
KILLED_ANY_TIME = "killed at any time"
COLUMNS = [*FAULTS, KILLED_ANY_TIME, *JUMPS]


def evenly(count: int) -> list[int]:
    """The numbers below `count`, each once, in an order whose every beginning is spread over all of them."""
    bits = max(count - 1, 1).bit_length()
    mirrored = (int(f"{number:0{bits}b}"[::-1], 2) for number in range(2**bits))
    return [number for number in mirrored if number < count]


def struck(
    name: str, trial: Trial, columns: Sequence[str], most: int, done: set[tuple[str, str, float]]
) -> Iterator[dict[str, Any]]:
    """Lines of one command and these faults, of those that are not `done`; at most so many points of each."""
    numbers = random.Random(0)
    moments = [round(numbers.random(), 3) for _ in range(MOMENTS)]  # as shares of what the command takes
    tries: list[tuple[str, float, dict[str, Any]]] = []
    for column, fault in FAULTS.items():
        points = trial.points(fault)
        tries += [(column, points[at], {"fault": fault, "point": points[at]}) for at in evenly(len(points))[:most]]
    tries += [(KILLED_ANY_TIME, at, {"fault": Fault.KILLED, "kill_after": at * trial.seconds}) for at in moments[:most]]
    for column, jump in JUMPS.items():
        points = trial.points(Fault.CLOCK)
        at_most = min(most, MOMENTS)  # thousands of looks at the clock are of a few kinds
        more = {"fault": Fault.CLOCK, "jump_seconds": jump}
        tries += [(column, points[at], more | {"point": points[at]}) for at in evenly(len(points))[:at_most]]
    for column, point, how in tries:
        if column in columns and (name, column, point) not in done:
            yield {"verb": name, "fault": column, "point": point, "wrong": trial.strike(**how)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Lines for what was not tried yet, or the table."""
    parser = parser_for(__doc__, [*VERBS, SERVE])
    parser.add_argument("--most", type=int, default=10**9, metavar="N", help="points of each command and fault")
    parser.add_argument("--faults", nargs="+", default=COLUMNS, metavar="FAULT", choices=COLUMNS)
    asked = asked_or_shown(parser, arguments, lambda: table(kept(RESULTS)))
    if asked is None:
        return
    downloads = cache_folder() / "downloads"
    web_runtime(downloads, "wasm")
    with Forks(asked.work / "disk") as forks:
        for name in asked.only:
            done = {key for key, wrong in found(kept(RESULTS)).items() if not wrong}  # what was wrong is tried again
            if name == SERVE:
                kills = min(asked.most, MOMENTS) - sum(line[0] == SERVE for line in done)
                lines = killed_servers(asked.work / "serve", forks, kills) if kills > 0 else ()
                lines = ({"verb": SERVE, "fault": KILLED_ANY_TIME} | line for line in lines)
            else:
                lines = struck(
                    name, Trial(VERBS[name], forks, asked.work / "trial", downloads), asked.faults, asked.most, done
                )
            started = time.monotonic()
            for line in lines:
                keep(RESULTS, line)
                if line["wrong"]:
                    print(f"{name}, {line['fault']} at {line['point']}: {line['wrong']}", flush=True)
            print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)


def found(lines: Sequence[dict[str, Any]]) -> dict[tuple[str, str, float], str]:
    """What was wrong, by command, fault and point, the last time that it was tried."""
    return {(line["verb"], line["fault"], line["point"]): line["wrong"] for line in lines}


def table(lines: Sequence[dict[str, Any]]) -> str:
    """How many held of how many tried, of each command and fault."""
    rows = ["| command | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * len(COLUMNS)]
    for name in [*VERBS, SERVE]:
        cells = []
        for column in COLUMNS:
            wrong = [each for key, each in found(lines).items() if key[:2] == (name, column)]
            cells.append(f"{wrong.count('')} of {len(wrong)}" if wrong else "")
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
