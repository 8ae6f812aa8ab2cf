"""The command line: one short function per verb. Everything heavy is imported where it is used.

Results go to stdout, progress and errors to stderr; only this file and progress.py print.
"""

import io
import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

import ganvas
from ganvas.cli import playing, searching
from ganvas.errors import DiskError, GanvasError, SettingError, missing_package
from ganvas.launched import launched, tells

app = typer.Typer(
    name="ganvas",
    help="Turn a folder of your own pictures into a small generator of new ones, on the machine you have.",
    epilog="Any command takes --debug, which shows the traceback of an error.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_EXTRA_OF = {
    **dict.fromkeys(("onnx", "onnxscript"), "export"),
    **dict.fromkeys(("onnxruntime", "fastapi", "uvicorn", "prometheus_client", "wsproto"), "serve"),
}
_MOST_LETTERS = 300  # of an error that nobody foresaw
_SOURCE = (
    "a folder, zip, tar, .npy or video; shards/{000000..000099}.tar or an address; avatars, digits, mnist, lfw, "
    "celeba; hf:owner/dataset, or hf-stream: to decode it as it is shown"
)
MOST_ON_CARD = 5000  # pictures, all of which it holds at once
_MODEL = "a run folder, a model folder or hf:owner/model"
Size = Annotated[str | None, typer.Option(help="pixels: 64, or 96x64 (width x height); 16 to 1,024")]
Fit = Annotated[str, typer.Option(help="how pictures of another shape are made to fit: crop, pad or stretch")]
Alpha = Annotated[bool, typer.Option("--alpha", help="keep transparency instead of flattening it on white")]
Conditional = Annotated[bool, typer.Option("--conditional", help="sub-folders are labels that can be asked for later")]
Title = Annotated[str, typer.Option(help='of the page, as in "This car does not exist"')]
About = Annotated[str, typer.Option(help="your words on the page and in the card")]
Licence = Annotated[str, typer.Option(help="of the model and of what it draws, as in CC-BY-4.0")]
Against = Annotated[str | None, typer.Option(help="the real pictures, to score it by; those of its run unless given")]
PublishedMoment = Annotated[str | None, typer.Option(help="that moment of the run: images shown, as in 12800, or last")]
Scored = Annotated[bool, typer.Option("--score/--no-score", help="score it for the card, half a minute")]
Levels = Annotated[
    str, typer.Option(help="what is black and white in pictures of more than 8 bits: 4095, 0:4095, or auto: by the set")
]
DropNear = Annotated[
    float | None, typer.Option(help="leave out pictures that are as similar as that to another one, as in 0.98")
]
PerClass = Annotated[str, typer.Option(help="the share of every class that is used, as in 5%")]


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM, where there is no training to save."""


def _is_remote(model: str) -> bool:
    from ganvas.settings import HUB_PREFIX  # which brings pydantic, that --help can do without

    return model.startswith(HUB_PREFIX)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="print the version and end")] = False) -> None:
    if version:
        typer.echo(f"ganvas {ganvas.__version__}")
        raise typer.Exit


@app.command()
def train(
    source: Annotated[str | None, typer.Argument(help=_SOURCE)] = None,
    recipe: Annotated[str | None, typer.Option(help="`ganvas recipes` lists them")] = None,
    size: Size = None,
    time: Annotated[
        str | None,
        typer.Option(help="90s, 10m, 1h from the start of the command; 10m unless --images or --epochs is given"),
    ] = None,
    images: Annotated[str | None, typer.Option(help="images shown, as in 200k")] = None,
    epochs: Annotated[float | None, typer.Option(help="passes over the pictures")] = None,
    until: Annotated[str | None, typer.Option(help="plateau: stop as soon as nothing improves any more")] = None,
    rescue: Annotated[bool, typer.Option(help="go back to the last good state when it collapses")] = True,
    out: Annotated[Path | None, typer.Option(help="the run folder; runs/SOURCE-RECIPE unless given")] = None,
    width: Annotated[float | None, typer.Option(help="multiplies the channels of every layer: 0.25 is quicker")] = None,
    seed: Annotated[int | None, typer.Option(help="of everything random; 0 unless given")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps")] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="that share the work, on each machine; see docs/scale.md")
    ] = None,
    nodes: Annotated[int, typer.Option(min=1, help="machines, on each of which the same command is given")] = 1,
    rendezvous: Annotated[str | None, typer.Option(help="HOST:PORT of one of these machines, where they meet")] = None,
    blind: Annotated[bool, typer.Option("--blind", help="swift without ImageNet's weights in training")] = False,
    fit: Annotated[str | None, typer.Option(help="for other shapes: crop, pad or stretch")] = None,
    alpha: Alpha = False,
    conditional: Conditional = False,
    per_class: Annotated[str | None, typer.Option(help="the share of every class that is used, as in 5%")] = None,
    levels: Annotated[str | None, typer.Option(help="of pictures of more than 8 bits: 4095, 0:4095 or auto")] = None,
    drop_near: DropNear = None,
    keep: Annotated[str | None, typer.Option(help="disk for the models of past moments; 500MB unless given")] = None,
    start: Annotated[str | None, typer.Option(help=f"begin with the weights of {_MODEL}")] = None,
    start_at: Annotated[
        str | None,
        typer.Option(help="that moment of the run in --start: images shown; its last saved state unless given"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="section.field=value, more than once; `ganvas recipes NAME` lists them"),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="repeat the run of this run.toml")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with the run in --out; refuse if there is none")
    ] = False,
) -> None:
    """Look the pictures over, plan, train, report. The same command again goes on where it stopped."""
    run = ganvas.train(
        source,
        recipe=recipe,
        size=size,
        time=time,
        images=images,
        epochs=epochs,
        until=until,
        rescue=rescue,
        out=out,
        width=width,
        seed=seed,
        device=device,
        processes=processes,
        nodes=nodes,
        rendezvous=rendezvous,
        blind=blind,
        fit=fit,
        alpha=alpha,
        conditional=conditional,
        per_class=per_class,
        levels=levels,
        drop_near=drop_near,
        keep=keep,
        start=start,
        start_at=start_at,
        settings=settings or [],
        config=config,
        resume=resume,
    )
    if tells():
        typer.echo(run, err=run.interrupted)
    if run.interrupted and launched() is None:  # a launcher would take it for a failure, and start it again
        raise Interrupted


@app.command()
def look(
    source: Annotated[str, typer.Argument(help=_SOURCE)],
    size: Size = None,
    fit: Fit = "crop",
    alpha: Alpha = False,
    conditional: Conditional = False,
    per_class: PerClass = "100%",
    levels: Levels = "auto",
    drop_near: DropNear = None,
    out: Annotated[Path, typer.Option(help="where the contact sheet is written")] = Path("look.png"),
) -> None:
    """The folder doctor alone: what was found, what will be done to it, what is broken; a contact sheet."""
    pictures = ganvas.look(
        source,
        size=64 if size is None else size,
        fit=fit,
        alpha=alpha,
        conditional=conditional,
        per_class=per_class,
        levels=levels,
        drop_near=drop_near,
    )
    pictures.save_contact_sheet(out)
    typer.echo(pictures.report.summary())
    typer.echo(f"contact sheet: {out}")


@app.command()
def pack(
    source: Annotated[str, typer.Argument(help=_SOURCE)],
    out: Annotated[Path, typer.Option(help="the folder to write")],
    shards: Annotated[int | None, typer.Option(help="how many")] = None,
    shard_mb: Annotated[float | None, typer.Option(help="megabytes of each; 100 unless --shards is given")] = None,
) -> None:
    """Write pictures as shards (WebDataset's tars), for sets too large to be decoded at once."""
    typer.echo(ganvas.pack(source, out, shards=shards, shard_mb=shard_mb))


@app.command()
def recipes(name: Annotated[str | None, typer.Argument(help="one recipe, with all its settings")] = None) -> None:
    """Every recipe: what it is, which paper or project it reproduces, what it reached."""
    from ganvas.cli.text import recipe_list, recipe_page

    typer.echo(recipe_list() if name is None else recipe_page(name))


@app.command()
def generate(
    model: Annotated[str, typer.Argument(help=_MODEL)],
    count: Annotated[str, typer.Option(help="how many pictures, as in 500 or 1M")] = "16",
    seed: Annotated[int, typer.Option(min=0, help="of the first; the next picture has the next seed")] = 0,
    truncation: Annotated[float, typer.Option(min=0, help="below 1: nearer to the mean picture, less varied")] = 1.0,
    label: Annotated[str | None, typer.Option(help="a class, of a model trained with --conditional")] = None,
    at: Annotated[str | None, typer.Option(help="that moment of the run: images shown, as in 12800, or last")] = None,
    out: Annotated[Path | None, typer.Option(help="the folder for the pictures; MODEL/generated unless given")] = None,
    grid: Annotated[bool, typer.Option("--grid", help="only the one grid, no single pictures")] = False,
    rebuild: Annotated[str | None, typer.Option(help="vaegan: encode and rebuild the pictures of this SOURCE")] = None,
    to: Annotated[
        str | None, typer.Option(help="for very many: folder, npy or shards (tar); the same command goes on with them")
    ] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="that draw, with --to; one unless given")] = None,
    chunk: Annotated[int | None, typer.Option(min=1, help="pictures of a shard, with --to; 1,000 unless given")] = None,
) -> None:
    """Draw pictures with the best model that was measured; the same seed gives the same picture, however many."""
    from ganvas.workflows.parse import parse_count

    if to is not None and (grid or rebuild is not None):
        raise SettingError(f"--to {to}: goes with neither --grid nor --rebuild")
    if to is None and not (processes is None and chunk is None):
        raise SettingError("--processes and --chunk go with --to, as in --to shards")
    number = parse_count(count)
    if number < 1:
        raise SettingError(f"--count {count}: expected one or more")
    generator = ganvas.load(model, at=at)
    folder = out or (Path("generated") if _is_remote(model) else Path(model) / "generated")
    if rebuild is not None:
        typer.echo(generator.save_rebuilt(folder, rebuild, number))
    elif to is not None:
        bulk = {"to": to, "processes": processes or 1, **({} if chunk is None else {"chunk": chunk})}
        typer.echo(generator.save_many(folder, number, seed=seed, truncation=truncation, label=label, **bulk))
    else:
        seeds = range(seed, seed + number)
        typer.echo(generator.save_pictures(folder, seeds, truncation=truncation, label=label, singles=not grid))


@app.command()
def score(
    subject: Annotated[str, typer.Argument(metavar="MODEL", help=f"{_MODEL}, or pictures that any generator made")],
    against: Annotated[str, typer.Option(help=f"the real pictures: {_SOURCE}")],
    held_out: Annotated[
        str | None, typer.Option(help="real pictures that it was not trained on, if you kept some")
    ] = None,
    count: Annotated[str, typer.Option(help="generated pictures to score; of more than 5,000 KD and FD alone")] = "500",
    seed: Annotated[int, typer.Option(min=0, help="of the first picture, and of every sample")] = 0,
    at: Annotated[str | None, typer.Option(help="score that moment of the run: images shown, or last")] = None,
    size: Size = None,
    features: Annotated[str, typer.Option(help="multiscale, lite, inception or dinov2")] = "multiscale",
    weights: Annotated[Path | None, typer.Option(help="the extractor's weights, instead of fetching them")] = None,
    pairs: Annotated[Path | None, typer.Option(help="a picture of the closest generated and training pictures")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the card as JSON")] = False,
    processes: Annotated[int | None, typer.Option(min=1, help="for more than 5,000: that draw and look")] = None,
) -> None:
    """The score card: how good, how varied, how much is copied, beside what real pictures and noise would get."""
    from ganvas.workflows.parse import parse_count

    number = parse_count(count)
    options = {"seed": seed, "at": at, "size": size, "features": features, "weights": weights}
    if number <= MOST_ON_CARD and processes is not None:
        raise SettingError(
            f"--processes {processes}: is for more than {MOST_ON_CARD:,} pictures; give a larger --count"
        )
    if number > MOST_ON_CARD and not (held_out is None and pairs is None):
        raise SettingError(
            f"--count {count}: of more than {MOST_ON_CARD:,} pictures no copies are looked for; leave out "
            "--held-out and --pairs"
        )
    if number > MOST_ON_CARD:
        card = ganvas.score_many(subject, against, count=number, processes=processes or 1, **options)
    else:
        card = ganvas.score(subject, against, held_out=held_out, count=number, pairs=pairs, **options)
    typer.echo(json.dumps(card.to_dict(), indent=1) if as_json else card)


@app.command()
def export(
    model: Annotated[str, typer.Argument(help=_MODEL)],
    out: Annotated[Path | None, typer.Option(help="the folder to write; MODEL/exported unless given")] = None,
    title: Title = "",
    about: About = "",
    licence: Licence = "",
    against: Against = None,
    at: PublishedMoment = None,
    scored: Scored = True,
    int8: Annotated[
        bool, typer.Option("--int8", help="eight-bit weights, if measured faster and hardly worse")
    ] = False,
) -> None:
    """The model as ONNX, checked against the original before it is written, with a card and a preview."""
    from ganvas.cli.text import export_text

    words = {"title": title, "about": about, "licence": licence}
    typer.echo(export_text(ganvas.export(model, out, **words, against=against, at=at, scored=scored, int8=int8)))


@app.command()
def publish(
    model: Annotated[str, typer.Argument(help=_MODEL)],
    to: Annotated[str, typer.Option(help="site, server, lambda, docker or hub")],
    out: Annotated[Path, typer.Option(help="the folder to write")],
    title: Title = "",
    about: About = "",
    licence: Licence = "",
    against: Against = None,
    at: PublishedMoment = None,
    scored: Scored = True,
    yes: Annotated[bool, typer.Option("--yes", help="publish even a model that copies its training pictures")] = False,
    repository: Annotated[
        str | None, typer.Option(help="hub: push to this owner/name; only written unless given")
    ] = None,
    webgpu: Annotated[bool | None, typer.Option("--webgpu", help="site: draw on WebGPU where a browser has it")] = None,
    perform: Annotated[
        bool | None, typer.Option("--perform", help="site: the page opens with its picture alone, which plays")
    ] = None,
    python: Annotated[str | None, typer.Option(help="lambda: the version of its runtime; 3.13 unless given")] = None,
    architecture: Annotated[str | None, typer.Option(help="lambda: x86_64 or arm64; x86_64 unless given")] = None,
) -> None:
    """The model as something that can be put online as it is, checked before it is handed over."""
    from ganvas.cli.text import publish_text

    result = ganvas.publish(
        model,
        to,
        out,
        title=title,
        about=about,
        licence=licence,
        against=against,
        at=at,
        scored=scored,
        even_copies=yes,
        repository=repository,
        webgpu=webgpu,
        perform=perform,
        python=python,
        architecture=architecture,
    )
    typer.echo(publish_text(result))


@app.command()
def serve(
    models: Annotated[list[str], typer.Argument(help="exported models or hf:owner/model; the first is the default")],
    host: Annotated[str, typer.Option(help="to listen on; 0.0.0.0 is every address here")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    keys: Annotated[Path | None, typer.Option(help="a file with one key a line; who asks must send one")] = None,
    public: Annotated[bool, typer.Option("--public", help="let everyone in, without keys")] = False,
    rate: Annotated[
        float | None, typer.Option(min=0, help="requests a second of one client, 0 for any; 20 unless on loopback")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="that drawing may use; all cores unless given")] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(help="an address or network whose X-Forwarded-For is believed; none unless given"),
    ] = None,
    root_path: Annotated[str, typer.Option(help="what a proxy puts before every path, as /pictures")] = "",
    control: Annotated[bool, typer.Option("--control", help="let OSC on this machine play the page")] = False,
    osc_port: Annotated[int, typer.Option(min=0, max=65535, help="UDP, for --control; 0 for any")] = 9000,
    workers: Annotated[int, typer.Option(min=1, help="processes behind the port, each with its own limits")] = 1,
) -> None:
    """The HTTP API, and the page at /; PyTorch is not needed for it."""
    _show_log()
    try:
        ganvas.serve(
            models,
            host=host,
            port=port,
            keys=keys,
            public=public,
            rate=rate,
            threads=threads,
            proxies=proxy or (),
            root_path=root_path,
            control=control,
            osc_port=osc_port,
            workers=workers,
            told=_tell_address,
        )
    except Interrupted:  # uvicorn passes the signal on once everything is answered
        return


def _tell_address(address: str, osc_port: int | None) -> None:
    heard = "" if osc_port is None else f"; OSC by UDP on 127.0.0.1:{osc_port}"
    typer.echo(f"{address} (the page), /docs (the API){heard}", err=True)


def _show_log() -> None:
    """What a server has to say while it runs goes to stderr as everything else does."""
    import logging

    shown = logging.StreamHandler()
    shown.setFormatter(logging.Formatter("ganvas: %(message)s"))
    logging.getLogger("ganvas").addHandler(shown)


@app.command()
def studio(
    home: Annotated[
        Path, typer.Argument(help="the folder with its runs and sets; the current one unless given")
    ] = Path(),
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="7870 or the next free one unless given")] = None,
    host: Annotated[str, typer.Option(help="to listen on; 0.0.0.0 is every address here")] = "127.0.0.1",
    host_name: Annotated[
        list[str] | None, typer.Option(help="a name that the page is asked by, as behind a proxy")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="a file whose first line lets others in; needed for --host elsewhere")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="let everyone in, without a password")] = False,
    root_path: Annotated[str, typer.Option(help="what a proxy puts before every path, as /studio")] = "",
    no_open: Annotated[bool, typer.Option("--no-open", help="do not open the page in a browser")] = False,
) -> None:
    """A page to drop pictures on, train, watch, compare, explore and publish; trainings outlive it."""
    _show_log()
    try:
        ganvas.open_studio(
            home,
            port=port,
            host=host,
            host_names=host_name or (),
            password_file=password_file,
            public=public,
            root_path=root_path,
            browser=not no_open,
            told=lambda address: typer.echo(f"{address} (the studio; Ctrl-C ends it, trainings go on)"),
        )
    except Interrupted:  # uvicorn passes the signal on once everything is answered
        return


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="two or more run folders")],
    out: Annotated[Path, typer.Option(help="the page to write")] = Path("compare.html"),
) -> None:
    """Runs side by side: curves, grids and the settings that differ, in one HTML page."""
    typer.echo(ganvas.compare(runs, out))


playing.add_to(app)
searching.add_to(app)


def main() -> None:
    """Run the command line; every error becomes one line on stderr and its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # the name of a file may be no text in the terminal's encoding
        sys.stdout.reconfigure(errors="backslashreplace")
    debug = "--debug" in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != "--debug"]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        try:
            app()
        except ModuleNotFoundError as error:
            if error.name not in _EXTRA_OF:
                raise
            raise missing_package(error.name, _EXTRA_OF[error.name], "This command and its like") from error
    except GanvasError as error:
        if debug:
            raise
        if tells(error):
            typer.echo(f"ganvas: {error}", err=True)
        sys.exit(error.exit_status)
    except (Interrupted, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        told, status = _unforeseen(error)
        typer.echo(f"ganvas: {told}", err=True)
        sys.exit(status)


def _unforeseen(error: Exception) -> tuple[str, int]:
    """One line for an error that nothing nearer to it turned into a GanvasError, and the exit status."""
    from ganvas.files import disk_failure  # which --help can do without

    if isinstance(error, MemoryError):
        return "there is not enough memory for this; free some, or ask for less", GanvasError.exit_status
    if isinstance(error, OSError):
        where = "" if error.filename is None else f"{error.filename}: "
        failure = disk_failure(error)
        return f"{where}{failure or error.strerror or error}", DiskError.exit_status if failure else 1
    said = " ".join(str(error).split())[:_MOST_LETTERS]
    return f"{type(error).__name__}: {said}; this is a fault of Ganvas: report it with what --debug shows", 1


def _interrupt(number: int, frame: object) -> None:
    raise Interrupted
