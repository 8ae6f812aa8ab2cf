"""A model -> an exported folder: the weights, model.onnx, model.json, a card and a preview.

A model that copies its training pictures is not published unless its author says so: it would publish them.
"""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ganvas.errors import PicturesError, SettingError
from ganvas.features import load_extractor
from ganvas.files import cache_folder, replace_bytes, replace_text
from ganvas.formats.images import save_grid
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
)
from ganvas.metrics import verdict_lines
from ganvas.model import MainDirection, draw_all, labels_for, latents_for, main_directions
from ganvas.model.card import model_card
from ganvas.model.onnx import AT_ONCE, COMPARED_SEEDS, Graph, drawn_by_pytorch, export, largest_difference, to_onnx
from ganvas.model.quantize import Trial, try_int8
from ganvas.model.weights import Model, load_model, save_model
from ganvas.publishing.packaging import Order
from ganvas.publishing.targets import TARGETS
from ganvas.run.folder import RunFolder
from ganvas.settings import Settings
from ganvas.workflows.score import Judging, judge

DIRECTIONS, PREVIEWED = 10, 64


class Wording(Settings):
    """What the author says of the model; "" where nothing was said: then it stays as it was."""

    title: Text = ""
    about: Text = ""
    licence: Text = ""


@dataclass(frozen=True)
class Exporting:
    """What `ganvas export` is asked for.

    against: a source of the real pictures, to judge the model by; None: those of its run, where they still are.
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
class Exported:
    """What was written. unjudged: why there is no score card, or "". trial: what eight bits did, if they were tried."""

    publication: Publication
    unjudged: str
    trial: Trial | None


def export_model(asked: Exporting) -> Exported:
    """Check, judge and write.

    Raises:
        GanvasError: the model cannot be read or draws something else in onnxruntime; the pictures cannot be used; the
            folder cannot be written, or is the one that the model is read from.
    """
    _check_out(asked)
    model = load_model(asked.model, asked.at)
    graph, trial = export(model), None
    is_half = graph.weights == "float16"
    if asked.int8:
        size = model.description.height, model.description.width
        trial = try_int8(to_onnx(model), model.description, load_extractor("lite", size, cache_folder() / "downloads"))
        if trial.is_worth_it:
            difference = largest_difference(trial.stored, model.description, drawn_by_pytorch(model))
            graph = Graph(trial.stored, "int8", difference)
    opinion = _opinion(asked)
    if trial is not None and trial.is_worth_it:
        opinion = replace(opinion, findings=(*opinion.findings, f"{trial}."))
    published = write_export(asked.out, model, graph, asked.wording, opinion, half=is_half)
    return Exported(published, opinion.unjudged, trial)


@dataclass(frozen=True)
class Opinion:
    """What is known of a model's worth.

    copying: whether it copies its training pictures; None: not measured. scores: the card as `ganvas score --json`
    writes it, without the paths of this machine. unjudged: why there is none, or "".
    """

    copying: bool | None = None
    findings: tuple[str, ...] = ()
    scores: Mapping[str, Any] = field(default_factory=dict)
    unjudged: str = ""


def write_export(
    out: Path, model: Model, graph: Graph, wording: Wording, opinion: Opinion, *, half: bool = True
) -> Publication:
    """Write the folder of an exported model; model.json comes last, and without it there is no export.

    Words that are not given, and names of directions that are still the same, stay as an earlier export has them.

    Args:
        half: PyTorch's weights at half precision, as those of the graph where that changes no picture.

    Raises:
        SettingError: it cannot be written.
    """
    before = _published_before(out) or model.description.published
    said = _words(before) | {name: text for name, text in wording.model_dump().items() if text}
    names = {each.vector: each.name for each in before.directions} if before else {}
    found = [_as_stored(each) for each in main_directions(model, DIRECTIONS)]
    publication = Publication(
        **said,
        sha256=hashlib.sha256(graph.stored).hexdigest(),
        weights=graph.weights,
        compared_seeds=COMPARED_SEEDS,
        largest_difference=graph.largest_difference,
        truncation=before.truncation if before else 1.0,
        directions=tuple(each.model_copy(update={"name": names.get(each.vector, each.name)}) for each in found),
        copying=opinion.copying,
        findings=opinion.findings,
        scores=dict(opinion.scores),
    )
    published = model.description.model_copy(update={"published": publication})
    try:
        (out / DESCRIPTION_FILE).unlink(missing_ok=True)
        replace_bytes(out / ONNX_FILE, graph.stored)
        save_grid(out / PREVIEW_FILE, _preview(model))
        replace_text(out / CARD_FILE, model_card(published))
        save_model(out, published, model.generator, half=half)
    except OSError as error:
        raise SettingError(f"--out {out}: cannot be written ({error.strerror}); choose another folder") from error
    return publication


def _published_before(folder: Path) -> Publication | None:
    return read_description(folder).published if (folder / DESCRIPTION_FILE).exists() else None


def _words(before: Publication | None) -> dict[str, str]:
    """What its author said of an earlier export."""
    if before is None:
        return {"title": "This picture does not exist"}
    return {name: getattr(before, name) for name in Wording.model_fields}


def _as_stored(found: MainDirection) -> Direction:
    vector = tuple(round(each, 7) for each in found.vector.tolist())
    return Direction(name=found.name, share=round(found.share, 6), vector=vector)


def _check_out(asked: Exporting) -> None:
    """Raises SettingError where writing would spoil a run or the model itself."""
    inside = {each.resolve() for each in (asked.model, model_folder(asked.model))}
    if (asked.out / "run.toml").exists() or asked.out.resolve() in inside:
        raise SettingError(f"--out {asked.out}: holds a run or the model itself; choose another folder")


def _opinion(asked: Exporting) -> Opinion:
    if not asked.scored:
        return Opinion(unjudged="it was left out")
    trained = RunFolder(asked.model).read_config()
    against = asked.against or (trained.config.pictures.source if trained else None)
    if against is None:
        return Opinion(unjudged="its training pictures are not known; --against SOURCE names them")
    try:
        judged = judge(Judging(asked.model, against, at=asked.at))
    except (PicturesError, SettingError) as error:
        if asked.against is not None:
            raise
        why = f"its training pictures cannot be read any more ({error}); --against SOURCE names them"
        return Opinion(unjudged=why)
    card = judged.card
    protocol = replace(card.protocol, model=Path(card.protocol.model).name, against=Path(against).name)
    is_known = card.copies is not None and judged.are_its_own is not False
    return Opinion(
        copying=card.copies.is_copying if card.copies is not None and is_known else None,
        findings=tuple(verdict_lines(card)),
        scores=replace(card, protocol=protocol).to_dict(),
    )


def _preview(model: Model) -> np.ndarray:
    seeds = range(PREVIEWED)
    z = latents_for(model.description, seeds)
    return draw_all(model.generator, z, labels_for(model.description, seeds), at_once=AT_ONCE)


def export_text(asked: Exporting) -> str:
    """Export, and say what was written and what it is worth.

    Raises:
        GanvasError: as export_model.
    """
    exported = export_model(asked)
    made = exported.publication
    size = (asked.out / ONNX_FILE).stat().st_size
    said = made.findings or (f"It was not judged: {exported.unjudged}.",)
    tried = [str(exported.trial)] if exported.trial else []
    drawn = f"over {made.compared_seeds} seeds at most {made.largest_difference} of 255 grey levels from the original"
    return "\n".join(
        [*said, *tried, f"{ONNX_FILE}: {size / 1e6:.1f} MB, weights in {made.weights}, {drawn}", str(asked.out)]
    )


def publish_text(asked: Exporting, to: str, order: Order, *, even_copies: bool) -> str:
    """Export where that was not done yet, publish, and say what was written.

    Args:
        asked: whose `out` is where the target is written.
        to: a name in serve.targets.TARGETS.
        order: what that target is given besides the folders.
        even_copies: publish a model that copies its training pictures.
    Raises:
        GanvasError: as export_model; there is no such target; or the model copies.
    """
    if to not in TARGETS:
        raise SettingError(f"--to {to}: expected one of {', '.join(TARGETS)}")
    _check_out(asked)
    with TemporaryDirectory() as temporary:
        is_run = RunFolder(asked.model).read_config() is not None
        folder = asked.model / EXPORTED if is_run else Path(temporary) / EXPORTED
        lines = []
        if _needs_export(asked):
            lines.append(export_text(replace(asked, out=folder)))
        else:
            _reword(exported_folder(asked.model), folder, asked.wording)
        published = read_description(folder).published
        assert published is not None
        lines += _on_copying(published, asked.model, even_copies=even_copies)
        try:
            asked.out.mkdir(parents=True, exist_ok=True)
            made = replace(order, folder=folder, out=asked.out, downloads=cache_folder() / "downloads")
            parts = TARGETS[to](made)
        except OSError as error:
            raise SettingError(
                f"--out {asked.out}: cannot be written ({error.strerror}); choose another folder"
            ) from error
    sizes = [f"{size / 1e6:9.3f} MB  {name}" for name, size in parts.items()]
    return "\n".join([*lines, *sizes, str(asked.out)])


def _needs_export(asked: Exporting) -> bool:
    """Whether there is no whole export of the model as it is now, or something other than words was asked for."""
    exported = exported_folder(asked.model)
    if asked.int8 or asked.at is not None or asked.against is not None:
        return True
    if not all((exported / name).exists() for name in (DESCRIPTION_FILE, ONNX_FILE, CARD_FILE, PREVIEW_FILE)):
        return True
    published = read_description(exported).published
    if published is None or exported == asked.model:
        return published is None
    return is_outdated(asked.model) or (asked.scored and published.copying is None)


def _reword(source: Path, target: Path, wording: Wording) -> None:
    """Copy an exported model if it is to lie elsewhere, and let it say what its author says now."""
    if source.resolve() != target.resolve():
        shutil.copytree(source, target)
    description = read_description(target)
    assert description.published is not None
    said = {name: text for name, text in wording.model_dump().items() if text}
    if said:
        reworded = description.model_copy(update={"published": description.published.model_copy(update=said)})
        replace_text(target / CARD_FILE, model_card(reworded))
        replace_text(target / DESCRIPTION_FILE, reworded.to_json())


def _on_copying(published: Publication, model: Path, *, even_copies: bool) -> list[str]:
    """What is to be said of copying; raises SettingError for a model that copies, unless it is wanted all the same."""
    if published.copying is None:
        return ["Warning: whether it copies its training pictures was not measured; --against them does."]
    if not published.copying:
        return []
    found = " ".join(published.findings)
    if even_copies:
        return [f"Warning: this model copies its training pictures, which are published with it. {found}"]
    raise SettingError(
        f"{model}: this model copies its training pictures, so that publishing it publishes them; --yes does it all "
        f"the same. {found}"
    )
