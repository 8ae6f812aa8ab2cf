"""What commands say of their results, as plain text. Nothing here prints or computes."""

import json
import textwrap
from typing import TYPE_CHECKING

from ganvas.recipes import DEFAULT, RECIPES, recipe
from ganvas.searched import SEARCHED
from ganvas.wording import counted

if TYPE_CHECKING:
    from ganvas.workflows.publish import ExportResult, PublishResult
    from ganvas.workflows.score import ScoreResult

SECTIONS = {
    "pictures": "which pictures, and what is done to each",
    "network": "the two players",
    "objective": "what the players minimise",
    "augmentation": "how strongly `objective.augment` changes pictures",
    "optimizer": "Adam for each player, and Muon for what of the generator it suits",
    "training": "how the players take turns, and what is kept",
    "statistics": "what is computed from the set before the first step",
    "anchor": "what holds broad light and tint to the PCA draw",
    "matching": "feature matching",
    "reconstruction": "what of the set's own pictures is drawn again",
    "enlarging": "how large pictures are made of small ones",
    "measuring": "how the run is measured while it goes on",
    "health": "the rules of the verdict",
    "recording": "what is written as the run goes",
}


def recipe_list() -> str:
    """Every recipe in a few lines."""
    blocks = []
    for name, known in RECIPES.items():
        default = " (the default)" if name == DEFAULT else ""
        pictures = known.config.pictures
        text = f"{known.title}, {pictures.width}x{pictures.height}. Source: {known.source}. Reached: {known.reached}"
        blocks.append(f"{name}{default}\n{textwrap.fill(text, 100, initial_indent='    ', subsequent_indent='    ')}")
    return "\n".join([*blocks, "", "`ganvas recipes NAME` shows a recipe's failings and all its settings."])


def recipe_page(name: str) -> str:
    """One recipe: what is known of it, and its settings as `--set` takes them, each with its meaning."""
    known = recipe(name)
    about = [known.title, f"Source: {known.source}", f"Reached: {known.reached}", f"Known failings: {known.failings}"]
    about += ["", "How it works:", *(f"{n:>2}. {said}" for n, said in enumerate(known.how, 1))] if known.how else []
    lines = []
    for section, title in SECTIONS.items():
        settings = getattr(known.config, section)
        if settings is None:
            continue
        lines += ["", f"# {title}"]
        for field, value in settings.model_dump(mode="json").items():
            meaning = type(settings).model_fields[field].description or field
            lines.append(f"{f'{section}.{field} = {_as_typed(value)}':<50} # {meaning}")
    lines += ["", "# what `ganvas tune` searches"]
    lines += [f"{f'{path}: {span}':<50} # {span.reason}" for path, span in SEARCHED[name].items()]
    return "\n".join([f"# {name}", *about, *lines])


def _as_typed(value: object) -> str:
    """A setting's value as `--set` takes it; "(not set)" cannot be typed."""
    if value is None:
        return "(not set)"
    if not isinstance(value, list):
        return str(value)
    are_words = all(isinstance(each, str) for each in value)
    return ",".join(value) if are_words else f"[{','.join(map(str, value))}]"


def score_text(result: "ScoreResult", *, as_json: bool) -> str:
    """A score card as a table or as JSON."""
    from ganvas.metrics import card_lines

    return json.dumps(result.card.to_dict(), indent=1) if as_json else "\n".join(card_lines(result.card))


def export_text(result: "ExportResult") -> str:
    """What was written, and what it is worth."""
    made = result.publication
    findings = made.findings or (f"It was not scored: {result.not_scored}.",)
    trial = [str(result.trial)] if result.trial else []
    seeds = counted(made.compared_seeds, "seed")
    drawn = f"over {seeds} at most {made.largest_difference} of 255 grey levels from the original"
    size = f"model.onnx: {result.onnx_bytes / 1e6:.1f} MB, weights in {made.weights}, {drawn}"
    return "\n".join([*findings, *trial, size, str(result.out)])


def publish_text(result: "PublishResult") -> str:
    """What the export did, if there was one, what is to be known of copying, what was written, and where it is."""
    lines = [] if result.exported is None else [export_text(result.exported)]
    if result.publication.copying is None:
        lines.append("Warning: whether it copies its training pictures was not measured; --against them does.")
    elif result.publication.copying:
        found = " ".join(result.publication.findings)
        lines.append(f"Warning: this model copies its training pictures, which are published with it. {found}")
    sizes = [f"{size / 1e6:9.3f} MB  {name}" for name, size in result.parts.items()]
    return "\n".join([*lines, *sizes, str(result.out), *result.addresses])
