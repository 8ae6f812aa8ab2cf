"""The public functions of Ganvas. The command line is built on these, and on nothing else.

Sizes, times, counts and shares may be numbers or as people type them: 64 or "96x64", 600 or "10m", 200_000 or "200k",
0.05 or "5%". Everything heavy is imported where it is used, so that a server starts without PyTorch.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, Unpack, overload

from ganvas.errors import SettingError
from ganvas.settings import HUB_PREFIX
from ganvas.workflows.parse import AFTER_ALL, parse_count, parse_duration, parse_moment, parse_share, parse_size

if TYPE_CHECKING:
    from ganvas.data import PictureSet
    from ganvas.data.handed import PicturesLike
    from ganvas.metrics import Card
    from ganvas.model.weights import Model
    from ganvas.run.events import RunEvent
    from ganvas.workflows.generate import Generator
    from ganvas.workflows.pack import PackResult
    from ganvas.workflows.publish import ExportResult, PublishResult
    from ganvas.workflows.runs import Run
    from ganvas.workflows.score import ScoreOptions
    from ganvas.workflows.score_many import ManyScores

Size: TypeAlias = int | str | tuple[int, int]
ModelLike: TypeAlias = "str | os.PathLike[str] | Generator"
DEFAULT_OSC_PORT = 9000  # what most senders of OSC are set to
DEFAULT_RATE = 20.0  # requests a second of one client, where others than this machine may ask


def look(
    source: "PicturesLike",
    *,
    size: Size = 64,
    fit: str = "crop",
    alpha: bool = False,
    conditional: bool = False,
    per_class: str | float = 1.0,
    levels: str | float = "auto",
    drop_near: float | None = None,
    progress: bool = True,
) -> "PictureSet":
    """Look pictures over as training would: what is there, what is broken, and what the network will see.

    Args:
        source: a folder, zip, tar, .npy or video; shards as `pack` writes them, or their address; avatars, digits,
            mnist, lfw, celeba; hf:owner/dataset; an array (N, H, W, C) uint8; a list of paths or PIL images; a PyTorch
            Dataset of pictures, with or without labels.
        size: pixels, 16 to 1,024: one side, (width, height) or "96x64".
        fit: how pictures of another shape are made to fit: crop, pad or stretch.
        alpha: keep transparency instead of flattening it on white.
        conditional: sub-folders, or the labels of a Dataset, are classes.
        per_class: the share of every class that is used.
        levels: what becomes black and white in pictures of more than 8 bits: white as 4095, or "black:white"; "auto"
            takes one scale for all from their values.
        drop_near: leave out pictures that are as similar as that to another one, as 0.98; None: they are only shown.
        progress: show on stderr how far it is.
    Returns:
        `.images` (N, H, W, C) uint8, `.labels`, `.classes`, `.report` of the findings, `.contact_sheet()`.
    Raises:
        SettingError, PicturesError: there is no such source, or too few of its pictures can be used.
    """
    from ganvas.config import PictureSettings, checked
    from ganvas.data import load_pictures
    from ganvas.data.handed import as_source
    from ganvas.workflows.progress import show_looking

    width, height = parse_size(size)
    values = {
        "source": as_source(source),
        "width": width,
        "height": height,
        "fit": fit,
        "channels": "rgba" if alpha else "auto",
        "conditional": conditional,
        "per_class": parse_share(per_class),
        "levels": levels,
        "drop_near": drop_near,
    }
    return load_pictures(checked(PictureSettings, values), progress=show_looking if progress else None)


def pack(
    source: "PicturesLike",
    out: str | os.PathLike[str],
    *,
    shards: int | None = None,
    shard_mb: float | None = None,
    progress: bool = True,
) -> "PackResult":
    """Write pictures as shards: tars in WebDataset's layout with an index, for sets too large to be decoded at once.

    Files are kept as they are, and arrays become PNGs. The same pictures give the same bytes.

    Args:
        source: as `look`.
        out: the folder to write, which may not be there yet.
        shards: how many.
        shard_mb: megabytes of each, about; 100 unless one of the two is given.
        progress: show on stderr how far it is.
    Returns:
        `.folder`, `.pictures`, `.shards`, `.classes`, `.size_bytes`, `.left_out` with reasons.
    Raises:
        SettingError, PicturesError: there is no such source, or no picture of it can be read; `out` is there already.
        DiskError: the disk is full.
    """
    from ganvas.data.handed import as_source
    from ganvas.workflows.pack import pack as write
    from ganvas.workflows.progress import show_looking

    return write(as_source(source), Path(out), shards, shard_mb, show_looking if progress else None)


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
        "start": None if start is None else {"model": str(_folder(start)), "at": _start_moment(start, start_at)},
    }
    wanted = wanted_run(recipe, _path(config), _path(out), given, settings, resume=resume, blind=blind)
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


def load(model: ModelLike, *, at: int | str | None = None) -> "Generator":
    """A trained model, ready to draw.

    Args:
        model: a run folder, a model folder, "hf:owner/name", or what `train` returned.
        at: that moment of the run, images shown, or "last"; None: the best that was measured.
    Raises:
        ModelError: there is no model, or it cannot be read.
        SettingError: the Hub cannot be reached, or its library is not installed.
    """
    from ganvas.workflows.generate import Generator

    if isinstance(model, Generator) and at is None:
        return model
    return Generator.read(_folder(model), parse_moment(at))


def score(
    subject: "ModelLike | PicturesLike",
    against: "PicturesLike",
    *,
    held_out: "PicturesLike | None" = None,
    count: int = 500,
    seed: int = 0,
    at: int | str | None = None,
    size: Size | None = None,
    features: str = "multiscale",
    weights: str | os.PathLike[str] | None = None,
    pairs: str | os.PathLike[str] | None = None,
    told: Callable[[str, int, int | None], None] = lambda doing, done, total: None,
) -> "Card":
    """The score card: how good, how varied, how much is copied, beside what real pictures and noise would get.

    Args:
        subject: a model as `load` takes it, or pictures that any generator made.
        against: the real pictures, as `look`'s source.
        held_out: real pictures that it was not trained on, if some were kept.
        count: generated pictures to score. seed: of the first of them, and of every sample.
        at: the moment of the run, images shown, or "last"; None: the best that was measured.
        size: pixels, for two sources of pictures; None: that of the subject's first picture.
        features: multiscale, lite, inception or dinov2. weights: a file with the extractor's, instead of fetching them.
        pairs: where to draw the closest pairs of a generated and a training picture.
        told: is told what is done, how much of it, and of how much where that is known.
    Returns:
        The card. `print(card)` shows it; its fields are in `.model`, `.floor`, `.pca`, `.copies`, `.to_dict()`.
    Raises:
        GanvasError: the model, the pictures or the weights cannot be used.
    """
    from ganvas.workflows.score import save_pairs, score_pictures

    options, model = _score_options(
        subject,
        against,
        held_out=held_out,
        count=count,
        seed=seed,
        at=at,
        size=size,
        features=features,
        weights=weights,
    )
    result = score_pictures(options, model, told)
    if pairs is not None:
        save_pairs(result, Path(pairs))
    return result.card


def score_many(
    subject: "ModelLike | PicturesLike",
    against: "PicturesLike",
    *,
    count: str | int = 50_000,
    seed: int = 0,
    at: int | str | None = None,
    size: Size | None = None,
    features: str = "multiscale",
    weights: str | os.PathLike[str] | None = None,
    processes: int = 1,
    told: Callable[[str, int, int | None], None] = lambda doing, done, total: None,
) -> "ManyScores":
    """KD and FD of very many pictures: both sides in blocks of a thousand, in memory that does not grow.

    What needs all pictures at once, as copies and recall, is on the card of `score`.

    Args:
        subject, against, seed, at, size, features, weights, told: as `score`.
        count: generated pictures, at least two blocks, as 50_000 or "50k".
        processes: that draw and look, on this machine.
    Raises:
        GanvasError: as `score`, or a process ended.
    """
    from ganvas.workflows.score_many import score_many as measure

    options, model = _score_options(
        subject, against, count=parse_count(count), seed=seed, at=at, size=size, features=features, weights=weights
    )
    return measure(options, model, processes=processes, told=told)


def export(
    model: ModelLike,
    out: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
    about: str = "",
    licence: str = "",
    against: "PicturesLike | None" = None,
    at: int | str | None = None,
    scored: bool = True,
    int8: bool = False,
) -> "ExportResult":
    """The model as ONNX, checked against the original before it is written, with a card and a preview.

    Args:
        model: as `load` takes it.
        out: the folder to write; None: MODEL/exported.
        title, about, licence: your words on its page and in its card.
        against: the real pictures, to score it by; None: those of its run, where they still are.
        at: the moment of the run, images shown, or "last".
        scored: False leaves the score card out, which takes half a minute.
        int8: eight-bit weights, if they are measured to be faster and hardly worse.
    Raises:
        GanvasError: the model cannot be read, or does not draw the same in onnxruntime; the folder cannot be written.
    """
    from ganvas.config import checked
    from ganvas.data.handed import as_source
    from ganvas.workflows.publish import ExportOptions, Wording, export_model

    wording = checked(Wording, {"title": title, "about": about, "licence": licence})
    real = None if against is None else as_source(against)
    folder = _folder(model)
    where = _path(out) or (Path("exported") if _is_remote(model) else folder / "exported")
    return export_model(ExportOptions(folder, where, wording, real, parse_moment(at), scored, int8))


def publish(
    model: ModelLike,
    to: str,
    out: str | os.PathLike[str],
    *,
    title: str = "",
    about: str = "",
    licence: str = "",
    against: "PicturesLike | None" = None,
    at: int | str | None = None,
    scored: bool = True,
    even_copies: bool = False,
    repository: str | None = None,
    webgpu: bool | None = None,
    perform: bool | None = None,
    python: str | None = None,
    architecture: str | None = None,
    told: Callable[[str, int, int | None], None] = lambda doing, done, total: None,
) -> "PublishResult":
    """The model as something that can be put online as it is, checked before it is handed over.

    Args:
        model: as `load` takes it. out: the folder to write.
        to: site, server, lambda, docker or hub.
        title, about, licence, against, at, scored: as `export`.
        even_copies: publish even a model that copies its training pictures.
        repository: hub: push to this owner/name. webgpu: site: draw on WebGPU where a browser has it.
        perform: site: the page opens with its picture alone, which plays.
        python, architecture: lambda: of its runtime, as "3.13" and "x86_64". A target refuses the options of others.
        told: as `score`.
    Raises:
        GanvasError: as `export`; there is no such target, or it does not take an option; or the model copies.
    """
    from ganvas.config import checked
    from ganvas.data.handed import as_source
    from ganvas.workflows.publish import PublishOptions, Wording, publish_model

    of_targets = {
        "repository": repository,
        "webgpu": webgpu,
        "perform": perform,
        "python": python,
        "architecture": architecture,
    }
    options = PublishOptions(
        _folder(model),
        Path(out),
        to,
        checked(Wording, {"title": title, "about": about, "licence": licence}),
        of_target={name: value for name, value in of_targets.items() if value is not None},
        against=None if against is None else as_source(against),
        at=parse_moment(at),
        scored=scored,
        even_copies=even_copies,
    )
    return publish_model(options, told=told)


def serve(
    models: "Sequence[str | os.PathLike[str]]",
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    keys: str | os.PathLike[str] | None = None,
    public: bool = False,
    rate: float | None = None,
    threads: int | None = None,
    proxies: Sequence[str] = (),
    root_path: str = "",
    control: bool = False,
    osc_port: int = DEFAULT_OSC_PORT,
    workers: int = 1,
    told: Callable[[str, int | None], None] = lambda address, osc_port: None,
) -> None:
    """The HTTP API of exported models, and their pages at /, until it is stopped. PyTorch is not needed for it.

    Args:
        models: exported models, or "hf:owner/model"; the first is the default.
        host: to listen on; "0.0.0.0" is every address of this machine.
        keys: a file with one key a line; who asks must send one. public: let everyone in, without keys.
        rate: requests a second of one client; 0: any; None: 20, or any where only this machine can ask.
        threads: that drawing may use; None: all cores.
        proxies: addresses or networks whose X-Forwarded-For is believed.
        root_path: what a proxy puts before every path, as "/pictures".
        control: the page, opened by the address that is told, is played by OSC over UDP on this machine, and a token
            in that address is needed for it. osc_port: for it; 0 is any.
        workers: processes behind the one port, each with the limits for itself; with several, `threads` are of each.
        told: is told the page's address and the port for OSC, None without, as soon as they are listened to.
    Raises:
        GanvasError: a model cannot be read, the port is taken, or neither keys nor public was given for a host that
            others can reach.
    """
    from ganvas.formats.manifest import is_outdated
    from ganvas.serving.auth import read_keys, read_networks
    from ganvas.serving.middleware import Limits
    from ganvas.serving.server import is_loopback, names_of
    from ganvas.workflows.serve import serve as serve_models

    believed = read_networks(proxies)
    if rate is None:
        rate = 0.0 if is_loopback(host) and not believed else DEFAULT_RATE
    limits = Limits(
        keys=() if keys is None else read_keys(Path(keys)), requests_per_second=rate or None, proxies=believed
    )
    folders = {name: _folder(model) for name, model in names_of(models).items()}
    for folder in filter(is_outdated, folders.values()):
        logging.getLogger("ganvas").warning(
            "%s was trained further; `ganvas export %s` brings what is served up", folder, folder
        )
    serve_models(
        folders,
        host=host,
        port=port,
        limits=limits,
        public=public,
        threads=threads,
        root_path=root_path,
        control=control,
        osc_port=osc_port,
        workers=workers,
        told=told,
    )


def compare(runs: "Sequence[str | os.PathLike[str]]", out: str | os.PathLike[str] = "compare.html") -> Path:
    """Runs side by side in one HTML page: curves, grids and the settings that differ; returns its path.

    Args:
        runs: two or more run folders, or what `train` returned.
    Raises:
        SettingError: there are fewer, or one cannot be read. SettingError, DiskError: the page cannot be written.
    """
    from ganvas.files import writing_to
    from ganvas.report import write_comparison

    with writing_to(Path(out), what="file"):
        return write_comparison([Path(run) for run in runs], Path(out))


def _score_options(
    subject: "ModelLike | PicturesLike",
    against: "PicturesLike",
    *,
    count: int,
    seed: int,
    at: int | str | None,
    size: Size | None,
    features: str,
    weights: str | os.PathLike[str] | None,
    held_out: "PicturesLike | None" = None,
) -> "tuple[ScoreOptions, Model | None]":
    """What is scored, and the model where it was loaded already."""
    from ganvas.data.handed import as_source
    from ganvas.workflows.generate import Generator
    from ganvas.workflows.score import ScoreOptions

    model, moment = None, parse_moment(at)
    if isinstance(subject, Generator):
        path, moment = subject.path, subject.at if at is None else moment
        model = subject.model if moment == subject.at else None
    elif isinstance(subject, str) and subject.startswith(HUB_PREFIX):
        from ganvas.publishing.hub import has_model

        path = _folder(subject) if has_model(subject) else Path(subject)
    else:
        path = Path(as_source(subject))
    options = ScoreOptions(
        path,
        as_source(against),
        held_out=None if held_out is None else as_source(held_out),
        count=count,
        seed=seed,
        at=moment,
        size=None if size is None else parse_size(size),
        extractor=features,
        weights=_path(weights),
    )
    return options, model


def _start_moment(start: ModelLike, at: int | str | None) -> int | None:
    """Images shown; None for the last saved state of a run."""
    if at is None and not isinstance(start, str | os.PathLike):
        return getattr(start, "at", None)  # a Generator's own
    moment = parse_moment(at)
    return None if moment == AFTER_ALL else moment


def _path(path: str | os.PathLike[str] | None) -> Path | None:
    return None if path is None else Path(path)


def _is_remote(model: ModelLike) -> bool:
    return isinstance(model, str | os.PathLike) and os.fspath(model).startswith(HUB_PREFIX)


def _folder(model: ModelLike) -> Path:
    """Where a model lies; one of the Hub is fetched first."""
    if not isinstance(model, str | os.PathLike):
        return model.path
    if not _is_remote(model):
        return Path(model)
    from ganvas.publishing.hub import pull

    return pull(os.fspath(model))
