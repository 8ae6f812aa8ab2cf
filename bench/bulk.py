"""How fast very many pictures are drawn, and that memory does not grow with their number.

    python -m bench.bulk MODEL WORK_FOLDER [--counts 2000 20000] [--processes 1 2]

One command for each kind of output, count and number of processes: pictures a second, with the start of the command,
and the largest memory of any of its processes. Nothing else should run beside it.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.judge import table

KINDS = ("folder", "npy", "shards")
# A process's largest memory counts what its parent held when it was started: so that one which holds little starts it.
LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[2000, 20000])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    asked = parser.parse_args(arguments)
    rows = [
        drawn(asked.model, asked.work, kind, count, processes)
        for kind in KINDS
        for processes in asked.processes
        for count in asked.counts
    ]
    print(table(rows))


def drawn(model: Path, work: Path, kind: str, count: int, processes: int) -> dict[str, object]:
    """One command, whose pictures are taken away again."""
    out = work / f"{kind}-{count}-{processes}"
    command = [sys.executable, "-m", "ganvas", "generate", str(model), "--count", str(count), "--to", kind]
    command += ["--processes", str(processes), "--out", str(out)]
    begun = time.perf_counter()
    said = subprocess.run([sys.executable, "-c", LAUNCHER, *command], check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - begun
    shutil.rmtree(out)
    return {
        "to": kind,
        "processes": processes,
        "pictures": count,
        "pictures/s": round(count / seconds, 1),
        "MB, at most": int(said) // 1000,
    }


if __name__ == "__main__":
    main()
