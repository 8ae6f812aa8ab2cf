"""What everything around the step costs: the share of a run's time that is not spent in training steps.

    python -m bench.overhead --time 90s

Trains the built-in avatars with the `dcgan` recipe as `ganvas train` does, on a warmed cache, and times every call of
the step inside that run, and what measuring the generator takes, planning included. The tables in docs/speed.md and
docs/scores.md are what this prints. The film and the report of the end are named apart, since they come once, after the
time that the user gave.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ganvas.config import LimitSettings, PictureSettings
from ganvas.data import load_pictures
from ganvas.recipes import RECIPES
from ganvas.run.events import Finished, Planned, Stepped
from ganvas.run.supervisor import Supervisor
from ganvas.training import loop
from ganvas.workflows.parse import parse_duration
from ganvas.workflows.train import train


def seconds_to_first_step(recipe: str, out: Path) -> float:
    """Seconds from the command to the line that shows its first step, on a warmed cache."""
    command = [
        sys.executable,
        "-m",
        "ganvas",
        "train",
        "avatars",
        "--recipe",
        recipe,
        "--time",
        "1s",
        "--out",
        str(out),
    ]
    started = time.perf_counter()
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "loss D" in line:
                elapsed = time.perf_counter() - started
                process.communicate()
                return elapsed
    raise SystemExit(f"`{' '.join(command)}` showed no step")


def main() -> None:
    """Train, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--time", default="90s")
    parser.add_argument("--recipe", default="dcgan")
    wanted = parser.parse_args()
    config = RECIPES[wanted.recipe].config
    pictures = PictureSettings.model_validate(config.pictures.model_dump() | {"source": "avatars"})
    limits = LimitSettings(seconds=parse_duration(wanted.time))
    config = config.model_copy(update={"limits": limits, "pictures": pictures})
    load_pictures(config.pictures)
    spent, plain_step = [0.0], loop.train_step
    measuring = [0.0]

    def timed(plain: Callable[..., Any]) -> Callable[..., Any]:
        """The same method of the supervisor, its time added up; what it yields is made at once."""

        def call(*arguments: object) -> object:
            started = time.perf_counter()
            result = plain(*arguments)
            result = list(result) if isinstance(result, Iterator) else result
            measuring[0] += time.perf_counter() - started
            return result

        return call

    def timed_step(*arguments: object) -> object:
        started = time.perf_counter()
        report = plain_step(*arguments)  # type: ignore[arg-type]
        spent[0] += time.perf_counter() - started
        return report

    out = Path(tempfile.mkdtemp())
    to_first_step = seconds_to_first_step(wanted.recipe, out / "first")
    news, last_step_at = None, 0.0
    plain = {name: getattr(Supervisor, name) for name in ("plan", "measure", "act")}
    try:
        for name, method in plain.items():
            setattr(Supervisor, name, timed(method))
        for news in train(config, out / "run"):
            if isinstance(news, Planned):  # the probe is over
                loop.train_step = timed_step  # type: ignore[assignment]
            elif isinstance(news, Stepped):
                last_step_at = time.perf_counter()
    finally:
        loop.train_step = plain_step
        for name, method in plain.items():
            setattr(Supervisor, name, method)
        shutil.rmtree(out)
    end, seconds_after = news, time.perf_counter() - last_step_at
    assert isinstance(end, Finished)
    around = end.seconds - spent[0] - measuring[0]
    row = {
        "recipe": wanted.recipe,
        "images": f"{end.images}",
        "run, s": f"{end.seconds:.1f}",
        "in steps, s": f"{spent[0]:.1f}",
        "measuring": f"{measuring[0] / end.seconds:.1%}",
        "the rest": f"{around / end.seconds:.1%}",
        "film and report, s": f"{seconds_after:.1f}",
        "command to first step, s": f"{to_first_step:.1f}",
    }
    print(f"| {' | '.join(row)} |\n|{'---|' * len(row)}\n| {' | '.join(row.values())} |")


if __name__ == "__main__":
    main()
