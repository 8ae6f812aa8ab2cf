"""Does this checkout compute what another commit does: the weights of every recipe, and what they draw, bit for bit.

    python -m bench.same_weights --commit d4b9335 --work /tmp/same

Both sides train `ganvas train avatars --recipe R --images 1024 --seed 3` on one thread and draw four pictures. The old
commit is unpacked with `git archive` and run by this interpreter. What a side found is kept in `--work`, so that an
interrupted comparison goes on. Tensors are compared by their bytes and not by their names, which may change.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from safetensors import safe_open

from ganvas.recipes import RECIPES

ROOT = Path(__file__).parent.parent
RUNS = {name: ["--recipe", name] for name in RECIPES} | {"swift --blind": ["--recipe", "swift", "--blind"]}
NOT_MEASURED = ["--set", "measuring.share=0"]  # else the clock decides which moment is shipped


def found_by(source: Path, options: list[str], images: int, out: Path) -> dict[str, list[str]]:
    """Digests of all that a run saves and draws, by the part that they belong to.

    Args:
        source: the folder that holds the package `ganvas`.
        options: of `ganvas train`.
        out: where the run is made.
    """
    environment = os.environ | {"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    ganvas = [sys.executable, "-m", "ganvas"]
    train = ["train", "avatars", *options, "--images", str(images), "--seed", "3", "--out", str(out), *NOT_MEASURED]
    for command in (train, ["generate", str(out), "--count", "4", "--out", str(out / "drawn")]):
        done = subprocess.run([*ganvas, *command], env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{source}: {' '.join(command)} failed:\n{done.stderr[-2000:]}")
    digests: dict[str, list[str]] = {}
    for path in (*(out / "checkpoint").glob("*.safetensors"), *(out / "model").glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - it is no dictionary
                part = f"{path.parent.name} {name.split('.')[0]}"
                tensor = file.get_tensor(name)
                told = f"{tuple(tensor.shape)} {hashlib.sha256(tensor.numpy().tobytes()).hexdigest()}"
                digests.setdefault(part, []).append(told)
    drawn = sorted((out / "drawn").glob("*.png"))
    digests["pictures"] = [hashlib.sha256(path.read_bytes()).hexdigest() for path in drawn]
    return {part: sorted(each) for part, each in digests.items()}


def kept(path: Path, source: Path, options: list[str], images: int) -> dict[str, list[str]]:
    """What `found_by` says, from `path` if it was found before."""
    if not path.exists():
        found = found_by(source, options, images, path.with_suffix(""))
        path.write_text(json.dumps(found))
    return json.loads(path.read_text())


def difference(old: dict[str, list[str]], new: dict[str, list[str]]) -> str:
    """The parts that differ, or ""."""
    parts = [part for part in sorted(old.keys() | new.keys()) if Counter(old.get(part)) != Counter(new.get(part))]
    return ", ".join(parts)


def unpacked(work: Path, commit: str) -> Path:
    """The folder below `work` that holds the sources of `commit`, as `src`."""
    folder = work / commit
    if not (folder / "src").exists():
        folder.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "archive", commit, "src"], cwd=ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare recipe by recipe; the exit status is 1 if any differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--commit", default="d4b9335")
    parser.add_argument("--work", type=Path, required=True, help="where both sides' runs are kept")
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--only", nargs="*", default=list(RUNS))
    parser.add_argument("--old-alone", action="store_true", help="prepare the old side, to be compared with later")
    wanted = parser.parse_args(arguments)
    before = unpacked(wanted.work, wanted.commit)
    sources = sorted((ROOT / "src").rglob("*.py"))
    now = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    after = wanted.work / now
    after.mkdir(parents=True, exist_ok=True)
    differing = []
    for name in wanted.only:
        file = f"{name.replace(' ', '')}-{wanted.images}.json"
        old = kept(before / file, before / "src", RUNS[name], wanted.images)
        if wanted.old_alone:
            print(f"{name}: kept", flush=True)
            continue
        told = difference(old, kept(after / file, ROOT / "src", RUNS[name], wanted.images))
        count = sum(map(len, old.values()))
        print(f"| {name} | {count} tensors and pictures | {f'differ: {told}' if told else 'equal'} |", flush=True)
        differing += [name] if told else []
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
