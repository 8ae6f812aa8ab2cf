"""The public functions that hand a model or a run on: exported, published, compared."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganvas.workflows.parse import parse_moment, parse_path
from ganvas.workflows.public.models import ModelLike, folder_of, is_remote

if TYPE_CHECKING:
    from ganvas.data.handed import PicturesLike
    from ganvas.workflows.publish import ExportResult, PublishResult


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
    folder = folder_of(model)
    where = parse_path(out) or (Path("exported") if is_remote(model) else folder / "exported")
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
        folder_of(model),
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
