"""What everything around the step costs: the share of a run's time that is not spent in training steps.

    python -m bench.overhead --time 90s

Trains the built-in avatars with the `dcgan` recipe as `ganvas train` does, on a warmed cache, and times every call of
the step inside that run, and what measuring the generator takes, planning included. The tables in docs/speed.md and
docs/scores.md are what this prints. The film and the report of the end are named apart, since they come once, after the
time that the user gave.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ganvas.config import LimitSettings, PictureSettings, RunConfig
from ganvas.data import Batch, load_pictures
from ganvas.formats.log_events import LoggedEvent
from ganvas.recipes import RECIPES
from ganvas.run.events import Finished, Stepped
from ganvas.run.execute import RunParts
from ganvas.run.supervisor import Supervisor
from ganvas.training import Progress, TrainingState, training_loop
from ganvas.training.loop import Stream
from ganvas.workflows.parse import parse_duration
from ganvas.workflows.train import train


def seconds_to_first_step(recipe: str, out: Path) -> float:
    """Seconds from the command to the line that shows its first step, on a warmed cache."""
    command = [sys.executable, "-m", "ganvas", "train", "avatars", "--recipe", recipe, "--time", "1s"]
    command += ["--out", str(out), "--set", "recording.report=false"]  # what follows the first step is waited for too
    started = time.perf_counter()
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "loss D" in line:
                elapsed = time.perf_counter() - started
                process.communicate()
                return elapsed
    raise SystemExit(f"`{' '.join(command)}` showed no step")


class Stopwatch:
    """Seconds, added up over every block that it times."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started


@dataclass(frozen=True)
class TimedStream:
    """A stream of pictures whose time is added up."""

    stream: Stream
    watch: Stopwatch

    def batch_at(self, images_shown: int, count: int) -> Batch:
        with self.watch.running():
            return self.stream.batch_at(images_shown, count)


class TimedSupervisor(Supervisor):
    """One whose time is added up; what it yields is made at once."""

    watch: Stopwatch

    def plan(self) -> Iterator[LoggedEvent]:
        with self.watch.running():
            return iter(list(super().plan()))

    def measure(self) -> dict[str, float]:
        with self.watch.running():
            return super().measure()

    def act(self) -> Iterator[LoggedEvent]:
        with self.watch.running():
            return iter(list(super().act()))


def timed_parts(in_steps: Stopwatch, reading: Stopwatch, measuring: Stopwatch) -> RunParts:
    """Those of a run that tell these what time they take. `in_steps` counts the reading of pictures too."""

    def loop(
        state: TrainingState, stream: Stream, config: RunConfig, until_images: int, *, clock: Callable[[], float]
    ) -> Iterator[Progress]:
        steps = training_loop(state, TimedStream(stream, reading), config, until_images, clock=clock)
        while True:
            with in_steps.running():
                progress = next(steps, None)
            if progress is None:
                return
            yield progress

    class Timed(TimedSupervisor):
        watch = measuring

    return RunParts(loop=loop, supervisor=Timed)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--time", default="90s")
    parser.add_argument("--recipe", default="dcgan")
    wanted = parser.parse_args(arguments)
    config = RECIPES[wanted.recipe].config
    pictures = PictureSettings.model_validate(config.pictures.model_dump() | {"source": "avatars"})
    limits = LimitSettings(seconds=parse_duration(wanted.time))
    config = config.model_copy(update={"limits": limits, "pictures": pictures})
    load_pictures(config.pictures)
    in_steps, reading, measuring = Stopwatch(), Stopwatch(), Stopwatch()
    news, last_step_at = None, 0.0
    with tempfile.TemporaryDirectory() as folder:
        to_first_step = seconds_to_first_step(wanted.recipe, Path(folder) / "first")
        for news in train(config, Path(folder) / "run", parts=timed_parts(in_steps, reading, measuring)):
            if isinstance(news, Stepped):
                last_step_at = time.perf_counter()
        seconds_after = time.perf_counter() - last_step_at
    assert isinstance(news, Finished)
    spent = in_steps.seconds - reading.seconds
    around = news.seconds - spent - measuring.seconds
    row = {
        "recipe": wanted.recipe,
        "images": f"{news.images}",
        "run, s": f"{news.seconds:.1f}",
        "in steps, s": f"{spent:.1f}",
        "measuring": f"{measuring.seconds / news.seconds:.1%}",
        "the rest": f"{around / news.seconds:.1%}",
        "film and report, s": f"{seconds_after:.1f}",
        "command to first step, s": f"{to_first_step:.1f}",
    }
    print(f"| {' | '.join(row)} |\n|{'---|' * len(row)}\n| {' | '.join(row.values())} |")


if __name__ == "__main__":
    main()
