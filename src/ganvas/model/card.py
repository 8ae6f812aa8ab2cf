"""The README.md of a model folder: what the model is, what it was made of, how good it is, what may be done with it."""

from ganvas.formats.front_matter import front_matter
from ganvas.formats.manifest import Description, Publication
from ganvas.training import ARCHITECTURES
from ganvas.wording import counted

HUB_LICENCES = frozenset(
    (
        *(
            "apache-2.0",
            "mit",
            "cc0-1.0",
            "cc-by-4.0",
            "cc-by-sa-4.0",
            "cc-by-nc-4.0",
            "cc-by-nc-sa-4.0",
            "cc-by-nd-4.0",
        ),
        *("cc-by-nc-nd-4.0", "openrail", "creativeml-openrail-m", "gpl-3.0", "agpl-3.0", "lgpl-3.0", "unlicense"),
    )
)
_KINDS = {1: "grey", 3: "colour", 4: "colour with transparency"}


def model_card(description: Description) -> str:
    """For a run's own model folder, or an exported one, whose card says more and has the metadata that hubs read."""
    published = description.published
    parts = [
        "" if published is None else _metadata(published),
        f"# {_title(description)}\n",
        "" if published is None or not published.about else f"{published.about}\n",
        _training(description),
        "![pictures it draws](preview.png)\n",
        "" if published is None else _scores(published),
        _use(description),
        _licence(published),
    ]
    return "\n".join(part for part in parts if part)


def _title(description: Description) -> str:
    if description.published is not None:
        return description.published.title
    return f"A generator of {description.width}x{description.height} {_KINDS[description.channels]} pictures"


def _metadata(published: Publication) -> str:
    """The card's front matter; a hub knows the licences on its list, and calls every other one `other`."""
    values: dict[str, str | list[str]] = {"library_name": "ganvas", "pipeline_tag": "unconditional-image-generation"}
    licence = published.licence.lower().replace(" ", "-")
    if licence in HUB_LICENCES:
        values["license"] = licence
    elif licence:
        values |= {"license": "other", "license_name": published.licence}
    return front_matter(values | {"tags": ["gan", "onnx", "ganvas"]})


def _training(description: Description) -> str:
    made = description.provenance
    kind = f"{description.width}x{description.height} pixels, {_KINDS[description.channels]}"
    if made is None:
        return f"Made by Ganvas {description.ganvas}, recipe `{description.recipe}`: {kind}.\n"
    lines = [
        f"Trained with Ganvas {description.ganvas} on {made.date}, recipe `{description.recipe}`, from "
        f"`{description.source}`,",
        f"for {counted(made.images, 'image')} shown in {made.seconds / 60:.1f} minutes on {made.device}: {kind}.",
    ]
    if made.images != description.images:
        best = "" if description.published else ", which was measured to be the best"
        lines.append(f"This is the model after {description.images} of them{best}.")
    row = ARCHITECTURES.get(description.architecture)
    if row is not None and (said := row.disclosure):
        lines.append(f"{said[0].upper()}{said[1:]}.")
    return "\n".join(lines) + "\n"


def _scores(published: Publication) -> str:
    if not published.findings:
        return "Its quality was not measured.\n"
    return "\n".join(["```", *published.findings, "```", ""])


def _use(description: Description) -> str:
    lines = [
        "Draw more with `ganvas generate FOLDER --count 16 --seed 0`, where FOLDER holds this file.",
        "The weights are in `generator.safetensors`; `model.json` says which network they belong to.",
    ]
    if (published := description.published) is not None:
        labelled = " and `label` int64 (batch,)" if description.classes else ""
        lines += [
            f"`model.onnx` draws without PyTorch: `z` float32 (batch, {description.z_dim}){labelled} in, `image` uint8",
            f"(batch, {description.height}, {description.width}, {description.channels}) out; weights in "
            f"{published.weights}. Over {counted(published.compared_seeds, 'seed')} it differs from",
            f"the generator by at most {published.largest_difference} of 255 grey levels. Truncation multiplies `z`.",
        ]
    return "\n".join(lines) + "\n"


def _licence(published: Publication | None) -> str:
    terms = "The licence of the pictures it was trained on decides what may be done with those that it draws.\n"
    if published is None:
        return terms
    return f"Licence: {published.licence or 'not set by its author'}. {terms}"
