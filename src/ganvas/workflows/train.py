"""Training, from what was asked to a run folder: ask, look, plan, build, loop. Events come out, in order."""

import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import torch

from ganvas import __version__
from ganvas.config import Plan, RunConfig, image_limit
from ganvas.data import SOURCES, BatchStream, PictureSet, Share, load_pictures, source_name
from ganvas.device import choose_device, device_of_rank, peak_memory_bytes, prepare
from ganvas.errors import ProcessError, SettingError
from ganvas.files import writing_to
from ganvas.formats.log_events import LogMended, Narrowed, NotCompiled, PicturesChanged, Resumed
from ganvas.formats.manifest import Description
from ganvas.launched import rank_here
from ganvas.metrics import best_measure
from ganvas.networks import NetworkSpec
from ganvas.objectives import AUGMENTS, LOSSES
from ganvas.ranks import ALONE, Ranks
from ganvas.run.events import Finished, Looked, Planned, RunEvent
from ganvas.run.execute import RunParts, execute
from ganvas.run.folder import RunFolder
from ganvas.run.monitor import measures_in
from ganvas.run.recorder import Recorder
from ganvas.run.schedule import Schedule
from ganvas.settings import Settings
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
from ganvas.training.plan import planned_images, probe_speed, width_for
from ganvas.training.together import End, Follower, Leader, follow
from ganvas.training.trials import check_batch, compile_parts, fits, why_not_compiled
from ganvas.wording import counted
from ganvas.workflows.starting import read_start

DEFAULT_PARTS = RunParts()


def train(
    config: RunConfig,
    out: Path,
    *,
    plan: Plan | None = None,
    spent_seconds: float = 0.0,
    interrupted: Callable[[], bool] = lambda: False,
    looking: Callable[[int, int], None] | None = None,
    parts: RunParts = DEFAULT_PARTS,
    ranks: Ranks = ALONE,
) -> Generator[RunEvent]:
    """Train, or go on with the run that is in `out`. Of several processes the one of rank 0 does; the others `assist`.

    Args:
        config: what is asked, with at least one limit.
        out: the run folder; made if it is not there.
        plan: of a run that is to be repeated; None: it is made, or that of the run in `out` is kept.
        spent_seconds: what of a limit in seconds was spent before this is begun.
        interrupted: asked after every step; True saves the state and ends.
        looking: told how many files were read, of how many.
        parts: what the run is driven by.
        ranks: of the processes that train together.
    Raises:
        GanvasError: as the tree in errors.py.
    """
    began, end, leader = parts.clock() - spent_seconds, End(0, 0.0, False), Leader(ranks)
    try:
        check_parts(config)
        check_split(config, ranks.count)
        folder = parts.folder(out)
        check_out(config.pictures.source, folder)
        folder.continued(config, plan)  # which says at once what is wrong, without a lock
        with folder.locked(), writing_to(out):
            for event in _train(config, folder, plan, began, interrupted, looking, parts, leader):
                if isinstance(event, Finished):
                    end = End(event.images, event.seconds, event.interrupted)
                yield event
    finally:
        with suppress(ProcessError):  # of who is gone nobody needs to be told
            leader.end(end)


def assist(config: RunConfig, ranks: Ranks, *, interrupted: Callable[[], bool] = lambda: False) -> End:
    """What the processes of other ranks do while the one of rank 0 goes through `train` with the same configuration.

    Args:
        interrupted: asked before every step; at True rank 0 saves the state and all end.
    Raises:
        GanvasError: the pictures cannot be used here, or another process ended before its time.
    """

    with ExitStack() as stack:

        def begin() -> Follower:
            pictures = load_pictures(config.pictures)  # which rank 0 has decoded by now, where they share a disk
            device = _device(config, ranks)
            return Follower(
                lambda width: new_state(config, network_spec(config, pictures, width), device, ranks=ranks),
                stack.enter_context(batches_of(pictures, config, ranks)),
                _key_of(pictures),
            )

        return follow(ranks, begin, config, interrupted)


def _train(
    config: RunConfig,
    folder: RunFolder,
    plan: Plan | None,
    began: float,
    interrupted: Callable[[], bool],
    looking: Callable[[int, int], None] | None,
    parts: RunParts,
    leader: Leader,
) -> Iterator[RunEvent]:
    """The same in a folder of its own; `began`: when the command did, by the clock of `parts`."""
    ranks = leader.ranks
    plan, width = folder.continued(config, plan)
    start = None if config.start is None or has_checkpoint(folder.checkpoint) else read_start(config.start)
    if start is not None:
        start.check(config)
        width = start.description.multiplier
    pictures = load_pictures(config.pictures, progress=looking)
    yield Looked(pictures)

    device = _device(config, ranks)
    stream = batches_of(pictures, config, ranks)
    taught = None if has_checkpoint(folder.checkpoint) else pictures  # what is learned before the first step is saved

    def build(width: float) -> TrainingState:
        state = new_state(config, network_spec(config, pictures, width), device, taught, ranks)
        if start is not None:
            start.check(config, state.spec)
            start.fill(state, pictures.key)
        return state

    state = build(width or 1.0)
    folder.make()
    load_checkpoint(state, folder.checkpoint)
    unreadable = folder.forget_after(state.images)
    until = image_limit(config.limits, picture_count=pictures.count, step_images=config.training.step_images)
    start_key = folder.start_key() if start is None else start.key
    if plan is not None and start is not None and plan.start_key not in ("", start_key):
        raise SettingError(
            f"--start {start.model}: its weights are others by now, so that this run cannot be repeated; choose "
            "another --out"
        )
    if plan is None and ranks.count == 1:
        check_batch(state, stream, config, parts.largest_step)
    tried, why_not = _compiled(config, state, stream, ranks, parts)
    no_room_for: float | None = None
    if plan is None:
        probed = leader.leading(training_loop, _key_of(pictures))
        plan = make_plan(tried, state, stream, until, width or 1.0, parts, began, probed)
        if width is None and (wide := width_for(plan.images, config.network)) != plan.width:
            wider = build(wide)
            if ranks.count > 1 or fits(wider, stream, config, parts.largest_step):
                state, plan = wider, make_plan(tried, wider, stream, until, wide, parts, began, probed)
            else:
                no_room_for = wide
    if tried.compile:
        compile_parts(state, tried, parts.compile)
    plan = plan.model_copy(update={"start_key": start_key})

    schedule = Schedule(config, plan, folder, until, parts.clock() - began)
    log = folder.read_log()
    best = best_measure(measures_in(log.numbers), config.health)
    spec = network_spec(config, pictures, plan.width)
    recorder = Recorder(folder, config, describe(config, spec, pictures), pictures, state, best=best, save=parts.save)
    if state.images > 0:
        yield recorder.event(Resumed)
        if folder.pictures_key() != pictures.key:
            yield recorder.event(PicturesChanged)
    if why_not:
        yield recorder.event(NotCompiled, reason=why_not)
    if no_room_for is not None:
        yield recorder.event(Narrowed, width=plan.width, planned=no_room_for)
    if unreadable:
        yield recorder.event(LogMended, lines=unreadable)
    if not schedule.is_over(state.images, 0.0):  # else data.json stays that of the pictures it was trained on
        folder.write_data(pictures.report.to_dict())
    yield Planned(config, plan, _parameters(state), state.images, peak_memory_bytes())
    supervisor = parts.supervisor(
        schedule, recorder, pictures, state, log, monitor=parts.monitor, clock=parts.clock, save=parts.save
    )
    parts = replace(parts, loop=leader.leading(parts.loop, _key_of(pictures)))

    def is_ended() -> bool:
        return interrupted() or leader.is_asked_to_end

    with stream:
        yield from execute(state, stream, schedule, recorder, supervisor, is_ended, parts)


def _compiled(
    config: RunConfig, state: TrainingState, stream: BatchStream, ranks: Ranks, parts: RunParts
) -> tuple[RunConfig, str]:
    """The configuration with `compile` as it can be had here, and why not, if it was asked for and cannot."""
    if not config.compile:
        return config, ""
    alone = ranks.count == 1
    why_not = why_not_compiled(state, stream, config, parts.compile) if alone else "several processes train"
    return config.model_copy(update={"compile": not why_not}), why_not


def make_plan(
    config: RunConfig,
    state: TrainingState,
    stream: BatchStream,
    until: int | None,
    width: float,
    parts: RunParts,
    began: float,
    loop: Callable[..., Iterator[Progress]],
) -> Plan:
    """What the limits allow from `state` on, at the speed of some steps of `loop`; `began`: when the command did."""
    speed = probe_speed(config, state, stream, clock=parts.clock, loop=loop, compile=parts.compile)
    seconds = config.limits.seconds
    images = planned_images(
        until,
        None if seconds is None else seconds - state.seconds - (parts.clock() - began),
        shown=state.images,
        images_per_second=speed,
        step_images=config.training.step_images,
    )
    return Plan(images=images, images_per_second=speed, width=width)


def check_out(source: str, folder: RunFolder) -> None:
    """Raises SettingError if a new run would be written among the pictures that it learns from."""
    pictures, out = Path(source).expanduser(), folder.root.resolve()
    if folder.is_begun or source in SOURCES or not pictures.is_dir():
        return
    if pictures.resolve() in (out, *out.parents):
        raise SettingError(f"--out {folder.root}: lies in {source}, among your pictures; choose another folder")


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
        settings: Settings = getattr(config, section)
        if getattr(settings, field) != type(settings).model_fields[field].default:
            raise SettingError(f"setting {path} does not go with {name}, whose step is its own")


def check_split(config: RunConfig, processes: int) -> None:
    """Raises SettingError if a batch cannot be parted among so many processes."""
    batch = config.training.batch
    if batch % processes:
        fitting = [str(count) for count in range(1, batch + 1) if batch % count == 0]
        raise SettingError(
            f"{counted(processes, 'process', 'processes')} for training.batch = {batch}: each should have as many of "
            f"its pictures; choose {', '.join(fitting)}, or another batch"
        )


def batches_of(pictures: PictureSet, config: RunConfig, ranks: Ranks) -> BatchStream:
    """What the process of this rank is shown: of R those of rank r have pictures r, r + R, r + 2R, ... of every batch.

    The clock stands at whole batches whenever a step begins, so that these are the positions r, r + R, ... of the
    stream too, and a run goes on with any number of processes that a batch can be parted among.
    """
    share = Share(ranks.rank, ranks.count)
    return BatchStream(pictures, config.training.batch, config.seed, mirror=config.pictures.mirror, share=share)


def network_spec(config: RunConfig, pictures: PictureSet, width: float) -> NetworkSpec:
    """The networks that these settings and pictures ask for, at that width."""
    classes = len(pictures.classes) if config.pictures.conditional else 0
    _, height, picture_width, channels = pictures.images.shape
    return NetworkSpec(height, picture_width, channels, config.network.z_dim, classes, width)


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
        source=source_name(config.pictures.source),
        images=0,
        averaged=config.training.average_half_life_images > 0,
        ganvas=__version__,
    )


def _device(config: RunConfig, ranks: Ranks) -> torch.device:
    device = choose_device(config.device)
    if ranks.count > 1:
        device = device_of_rank(device, rank_here())
    prepare(device)
    return device


def _key_of(pictures: PictureSet) -> int:
    """A number that differs when the pictures do."""
    return zlib.crc32(pictures.key.encode())


def _parameters(state: TrainingState) -> dict[str, int]:
    return {
        name: sum(parameter.numel() for parameter in module.parameters())
        for name, module in state.modules().items()
        if name != "averaged"
    }
