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
    out: Annotated[Path, typer.Option(help=".mp4, .webm, .gif or .webp; a name without an ending: a folder of PNGs")],
    stops: Annotated[
        list[str] | None, typer.Argument(help="seeds, or links of its page; six seeds from --seed on unless given")
    ] = None,
    preset: Annotated[Path | None, typer.Option(help="keyframes that its page saved, instead of stops")] = None,
    loop: Annotated[str, typer.Option(help="tour: from stop to stop; noise: around a stop, at random")] = "tour",
    radius: Annotated[float, typer.Option(help="of a noise loop: 0 stays, 1 comes to another picture")] = 1.0,
    seconds: Annotated[str | None, typer.Option(help="of the film; two for every stop unless given")] = None,
    fps: Annotated[int, typer.Option(help="frames a second")] = 30,
    grid: Annotated[str, typer.Option(help="pictures side by side, as 3x3 (columns x rows)")] = "1",
    scale: Annotated[int | None, typer.Option(help="what a pixel is enlarged by; to 512 px unless given")] = None,
    truncation: Truncation = None,
    label: Annotated[str | None, typer.Option(help="of a model with classes")] = None,
    seed: Annotated[int, typer.Option(help="of the first stop, and of a noise loop")] = 0,
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


def add_to(app: typer.Typer) -> None:
    """Every verb of this file, as a command."""
    for verb in (walk,):
        app.command()(verb)
