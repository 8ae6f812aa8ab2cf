"""The public functions that train: a run begun, repeated or gone on with."""

import os
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, overload

from ganvas.errors import SettingError
from ganvas.workflows.parse import (
    AFTER_ALL,
    Size,
    parse_count,
    parse_duration,
    parse_moment,
    parse_path,
    parse_share,
    parse_size,
)
from ganvas.workflows.public.models import ModelLike, folder_of

if TYPE_CHECKING:
    from ganvas.data.handed import PicturesLike
    from ganvas.run.events import RunEvent
    from ganvas.workflows.runs import Run


class TrainOptions(TypedDict, total=False):
    """The options of `train`, as it explains them."""

    recipe: str | None
    size: Size | None
    time: str | float | None
    images: str | int | None
    epochs: float | None
    until: str | None
    rescue: bool
    out: str | os.PathLike[str] | None
    width: float | None
    seed: int | None
    device: str | None
    processes: int | None
    nodes: int
    rendezvous: str | None
    blind: bool
    fit: str | None
    alpha: bool
    conditional: bool
    per_class: str | float | None
    levels: str | float | None
    drop_near: float | None
    keep: str | int | None
    start: "ModelLike | None"
    start_at: str | int | None
    settings: Mapping[str, object] | Sequence[str]
    config: str | os.PathLike[str] | None
    resume: bool
    progress: bool


@overload
def train(
    source: "PicturesLike | None" = None, *, events: Literal[False] = False, **options: Unpack[TrainOptions]
) -> "Run": ...


@overload
def train(
    source: "PicturesLike | None" = None, *, events: Literal[True], **options: Unpack[TrainOptions]
) -> "Iterator[RunEvent]": ...


def train(
    source: "PicturesLike | None" = None,
    *,
    recipe: str | None = None,
    size: Size | None = None,
    time: str | float | None = None,
    images: str | int | None = None,
    epochs: float | None = None,
    until: str | None = None,
    rescue: bool = True,
    out: str | os.PathLike[str] | None = None,
    width: float | None = None,
    seed: int | None = None,
    device: str | None = None,
    processes: int | None = None,
    nodes: int = 1,
    rendezvous: str | None = None,
    blind: bool = False,
    fit: str | None = None,
    alpha: bool = False,
    conditional: bool = False,
    per_class: str | float | None = None,
    levels: str | float | None = None,
    drop_near: float | None = None,
    keep: str | int | None = None,
    start: "ModelLike | None" = None,
    start_at: int | str | None = None,
    settings: Mapping[str, object] | Sequence[str] = (),
    config: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool = True,
    events: bool = False,
) -> "Run | Iterator[RunEvent]":
    """Look the pictures over, plan, train, report. The same call again goes on where it stopped.

    Ctrl-C ends it after the step in hand, with the state saved; the run that is returned is `interrupted` then.

    Args:
        source: as `look`; None only with `config` or `resume`.
        recipe: a name in RECIPES; None: swift.
        size: pixels; None: the recipe's.
        time: seconds, or "90s", "10m", "1h", from this call on; ten minutes where nothing else limits the run. Training
            ends then: the film and the page take some seconds more.
        images: images shown, as 200_000 or "200k". epochs: passes over the pictures.
        until: "plateau" stops as soon as nothing improves any more.
        rescue: go back to the last good state when it collapses.
        out: the run folder; None: runs/SOURCE-RECIPE.
        width: multiplies the channels of every layer; None: the recipe's, or as much as the time allows.
        seed: of everything random; None: 0.
        device: auto, cpu, cuda or mps.
        processes: that train it together on each machine, of which each has a part of every batch; None: one, or those
            that a launcher such as torchrun started. nodes: machines, on each of which the same is called; rendezvous:
            "HOST:PORT" of one of them, where they meet.
        blind: without pretrained weights in training, for recipes that have some.
        fit, alpha, conditional, per_class, levels, drop_near: as `look`.
        keep: disk for the models of past moments, in bytes or as "500MB".
        start: a run or a model as `load` takes it, whose weights a new run begins with; its networks must have the same
            shapes. start_at: the moment of that run, images shown; None or "last": its last saved state, from which the
            discriminator is taken over too.
        settings: {"section.field": value}, or ["section.field=value"]; RECIPES[name].config has them all.
        config: a run.toml, whose run is repeated.
        resume: go on with the run in `out`; refuse if there is none.
        progress: show on stderr how it goes.
        events: give the events of the run one by one instead (ganvas.run.events); nothing is shown then, nothing
            happens until they are asked for, and who stops asking leaves the run as a crash would.
    Raises:
        GanvasError: a setting, the pictures or the state cannot be used, or the losses stopped being finite.
    """
    began = perf_counter()  # the packages that are imported now are of the time that was given
    from ganvas.data.handed import as_source
    from ganvas.launched import launched
    from ganvas.workflows.ask import wanted_run
    from ganvas.workflows.processes import check_processes, launch, train_here
    from ganvas.workflows.runs import Run
    from ganvas.workflows.train import train as run_events

    if start is None and start_at is not None:
        raise SettingError("--start-at: a moment of which run? give it with --start")
    sides = (None, None) if size is None else parse_size(size)
    given: dict[str, object] = {
        "seed": seed,
        "device": device,
        "processes": None if processes is None and nodes == 1 else (1 if processes is None else processes) * nodes,
        "keep_bytes": None if keep is None else parse_count(keep, "B"),
        "pictures.source": None if source is None else as_source(source),
        "pictures.width": sides[0],
        "pictures.height": sides[1],
        "pictures.fit": fit,
        "pictures.channels": "rgba" if alpha else None,
        "pictures.conditional": conditional or None,
        "pictures.per_class": None if per_class is None else parse_share(per_class),
        "pictures.levels": levels,
        "pictures.drop_near": drop_near,
        "network.width": width,
        "limits.seconds": None if time is None else parse_duration(time),
        "limits.images": None if images is None else parse_count(images),
        "limits.epochs": epochs,
        "measuring.until": until,
        "measuring.rescue": None if rescue else False,
        "start": None if start is None else {"model": str(folder_of(start)), "at": _start_moment(start, start_at)},
    }
    wanted = wanted_run(recipe, parse_path(config), parse_path(out), given, settings, resume=resume, blind=blind)
    check_processes(wanted.config, processes, nodes)
    is_here = launched() is not None or (wanted.config.processes or 1) == 1
    if events:
        if not is_here or (launched() or 1) > 1:
            raise SettingError("events are those of one process: leave processes out, or events")
        return run_events(wanted.config, wanted.out, plan=wanted.plan)
    if is_here:
        return Run(wanted.out, train_here(wanted, began, progress=progress))
    return Run(wanted.out, launch(wanted, began, nodes=nodes, rendezvous=rendezvous, progress=progress))


def resume(
    run: str | os.PathLike[str],
    *,
    time: str | float | None = None,
    images: str | int | None = None,
    epochs: float | None = None,
    progress: bool = True,
) -> "Run":
    """Go on with a run as it was asked for, to its own limits or to new ones.

    Args:
        run: a run folder, or what `train` returned.
        time, images, epochs: of the whole run, earlier sittings included; None of them: its own.
    Raises:
        GanvasError: as `train`.
    """
    return train(out=run, resume=True, time=time, images=images, epochs=epochs, progress=progress)


def _start_moment(start: ModelLike, at: int | str | None) -> int | None:
    """Images shown; None for the last saved state of a run."""
    if at is None and not isinstance(start, str | os.PathLike):
        return getattr(start, "at", None)  # a Generator's own
    moment = parse_moment(at)
    return None if moment == AFTER_ALL else moment
