"""The composition root: configuration -> pictures -> state -> loop, and what is done at each moment of it.

`train` yields what happens as small values, in order; whoever calls it decides what to show of them.
"""

import math
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ganvas import __version__
from ganvas.config import PlanSettings, RunConfig
from ganvas.data import BatchStream, PictureSet, load_pictures
from ganvas.device import choose_device, peak_memory_bytes, prepare
from ganvas.errors import SettingError
from ganvas.folder import RunFolder
from ganvas.model import Description
from ganvas.networks import ARCHITECTURES, NetworkSpec
from ganvas.objectives import AUGMENTS, LOSSES
from ganvas.recorder import Recorder
from ganvas.training import Progress, TrainingState, load_checkpoint, new_state, training_loop
from ganvas.training.plan import image_limit, is_drawn_moment, planned_images, probe_speed
from ganvas.training.step import images_per_step

SECONDS_BETWEEN_SAVES = 45.0
SECONDS_BETWEEN_LOG_LINES = 1.0


@dataclass(frozen=True)
class Looked:
    """The pictures were read."""

    pictures: PictureSet


@dataclass(frozen=True)
class Planned:
    """What the run will do."""

    config: RunConfig
    parameters: dict[str, int]
    resumed_at: int
    memory_bytes: int | None


@dataclass(frozen=True)
class Stepped:
    """Where the run is; the numbers are means since the last one."""

    images: int
    until_images: int
    seconds: float
    seconds_left: float
    numbers: dict[str, float]


@dataclass(frozen=True)
class Happened:
    """Something worth a line: a save, a drawing, a warning."""

    text: str


@dataclass(frozen=True)
class Finished:
    """The run stopped, and why."""

    root: Path
    report: Path
    images: int
    seconds: float
    interrupted: bool


News = Looked | Planned | Stepped | Happened | Finished


def train(
    config: RunConfig,
    out: Path,
    *,
    interrupted: Callable[[], bool] = lambda: False,
    looking: Callable[[int, int], None] | None = None,
) -> Iterator[News]:
    """Train, or go on with the run that is in `out`.

    Args:
        config: with at least one limit.
        out: the run folder; made if it is not there.
        interrupted: asked after every step; True saves the state and ends.
        looking: told how many files were read, of how many.
    Raises:
        GanvasError: as the tree in errors.py.
    """
    check_parts(config)
    folder = RunFolder(out)
    config = folder.continued(config)
    pictures = load_pictures(config.pictures, progress=looking)
    yield Looked(pictures)
    device = choose_device(config.device)
    prepare(device)
    spec = network_spec(config, pictures)
    stream = BatchStream(pictures, config.training.batch, config.seed, mirror=config.pictures.mirror)
    state = new_state(config, spec, device)
    folder.make()
    if load_checkpoint(state, folder.checkpoint):
        folder.forget_after(state.images)
    until = image_limit(config.limits, picture_count=len(pictures.images), step_images=images_per_step(config))
    if config.plan is None:
        speed = probe_speed(config, spec, stream)
        images = planned_images(
            until, config.limits.seconds, images_per_second=speed, step_images=images_per_step(config)
        )
        config = config.model_copy(update={"plan": PlanSettings(images=images, images_per_second=speed)})
    folder.write_config(config, versions())
    recorder = Recorder(folder, config, describe(config, spec, pictures), pictures, state)
    if state.images > 0:
        yield Happened(recorder.event(f"resumed at {state.images} images"))
        if folder.pictures_key() != pictures.key:
            yield Happened(
                recorder.event("the pictures have changed since: this run can no longer be repeated exactly")
            )
    folder.write_data(pictures.report.to_dict())
    yield Planned(config, _parameters(state), state.images, peak_memory_bytes())
    yield from _watch(state, stream, folder, recorder, until, interrupted)


def _watch(
    state: TrainingState,
    stream: BatchStream,
    folder: RunFolder,
    recorder: Recorder,
    until: int | None,
    interrupted: Callable[[], bool],
) -> Iterator[News]:
    """Run the loop, and log, draw, save and stop where it is time to.

    Args:
        until: images shown at the end; None where the clock alone decides.
    """
    config, plan = recorder.config, recorder.config.plan
    assert plan is not None
    seconds_limit = config.limits.seconds or math.inf
    if plan.final:
        until, seconds_limit = plan.images, math.inf
    done, stopped = until is not None and state.images >= until, False
    if state.images == 0:
        yield Happened(recorder.draw())
    saved_at = reported_at = state.seconds
    steps = iter(()) if done else training_loop(state, stream, config, until or sys.maxsize)
    for progress in steps:
        recorder.collect(progress)
        stopped = interrupted()
        done = progress.images == until or progress.seconds >= seconds_limit
        is_moment = done or is_drawn_moment(progress.images, images_per_step(config))
        is_saved = done or stopped or not recorder.has_saved or progress.seconds - saved_at >= SECONDS_BETWEEN_SAVES
        if is_moment or is_saved or recorder.seconds_collected >= SECONDS_BETWEEN_LOG_LINES:
            yield _stepped(progress, until, plan, seconds_limit, recorder.flush())
        if is_moment:
            yield Happened(recorder.draw())
        if is_saved:
            recorder.save()
            saved_at = progress.seconds
        if done or stopped:
            break
        if progress.seconds > 2 * reported_at + 5:
            recorder.report_progress(refresh_seconds=15)
            reported_at = progress.seconds
    if done and not plan.final:
        # From here on the images reached are the plan, so that the run can be repeated whatever the clock says then.
        final = plan.model_copy(update={"images": state.images, "final": True})
        folder.write_config(config.model_copy(update={"plan": final}), versions())
    yield Happened(recorder.event("stopped from outside" if stopped else "finished"))
    for text in recorder.finish():
        yield Happened(text)
    yield Finished(folder.root, folder.root / "index.html", state.images, state.seconds, stopped)


def _stepped(
    progress: Progress, until: int | None, plan: PlanSettings, seconds_limit: float, numbers: dict[str, float]
) -> Stepped:
    """The news of a step, with the time left by whichever limit comes first at the present speed."""
    by_clock = seconds_limit - progress.seconds
    by_images = math.inf if until is None else (until - progress.images) / max(numbers["images_per_second"], 1e-9)
    seconds_left = max(min(by_clock, by_images), 0.0)
    expected = until if until is not None else plan.images
    return Stepped(progress.images, max(expected, progress.images), progress.seconds, seconds_left, numbers)


def check_parts(config: RunConfig) -> None:
    """Raises SettingError if a part is named that is not there, or that does not go with the architecture."""
    tables: list[tuple[str, tuple[str, ...], Iterable[str]]] = [
        ("network.architecture", (config.network.architecture,), ARCHITECTURES),
        ("objective.loss", (config.objective.loss,), LOSSES),
        ("objective.augment", config.objective.augment, AUGMENTS),
    ]
    for setting, names, table in tables:
        for name in names:
            if name not in table:
                raise SettingError(f"setting {setting} = {name!r}: expected one of {', '.join(table)}")
    has_own_step = config.network.architecture == "vaegan"
    if has_own_step and (config.training.balance_margin or config.objective.gradient_penalty_weight):
        raise SettingError("training.balance_margin and objective.gradient_penalty_weight do not go with vaegan")


def network_spec(config: RunConfig, pictures: PictureSet) -> NetworkSpec:
    """The networks that these settings and pictures ask for."""
    classes = len(pictures.classes) if config.pictures.conditional else 0
    _, height, width, channels = pictures.images.shape
    return NetworkSpec(height, width, channels, config.network.z_dim, classes, config.network.width)


def describe(config: RunConfig, spec: NetworkSpec, pictures: PictureSet) -> Description:
    """What the shipped model says of itself, before the first step."""
    return Description(
        architecture=config.network.architecture,
        width=spec.width,
        height=spec.height,
        channels=spec.channels,  # type: ignore[arg-type]
        z_dim=spec.z_dim,
        z_distribution=config.network.z_distribution,
        multiplier=spec.multiplier,
        classes=pictures.classes if config.pictures.conditional else (),
        recipe=config.recipe,
        source=Path(config.pictures.source).name,
        images=0,
        averaged=config.training.average_half_life_images > 0,
        ganvas=__version__,
    )


def versions() -> dict[str, str]:
    """What made the run, for run.toml."""
    return {"ganvas": __version__, "torch": version("torch"), "python": platform.python_version()}


def _parameters(state: TrainingState) -> dict[str, int]:
    return {
        name: sum(parameter.numel() for parameter in module.parameters())
        for name, module in state.modules().items()
        if name != "averaged"
    }
