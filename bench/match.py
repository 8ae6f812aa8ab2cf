"""How soon is the default as near to a set as the tutorial's DCGAN after an hour?

    python -m bench.match WORK_FOLDER DATA_FOLDER

After bench.quality, on its runs and its hours of `dcgan`: for both sets, each run of the default of up to ten minutes
and each of the families of features, the seconds since the command began by which it had drawn what is no further
from 500 real pictures than the DCGAN's last mark. Moments are scored one after the other, from ten seconds on, until
all families have said so; "never" where one does not. Resumable: what was scored is kept in bench/results/match.jsonl.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench.lines import keep, kept
from bench.quality import COUNT, ENDINGS, FAMILIES, PLANNED, Judge, clock, drawn, known_pictures, share_of_eigen, source
from bench.quality import RESULTS as MARKED
from ganvas.model.weights import kept_moments

RESULTS = Path("bench/results/match.jsonl")
SOONEST_SECONDS = 10  # sooner it is the eigen line that would be compared
HOURS = [plan for plan in PLANNED.values() if plan.recipe == "dcgan" and plan.minutes == 60]


def main(arguments: Sequence[str] | None = None) -> None:
    """Score what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("data", type=Path)
    asked = parser.parse_args(arguments)
    ended = {line["run"] for line in kept(ENDINGS)}
    print(
        f"| set | minutes, seed | {' | '.join(f'{title}, s' for title in FAMILIES.values())} |\n|---|---|---|---|---|"
    )
    for hour in HOURS:
        goal = max((line for line in kept(MARKED) if line["run"] == hour.title), key=lambda line: line["mark"])
        judge = Judge(known_pictures(hour.name, source(hour.name, asked.data, asked.work)))
        for plan in PLANNED.values():
            if plan.recipe == "swift" and plan.name == hour.name and plan.minutes <= 10 and plan.title in ended:
                found = matched(asked.work / plan.title, judge, goal)
                cells = [f"{found[family]:.0f}" if family in found else "never" for family in FAMILIES]
                cells = [cell if family in goal else "" for family, cell in zip(FAMILIES, cells, strict=True)]
                print(f"| {plan.name} | {plan.minutes}, {plan.seed} | {' | '.join(cells)} |", flush=True)


def matched(
    run: Path, judge: Judge, goal: dict, *, soonest_seconds: float = SOONEST_SECONDS, count: int = COUNT
) -> dict[str, float]:
    """Family that the goal was judged by -> seconds to the first moment whose `count` pictures are no further."""
    seconds = clock(run)
    known = {line["images"]: line for line in kept(RESULTS) if line["run"] == run.name}
    families = [family for family in judge.views if family in goal]
    found: dict[str, float] = {}
    for at in sorted(at for at in kept_moments(run) if seconds.get(at, 0) >= soonest_seconds):
        if not known.get(at, {}).keys() >= set(families):
            known[at] = {"run": run.name, "images": at, "eigen": judge.eigen}
            known[at] |= judge.distances(judge.see(drawn(run, at, count)))
            keep(RESULTS, known[at])
        for family in families:
            if share_of_eigen(known[at], family) <= share_of_eigen(goal, family):
                found.setdefault(family, seconds[at])
        if len(found) == len(families):
            break
    return found


if __name__ == "__main__":
    main()
