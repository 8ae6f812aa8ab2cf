"""A model -> an exported folder, and that -> what can be put online.

An exported folder holds the weights, model.onnx, model.json, a card and a preview. A model that copies its
training pictures is not published unless its author says so: it would publish them.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from onnx import ModelProto

from ganvas.errors import PicturesError, SettingError
from ganvas.explore.directions import FILE as DIRECTIONS_FILE
from ganvas.explore.directions import directions_of_model, named, read_directions
from ganvas.explore.project import components_size
from ganvas.features import load_extractor
from ganvas.files import cache_folder, replace_text, replacing_all, sweep, writing_to
from ganvas.formats.graph import check_graph
from ganvas.formats.images import REDUCED_PX, save_grid
from ganvas.formats.manifest import (
    CARD_FILE,
    DESCRIPTION_FILE,
    EXPORTED,
    ONNX_FILE,
    PREVIEW_FILE,
    Direction,
    Publication,
    Text,
    exported_folder,
    is_outdated,
    model_folder,
    read_description,
    read_onnx,
)
from ganvas.metrics import verdict_lines
from ganvas.model import draw_all, drawn_at_once, labels_for, latents_for
from ganvas.model.card import model_card
from ganvas.model.onnx import (
    Graph,
    compared_seeds,
    drawn_by_pytorch,
    largest_difference,
    smallest_graph,
    to_onnx,
)
from ganvas.model.quantize import Trial, try_int8
from ganvas.model.weights import WEIGHTS_FILE, Model, load_model, save_weights
from ganvas.publishing.packaging import MODEL_FILES, Bundle, copy_files
from ganvas.publishing.targets import TARGETS, options_for
from ganvas.run.folder import RunFolder
from ganvas.settings import Settings
from ganvas.workflows.score import ScoreOptions, Told, nobody, score_pictures

PREVIEWED = 64


class Wording(Settings):
    """What the author says of the model; "" where nothing was said: then it stays as it was."""

    title: Text = ""
    about: Text = ""
    licence: Text = ""


@dataclass(frozen=True)
class ExportOptions:
    """Options of `ganvas export`.

    against: a source of the real pictures, to score the model by; None: those of its run, where they still are.
    at: the moment of the run, images shown. scored: False leaves the score card out. int8: try eight-bit weights.
    """

    model: Path
    out: Path
    wording: Wording
    against: str | None = None
    at: int | None = None
    scored: bool = True
    int8: bool = False


@dataclass(frozen=True)
class ExportResult:
    """What was written to `out`.

    onnx_bytes: size of model.onnx. not_scored: why there is no score card, or "". trial: what eight bits did, if they
    were tried.
    """

    out: Path
    publication: Publication
    onnx_bytes: int
    not_scored: str
    trial: Trial | None


def export_model(
    options: ExportOptions,
    *,
    load: Callable[[Path, int | None], Model] = load_model,
    trace: Callable[[Model], ModelProto] = to_onnx,
    told: Told = nobody,
) -> ExportResult:
    """Check, score and write. The model is loaded and traced once. `told` is told how far it is.

    Raises:
        GanvasError: the model cannot be read or draws something else in onnxruntime; the pictures cannot be used; the
            folder cannot be written, or is the one that the model is read from.
    """
    _check_out(options.model, options.out)
    told("reading the model", 0, None)
    model = load(options.model, options.at)
    told("tracing the model", 0, None)
    whole, expected = trace(model), drawn_by_pytorch(model)
    graph, trial = smallest_graph(whole, model.description, expected), None
    is_half = graph.weights == "float16"
    quality = _quality(options, model, told)
    if options.int8:
        told("trying eight bits", 0, None)
        size = model.description.height, model.description.width
        trial = try_int8(whole, model.description, load_extractor("lite", size, cache_folder() / "downloads"))
        if trial.is_worth_it:
            graph = Graph(trial.stored, "int8", largest_difference(trial.stored, model.description, expected))
            quality = replace(quality, findings=(*quality.findings, f"{trial}."))
    kept = read_directions(options.model / DIRECTIONS_FILE, model.description.z_dim)
    published = write_export(options.out, model, graph, options.wording, quality, half=is_half, directions=kept)
    return ExportResult(options.out, published, len(graph.stored), quality.not_scored, trial)


@dataclass(frozen=True)
class Quality:
    """What is known of a model's quality.

    copying: whether it copies its training pictures; None: not measured. scores: the card as `ganvas score --json`
    writes it, without the paths of this machine. not_scored: why there is none, or "".
    """

    copying: bool | None = None
    findings: tuple[str, ...] = ()
    scores: Mapping[str, object] = field(default_factory=dict[str, object])
    not_scored: str = ""


def write_export(
    out: Path,
    model: Model,
    graph: Graph,
    wording: Wording,
    quality: Quality,
    *,
    half: bool = True,
    directions: Sequence[Direction] = (),
) -> Publication:
    """Write the folder of an exported model. An export that is there stays whole until all of the new one is written.

    Words that are not given, and names of directions that are still the same, stay as an earlier export has them.

    Args:
        half: PyTorch's weights at half precision, as those of the graph where that changes no picture.
        directions: those of its directions.json, with their names.

    Raises:
        SettingError, DiskError: it cannot be written.
    """
    before = _published_before(out) or model.description.published
    said = _words(before) | {name: text for name, text in wording.model_dump().items() if text}
    kept = directions or (before.directions if before else ())
    publication = Publication(
        **said,
        sha256=hashlib.sha256(graph.stored).hexdigest(),
        weights=graph.weights,
        compared_seeds=len(compared_seeds(model.description)),
        largest_difference=graph.largest_difference,
        truncation=before.truncation if before else 1.0,
        directions=directions_of_model(model, kept),
        components=components_size(model),
        copying=quality.copying,
        findings=quality.findings,
        scores=dict(quality.scores),
    )
    published = model.description.model_copy(update={"published": publication})
    names = (PREVIEW_FILE, CARD_FILE, WEIGHTS_FILE, ONNX_FILE, DESCRIPTION_FILE)
    with writing_to(out), replacing_all(*(out / name for name in names)) as (preview, card, weights, graph_path, words):
        save_grid(preview, _preview(model))
        card.write_text(model_card(published), encoding="utf-8")
        save_weights(weights, model.generator, half=half)
        graph_path.write_bytes(graph.stored)
        words.write_text(published.to_json(), encoding="utf-8")
    return publication


def _published_before(folder: Path) -> Publication | None:
    return read_description(folder).published if os.path.exists(folder / DESCRIPTION_FILE) else None


def _words(before: Publication | None) -> dict[str, str]:
    """What its author said of an earlier export."""
    if before is None:
        return {"title": "This picture does not exist"}
    return {name: getattr(before, name) for name in Wording.model_fields}


def _check_out(model: Path, out: Path) -> None:
    """Raises SettingError where writing would spoil a run or the model itself."""
    inside = {each.resolve() for each in (model, model_folder(model))}
    if (out / "run.toml").exists() or out.resolve() in inside:
        raise SettingError(f"--out {out}: holds a run or the model itself; choose another folder")


def _quality(options: ExportOptions, model: Model, told: Told) -> Quality:
    if not options.scored:
        return Quality(not_scored="it was left out")
    trained = RunFolder(options.model).read_config()
    against = options.against or (trained.config.pictures.source if trained else None)
    if against is None:
        return Quality(not_scored="its training pictures are not known; --against SOURCE names them")
    try:
        found = score_pictures(ScoreOptions(options.model, against, at=options.at), model, told)
    except (PicturesError, SettingError) as error:
        if options.against is not None:
            raise
        why = f"its training pictures cannot be read any more ({error}); --against SOURCE names them"
        return Quality(not_scored=why)
    card = found.card
    protocol = replace(card.protocol, model=Path(card.protocol.model).name, against=Path(against).name)
    is_known = card.copies is not None and found.are_its_own is not False
    return Quality(
        copying=card.copies.is_copying if card.copies is not None and is_known else None,
        findings=tuple(verdict_lines(card)),
        scores=replace(card, protocol=protocol).to_dict(),
    )


def _preview(model: Model) -> np.ndarray:
    seeds = range(PREVIEWED)
    z = latents_for(model.description, seeds)
    labels, at_once = labels_for(model.description, seeds), drawn_at_once(model.description)
    return draw_all(model.generator, z, labels, at_once=at_once, longest_px=REDUCED_PX)


@dataclass(frozen=True)
class PublishOptions:
    """Options of `ganvas publish`; `against`, `at` and `scored` as in ExportOptions.

    to: a name in TARGETS. of_target: the options of that target which were given, by their names. out: where the target
    is written. even_copies: publish a model that copies its training pictures.
    """

    model: Path
    out: Path
    to: str
    wording: Wording
    of_target: Mapping[str, object] = field(default_factory=dict[str, object])
    against: str | None = None
    at: int | None = None
    scored: bool = True
    even_copies: bool = False


@dataclass(frozen=True)
class PublishResult:
    """What was written to `out`.

    parts: their names and bytes. publication: what the model says of itself. exported: what the export did that came
    first; None: the model had been exported before. addresses: where it is online now.
    """

    out: Path
    parts: Mapping[str, int]
    publication: Publication
    exported: ExportResult | None
    addresses: Sequence[str] = ()


def publish_model(
    options: PublishOptions,
    *,
    export: Callable[[ExportOptions], ExportResult] | None = None,
    told: Told = nobody,
) -> PublishResult:
    """Export where that was not done yet, and publish. `told` is told how far it is.

    Raises:
        GanvasError: as export_model; there is no such target, or it does not take an option; or the model copies.
    """
    target_options = options_for(options.to, options.of_target)
    _check_out(options.model, options.out)
    with TemporaryDirectory() as temporary:
        is_run = RunFolder(options.model).read_config() is not None
        folder = options.model / EXPORTED if is_run else Path(temporary) / EXPORTED
        exported = None
        if _needs_export(options):
            wanted = ExportOptions(options.model, folder, options.wording, options.against, options.at, options.scored)
            exported = export_model(wanted, told=told) if export is None else export(wanted)
        else:
            _reword(exported_folder(options.model), folder, options.wording, options.model / DIRECTIONS_FILE)
        description = read_description(folder)
        check_graph(read_onnx(folder, description), description)
        publication = description.published
        assert publication is not None
        if publication.copying and not options.even_copies:
            raise SettingError(
                f"{options.model}: this model copies its training pictures, so that publishing it publishes them; "
                f"--yes does it all the same. {' '.join(publication.findings)}"
            )
        told("writing", 0, None)
        with writing_to(options.out):
            options.out.mkdir(parents=True, exist_ok=True)
            sweep(options.out, inside=True)
            bundle = Bundle(folder, cache_folder() / "downloads")
            parts = TARGETS[options.to].publish(bundle, options.out, target_options)
    return PublishResult(options.out, parts, publication, exported, TARGETS[options.to].addresses(target_options))


def _needs_export(options: PublishOptions) -> bool:
    """Whether there is no whole export of the model as it is now, or more than other words is wanted of it."""
    exported = exported_folder(options.model)
    if options.at is not None or options.against is not None:
        return True
    if not all((exported / name).exists() for name in (DESCRIPTION_FILE, ONNX_FILE, CARD_FILE, PREVIEW_FILE)):
        return True
    published = read_description(exported).published
    if published is None or exported == options.model:
        return published is None
    return is_outdated(options.model) or (options.scored and published.copying is None)


def _reword(source: Path, target: Path, wording: Wording, directions: Path) -> None:
    """Copy an exported model if it is to lie elsewhere, and let it say what its author says now.

    directions: where names of them are kept, if any are.
    """
    if source.resolve() != target.resolve():
        copy_files(source, target, MODEL_FILES)
    description = read_description(target)
    assert description.published is not None
    said: dict[str, object] = {name: text for name, text in wording.model_dump().items() if text}
    if kept := read_directions(directions, description.z_dim):
        said["directions"] = named([each for each in description.published.directions if not each.is_made], kept)
    if said:
        reworded = description.model_copy(update={"published": description.published.model_copy(update=said)})
        replace_text(target / CARD_FILE, model_card(reworded))
        replace_text(target / DESCRIPTION_FILE, reworded.to_json())
