"""The composition root: configuration -> pictures -> state -> loop, and what is done at each moment of it.

`train` yields what happens as small values, in order; whoever calls it decides what to show of them.
"""

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ganvas import __version__
from ganvas.config import PlanSettings, RunConfig
from ganvas.data import BatchStream, PictureSet, load_pictures
from ganvas.device import choose_device, peak_memory_bytes, prepare
from ganvas.errors import SettingError
from ganvas.formats.manifest import Description
from ganvas.networks import NetworkSpec
from ganvas.objectives import AUGMENTS, LOSSES
from ganvas.run.events import Finished, Happened, Looked, News, Planned, Stepped
from ganvas.run.folder import RunFolder
from ganvas.run.recorder import Recorder
from ganvas.run.supervisor import Supervisor
from ganvas.training import (
    ARCHITECTURES,
    Progress,
    TrainingState,
    architecture,
    has_checkpoint,
    load_checkpoint,
    new_state,
    training_loop,
)
from ganvas.training.plan import image_limit, is_drawn_moment, planned_images, probe_speed, width_for

SECONDS_BETWEEN_SAVES = 45.0
SECONDS_BETWEEN_LOG_LINES = 1.0


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
    stream = BatchStream(pictures, config.training.batch, config.seed, mirror=config.pictures.mirror)

    def begin(config: RunConfig) -> TrainingState:
        # What networks learn before the first step is in a checkpoint too.
        taught = None if has_checkpoint(folder.checkpoint) else pictures
        return new_state(config, network_spec(config, pictures), device, taught)

    planned = config.with_width(1.0)
    state = begin(planned)
    folder.make()
    if load_checkpoint(state, folder.checkpoint):
        folder.forget_after(state.images)
    until = image_limit(config.limits, picture_count=len(pictures.images), step_images=config.training.step_images)
    if config.plan is None:
        plan = _plan(planned, state, stream, until)
        wanted = config.with_width(width_for(plan.images))
        if wanted != planned:
            planned, state = wanted, begin(wanted)
            plan = _plan(planned, state, stream, until)
        planned = planned.model_copy(update={"plan": plan})
    config = planned
    folder.write_config(config)
    spec = network_spec(config, pictures)
    recorder = Recorder(folder, config, describe(config, spec, pictures), pictures, state)
    if state.images > 0:
        yield Happened(recorder.event(f"resumed at {state.images} images"))
        if folder.pictures_key() != pictures.key:
            yield Happened(
                recorder.event("the pictures have changed since: this run can no longer be repeated exactly")
            )
    folder.write_data(pictures.report.to_dict())
    yield Planned(config, _parameters(state), state.images, peak_memory_bytes())
    supervisor = Supervisor(config, folder, pictures, recorder, state)
    yield from _watch(state, stream, folder, recorder, supervisor, until, interrupted)


def _plan(config: RunConfig, state: TrainingState, stream: BatchStream, until: int | None) -> PlanSettings:
    speed = probe_speed(config, state, stream)
    seconds = config.limits.seconds
    images = planned_images(
        until,
        None if seconds is None else seconds - state.seconds,
        shown=state.images,
        images_per_second=speed,
        step_images=config.training.step_images,
    )
    return PlanSettings(images=images, images_per_second=speed)


def _watch(
    state: TrainingState,
    stream: BatchStream,
    folder: RunFolder,
    recorder: Recorder,
    supervisor: Supervisor,
    until: int | None,
    interrupted: Callable[[], bool],
) -> Iterator[News]:
    """Run the loop, and log, measure, draw, save and stop where it is time to.

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
    if plan.measure_every:
        yield from map(Happened, supervisor.plan(seconds_limit - state.seconds))
    saved_at = reported_at = state.seconds
    steps = iter(()) if done else training_loop(state, stream, config, until or sys.maxsize)
    for progress in steps:
        recorder.collect(progress)
        stopped = interrupted()
        done = progress.images == until or progress.seconds >= seconds_limit
        is_moment = done or is_drawn_moment(progress.images, config.training.step_images)
        is_measured = supervisor.is_due(progress.images)
        is_saved = done or stopped or not recorder.has_saved or progress.seconds - saved_at >= SECONDS_BETWEEN_SAVES
        if is_moment or is_measured or is_saved or recorder.seconds_collected >= SECONDS_BETWEEN_LOG_LINES:
            numbers = recorder.flush(supervisor.measure() if is_measured else {})
            yield _stepped(progress, until, plan, seconds_limit, numbers)
        if is_moment:
            yield Happened(recorder.draw())
        if is_measured:
            yield from map(Happened, supervisor.act())
            done = done or bool(supervisor.stop)
        if is_saved or (done and not stopped):
            recorder.save()
            saved_at = progress.seconds
        if done or stopped:
            break
        if not supervisor.is_planned:
            # Only now, so that the first step shows as soon as it can.
            yield from map(Happened, supervisor.plan(seconds_limit - progress.seconds))
        if progress.seconds > 2 * reported_at + 5:
            recorder.report_progress(refresh_seconds=15)
            reported_at = progress.seconds
    if done and not plan.final:
        # From here on the images reached are the plan, so that the run can be repeated whatever the clock says then.
        folder.write_config(supervisor.config_with_plan({"images": state.images, "final": True}))
    verdict = supervisor.last_words()
    yield Happened(recorder.event("stopped from outside" if stopped else supervisor.stop or "finished"))
    for text in recorder.finish():
        yield Happened(text)
    report = folder.root / "index.html"
    yield Finished(folder.root, report, state.images, state.seconds, stopped, verdict)


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
        ("objective.rescue_augment", config.objective.rescue_augment, AUGMENTS),
    ]
    for setting, names, table in tables:
        for name in names:
            if name not in table:
                raise SettingError(f"setting {setting} = {name!r}: expected one of {', '.join(table)}")
    if config.objective.augment_target is not None and not config.objective.augment:
        raise SettingError("objective.augment_target needs objective.augment, as in color,translation,cutout")
    name = config.network.architecture
    row = architecture(name)
    for section in row.needs:
        if getattr(config, section) is None:
            raise SettingError(f"{name} needs the settings of [{section}]; start from the recipe swift, which has them")
    for path in row.refuses:
        section, field = path.split(".")
        settings = getattr(config, section)
        if getattr(settings, field) != type(settings).model_fields[field].default:
            raise SettingError(f"setting {path} does not go with {name}, whose step is its own")


def network_spec(config: RunConfig, pictures: PictureSet) -> NetworkSpec:
    """The networks that these settings, their width planned, and pictures ask for."""
    assert config.network.width != "planned"
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


def _parameters(state: TrainingState) -> dict[str, int]:
    return {
        name: sum(parameter.numel() for parameter in module.parameters())
        for name, module in state.modules().items()
        if name != "averaged"
    }
