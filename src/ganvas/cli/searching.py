"""The verb that searches settings, on the public API alone."""

from pathlib import Path
from typing import Annotated

import typer

import ganvas

SOURCE = "a folder, zip, tar or .npy; avatars, digits, mnist, lfw, celeba; hf:owner/dataset"


def tune(
    source: Annotated[str, typer.Argument(help=SOURCE)],
    recipe: Annotated[str | None, typer.Option(help="whose settings are searched; `ganvas recipes` lists them")] = None,
    size: Annotated[str | None, typer.Option(help="pixels: 64, or 96x64 (width x height); 16 to 1,024")] = None,
    time: Annotated[str, typer.Option(help="of every training, as in 90s, 10m, 1h")] = "10m",
    trials: Annotated[int, typer.Option(min=1, help="of the whole search, over all calls")] = 30,
    within: Annotated[
        str | None,
        typer.Option(help="begin no further trial after this time, as in 8h; as long as it takes unless given"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="the folder of the search; tuning/SOURCE-RECIPE unless given")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(help="a database by its URL, for several machines; a journal in --out unless given"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="of every training; 0 unless given")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps")] = None,
    blind: Annotated[bool, typer.Option("--blind", help="swift without ImageNet's weights in training")] = False,
    conditional: Annotated[
        bool, typer.Option("--conditional", help="sub-folders are labels that can be asked for later")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="section.field=value, more than once; what is given is not searched"),
    ] = None,
) -> None:
    """Search the settings of a recipe that suit a set. The same command again goes on; several at once share it."""
    found = ganvas.tune(
        source,
        recipe=recipe,
        size=size,
        time=time,
        trials=trials,
        within=within,
        out=out,
        storage=storage,
        seed=seed,
        device=device,
        blind=blind,
        conditional=conditional,
        settings=settings or [],
    )
    typer.echo(found, err=found.interrupted)
    if found.interrupted:
        raise typer.Exit(130)


def add_to(app: typer.Typer) -> None:
    """The verb of this file, as a command."""
    app.command()(tune)
