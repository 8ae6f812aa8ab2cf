"""What the studio's forecasts are made of: what each size and time gave on other sets, condensed from earlier benches.

    python -m bench.forecasts [OUT]

Reads bench/results of bench.quality, bench.unseen and bench.recipes, and trains nothing. OUT is the packaged file,
src/ganvas/studio/forecasts.json, unless given.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import quality, recipes, unseen
from bench.lines import kept

OUT = Path("src/ganvas/studio/forecasts.json")
RECIPE, FAMILY = "swift", "multiscale"
# Megabytes of runs of the default on 2 threads that were stopped after three drawn moments: the saved state, twice,
# with the model; and the weights and the sheet of one moment. By longer side, in pixels.
DISK_MB = {64: (49.0, 1.7), 128: (63.0, 1.8), 256: (77.0, 2.2)}
# Images a second of recipes that bench.recipes trained at 64 px and full width; the default's are in its curves.
AT_PX = 64


def curves(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Runs of the default by the clock: points of (seconds, images shown, distance over the PCA baseline's)."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        if line["recipe"] != RECIPE or FAMILY not in line:
            continue
        width, height = map(int, quality.SIZES[line["set"]].split("x"))
        curve = found.setdefault(line["run"], {"set": line["set"], "px": max(width, height), "points": []})
        share = line[FAMILY][0] / line["eigen"][FAMILY][0]
        curve["points"].append([line["mark"], line["images"], round(share, 3)])
    return [curve | {"points": sorted(curve["points"])} for curve in found.values()]


def sets(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sets that nothing was tuned on, as their runs measured themselves: likewise, without the time."""
    return [
        {
            "set": line["set"],
            "px": 64,
            "points": [
                [None, int(one["images"]), round(one["kernel_distance"] / one["pca_distance"], 3)]
                for one in line["measures"]
            ],
        }
        for line in lines
        if line["measures"]
    ]


def memory(lines: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The largest memory of runs of the default, in MB, by longer side in pixels."""
    found: dict[str, int] = {}
    for line in lines:
        plan = quality.PLANNED.get(line["run"])
        if plan is not None and plan.recipe == RECIPE:
            px = str(max(map(int, quality.SIZES[plan.name].split("x"))))
            found[px] = max(found.get(px, 0), line["memory_mb"])
    return found


def speeds(lines: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Images a second of other recipes, at AT_PX and full width."""
    return {line["recipe"]: round(line["images_per_second"], 1) for line in lines if not line["options"]}


def condensed() -> dict[str, Any]:
    """All of it, as the packaged file has it."""
    return {
        "recipe": RECIPE,
        "curves": [*curves(kept(quality.RESULTS)), *sets(kept(unseen.RESULTS))],
        "memory_mb": memory(kept(quality.ENDINGS)),
        "disk_mb": {str(px): list(values) for px, values in DISK_MB.items()},
        "speeds": speeds(kept(recipes.RESULTS)),
    }


def as_text(values: dict[str, Any]) -> str:
    """As the file is written: a curve a line."""
    lines = ",\n  ".join(json.dumps(curve) for curve in values["curves"])
    rest = json.dumps({name: value for name, value in values.items() if name != "curves"}, indent=1)
    return rest[:-2] + f',\n "curves": [\n  {lines}\n ]\n}}\n'


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=OUT)
    out = parser.parse_args(arguments).out
    out.write_text(as_text(condensed()), encoding="utf-8")
    print(out)


if __name__ == "__main__":
    main()
