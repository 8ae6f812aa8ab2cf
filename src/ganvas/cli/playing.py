"""The verbs that play a trained generator: one short function each, on the public API alone."""

from pathlib import Path
from typing import Annotated

import typer

import ganvas

MODEL = "a run folder, a model folder or hf:owner/model"
Model = Annotated[str, typer.Argument(help=MODEL)]
Moment = Annotated[str | None, typer.Option(help="that moment of the run: images shown, as in 12800, or last")]
Truncation = Annotated[float | None, typer.Option(help="below 1: nearer to the mean picture, less varied")]


def walk(
    model: Model,
    out: Annotated[
        Path, typer.Option(help=".mp4, .webm, .gif or .webp; a name without an ending: a new folder of PNGs")
    ],
    stops: Annotated[
        list[str] | None, typer.Argument(help="seeds, or links of its page; six seeds from --seed on unless given")
    ] = None,
    preset: Annotated[
        Path | None, typer.Option(help="what its page or `ganvas project` saved, instead of stops; played as there")
    ] = None,
    loop: Annotated[
        str | None, typer.Option(help="tour, as unless given: from stop to stop; noise: around a stop, at random")
    ] = None,
    radius: Annotated[
        float | None, typer.Option(help="of a noise loop: 0 stays; 1, as unless given, comes to another picture")
    ] = None,
    seconds: Annotated[str | None, typer.Option(help="of the film; two for every stop unless given")] = None,
    fps: Annotated[int, typer.Option(help="frames a second")] = 30,
    grid: Annotated[str | None, typer.Option(help="pictures side by side, as 3x3 (columns x rows)")] = None,
    scale: Annotated[int | None, typer.Option(help="what a pixel is enlarged by; to 512 px unless given")] = None,
    truncation: Truncation = None,
    label: Annotated[str | None, typer.Option(help="the class of stops that name none")] = None,
    seed: Annotated[
        int | None, typer.Option(help="of the first stop where none are given, and of a noise loop")
    ] = None,
    at: Moment = None,
) -> None:
    """A film through latent space that ends where it begins."""
    path = ganvas.walk(
        model,
        out,
        stops=stops or None,
        preset=preset,
        loop=loop,
        radius=radius,
        seconds=seconds,
        fps=fps,
        grid=grid,
        scale=scale,
        truncation=truncation,
        label=label,
        seed=seed,
        at=at,
    )
    typer.echo(path)


def project(
    model: Model,
    photos: Annotated[list[Path], typer.Argument(help="one or more files")],
    out: Annotated[Path, typer.Option(help="the folder to write: strips, films, preset.json")] = Path("projected"),
    steps: Annotated[int, typer.Option(help="of the refinement; 0: the first guess")] = 100,
    seed: Annotated[int | None, typer.Option(help="where the search begins, without components and encoder")] = None,
    label: Annotated[str | None, typer.Option(help="the class; the one that fits best unless given")] = None,
    fit: Annotated[str, typer.Option(help="for photos of another shape: crop, pad or stretch")] = "crop",
    film: Annotated[bool, typer.Option("--film", help="also write a film of each search")] = False,
    at: Moment = None,
) -> None:
    """Photos as this generator sees them: the latent whose picture is nearest to each."""
    for one in ganvas.project(model, photos, out, steps=steps, seed=seed, label=label, fit=fit, film=film, at=at):
        typer.echo(
            f"{one.name}: {one.before.pixels:.1f} grey levels away, {one.before.features:.3f} in features; refined "
            f"{one.after.pixels:.1f} and {one.after.features:.3f}"
        )
    typer.echo(out)


def mix(
    model: Model,
    seeds: Annotated[
        str | None, typer.Option(help="as 3,7, or links, which a space parts: every one is mixed with every one")
    ] = None,
    rows: Annotated[str | None, typer.Option(help="likewise, of the rows alone")] = None,
    columns: Annotated[str | None, typer.Option(help="likewise, of the columns alone")] = None,
    out: Annotated[Path, typer.Option(help="the sheet")] = Path("mix.png"),
    share: Annotated[
        float | None, typer.Option(help="of the way from the row's picture to the column's; 0.5 unless given")
    ] = None,
    coarse: Annotated[
        int | None, typer.Option(help="style mixing: so many numbers of the row's latent, the rest of the column's")
    ] = None,
    truncation: Truncation = None,
    label: Annotated[str | None, typer.Option(help="the class of pictures that name none")] = None,
    at: Moment = None,
) -> None:
    """The table of mixtures of pictures."""
    ganvas.mix(
        model,
        _stops(rows),
        _stops(columns),
        out,
        seeds=_stops(seeds),
        share=share,
        coarse=coarse,
        truncation=truncation,
        label=label,
        at=at,
    )
    typer.echo(out)


def _stops(typed: str | None) -> list[str] | None:
    """Seeds, as commas or spaces part them, and links, as spaces do; a link may have commas of its own."""
    if typed is None:
        return None
    words = ([word] if "=" in word else word.replace(",", " ").split() for word in typed.split())
    return [stop for stops in words for stop in stops]


def blend(
    one: Model,
    other: Annotated[str, typer.Argument(help=MODEL)],
    out: Annotated[Path, typer.Option(help="the model folder to write, a new one")],
    share: Annotated[float, typer.Option(help="of the way from the first to the second")] = 0.5,
    at: Moment = None,
    other_at: Annotated[str | None, typer.Option(help="that moment of the second run")] = None,
) -> None:
    """A model between two of the same networks, best of one run or where one was trained on from the other."""
    typer.echo(ganvas.blend(one, other, out, share=share, at=at, other_at=other_at))


def neighbours(
    model: Model,
    seeds: Annotated[list[str], typer.Argument(help="seeds, or links of its page")],
    against: Annotated[str, typer.Option(help="the training pictures")],
    out: Annotated[Path, typer.Option(help="the sheet")] = Path("neighbours.png"),
    at: Moment = None,
) -> None:
    """The training pictures nearest to generated ones, and what the copy test says."""
    for seed, near in zip(seeds, ganvas.neighbours(model, seeds, against, out, at=at), strict=True):
        said = "counts as a copy" if near.is_copy else "no copy"
        typer.echo(f"{seed}: {near.ratio:.2f} times as far from the nearest as from the fifth nearest: {said}")
    typer.echo(out)


def directions(
    model: Model,
    out: Annotated[Path, typer.Option(help="the sheet of strips")] = Path("directions.png"),
    liked: Annotated[Path | None, typer.Option("--from", help="a folder of its pictures that you like")] = None,
    others: Annotated[Path | None, typer.Option("--against", help="a folder of others")] = None,
    name: Annotated[str, typer.Option(help="of the direction that parts them; the folder's unless given")] = "",
    seed: Annotated[int, typer.Option(help="whose picture the strips begin with")] = 0,
    at: Moment = None,
) -> None:
    """Strips along the main directions, and one of your own from examples; directions.json keeps their names."""
    found = ganvas.directions(model, out, liked=liked, others=others, name=name, seed=seed, at=at)
    for number, each in enumerate(found.directions, 1):
        typer.echo(f"{number:>3}  {each.name}" + (f"  {each.share:.1%} of the variance" if each.share else ""))
    if found.parted is not None:
        parted = found.parted
        typer.echo(
            f"it parts {parted.right} of {parted.of} examples that it had not seen ({parted.low:.0%} to "
            f"{parted.high:.0%}; half would be chance)"
        )
    typer.echo(f"{out}; names: {found.path}")


def add_to(app: typer.Typer) -> None:
    """Every verb of this file, as a command."""
    for verb in (walk, directions, project, mix, blend, neighbours):
        app.command()(verb)
