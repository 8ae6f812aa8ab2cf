"""The model folder as whoever only draws sees it: model.json, and model.onnx once it was exported.

A run writes model.json beside its weights, and its provenance, which no repeat of it has again, into a file of its own;
`ganvas export` adds that and a Publication to model.json and puts model.onnx beside it. All are read as a stranger's
files are, and nothing here imports torch, so that a server or a cloud function can.
"""

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from ganvas.errors import ModelError
from ganvas.files import read_json, read_small
from ganvas.settings import LARGEST_PX, MOST_TRUNCATION, SMALLEST_PX, STEP_PX, Settings, first_fault
from ganvas.wording import counted

DESCRIPTION_FILE, ONNX_FILE, CARD_FILE, PREVIEW_FILE = "model.json", "model.onnx", "README.md", "preview.png"
TRAINING_FILE = "training.json"
EXPORTED = "exported"
ONNX_LIMIT_BYTES = 2_000_000_000

Kind = TypeVar("Kind", bound=Settings)
Text = Annotated[str, Field(max_length=10_000)]


class Direction(Settings):
    """A way through latent space along which pictures change."""

    name: str = Field(max_length=100, description="what its slider is called; free to be edited")
    share: float = Field(ge=0, le=1, description="of the variance that all directions bring about")
    vector: tuple[float, ...] = Field(description="Z numbers, of length 1")
    is_made: bool = Field(default=False, description="whether it was made from examples rather than found")


class NamedDirections(Settings):
    """directions.json: a model's directions beside it, where their names can be changed and last."""

    ganvas_directions: Literal[1] = 1
    directions: tuple[Direction, ...] = Field(default=(), max_length=64)

    def to_json(self) -> str:
        """As the file has it: vectors in one line."""
        return in_rows(self.model_dump_json(indent=1) + "\n")


class Publication(Settings):
    """What `ganvas export` adds."""

    title: Text = Field(description="of the page")
    about: Text = Field(default="", description="its author's words on the page")
    licence: Text = Field(default="", description="of the model and of what it draws, as its author sets it")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of model.onnx")
    weights: Literal["float16", "float32", "int8"] = Field(description="how they are stored in model.onnx")
    compared_seeds: int = Field(ge=1, description="drawn by the generator and by model.onnx before it was written")
    largest_difference: int = Field(ge=0, le=255, description="between those pictures, in grey levels")
    truncation: float = Field(
        default=1.0, ge=0, le=MOST_TRUNCATION, description="that the page starts with; multiplies latents"
    )
    directions: tuple[Direction, ...] = Field(default=(), max_length=64, description="main ones, strongest first")
    components: tuple[int, int] | None = Field(
        default=None, description="height and width of pictures on the principal components in model.onnx; pixels"
    )
    copying: bool | None = Field(default=None, description="whether it copies training pictures; not set: not measured")
    findings: tuple[Text, ...] = Field(default=(), description="what the score card says, a line each")
    scores: dict[str, Any] = Field(default={}, description="the score card as `ganvas score --json` writes it")


class Provenance(Settings):
    """How a run came to its model."""

    date: str = Field(max_length=40, description="of the run's end, as 2026-01-31")
    images: int = Field(ge=0, description="images shown in all")
    seconds: float = Field(ge=0, description="of training")
    device: str = Field(max_length=40)


class Description(Settings):
    """model.json: all that is needed to build the networks and to draw from them."""

    format: Literal[1] = 1
    architecture: str
    width: int = Field(ge=SMALLEST_PX, le=LARGEST_PX, multiple_of=STEP_PX, description="pixels")
    height: int = Field(ge=SMALLEST_PX, le=LARGEST_PX, multiple_of=STEP_PX, description="pixels")
    channels: Literal[1, 3, 4]
    z_dim: int = Field(ge=1, le=4096)
    z_distribution: Literal["normal", "uniform"]
    multiplier: float = Field(gt=0, le=4)
    classes: tuple[str, ...] = Field(default=(), max_length=100_000)
    recipe: str
    source: str = ""
    images: int = Field(ge=0, description="images shown")
    averaged: bool
    ganvas: str = Field(description="the version that wrote it")
    provenance: Provenance | None = Field(default=None, description="of a run that has ended")
    published: Publication | None = Field(default=None, description="only beside a model.onnx")

    @model_validator(mode="after")
    def _directions_are_latents(self) -> Self:
        for direction in self.published.directions if self.published else ():
            if len(direction.vector) != self.z_dim:
                raise ValueError(
                    f"direction {direction.name!r} has {counted(len(direction.vector), 'number')}, not {self.z_dim}"
                )
        return self

    @property
    def channel_setting(self) -> Literal["grey", "rgb", "rgba"]:
        """What `pictures.channels` must be for pictures of this model's kind."""
        kinds: dict[int, Literal["grey", "rgb", "rgba"]] = {1: "grey", 3: "rgb", 4: "rgba"}
        return kinds[self.channels]

    def to_json(self) -> str:
        """As model.json has it: indented, but for rows of numbers, which stay in one line."""
        return in_rows(self.model_dump_json(indent=1, exclude_none=True) + "\n")


def in_rows(text: str) -> str:
    """Indented JSON, but for rows of numbers, which stay in one line."""
    return re.sub(r"\[\n[-+\d.eE,\s]+\]", lambda row: "".join(row[0].split()), text)


def model_folder(path: Path) -> Path:
    """The model folder of a run folder, or `path` itself where it is one."""
    return path if (path / DESCRIPTION_FILE).exists() else path / "model"


def exported_folder(path: Path) -> Path:
    """The exported model of a run folder, or `path` itself where it is one or there is none."""
    inside = path / EXPORTED
    return inside if (inside / ONNX_FILE).exists() else path


def read_description(folder: Path) -> Description:
    """The model.json of a model folder, with the provenance that a run wrote beside it.

    Raises:
        ModelError: it is missing, too large, no JSON, or not what it must be; names the field.
    """
    if not (folder / DESCRIPTION_FILE).exists():
        raise ModelError(f"{folder}: no model here (model.json is missing); expected a run or a model folder")
    description = _checked(folder / DESCRIPTION_FILE, Description)
    if description.provenance is None and (folder / TRAINING_FILE).exists():
        provenance = _checked(folder / TRAINING_FILE, Provenance)
        return description.model_copy(update={"provenance": provenance})
    return description


def _checked(path: Path, kind: type[Kind]) -> Kind:
    try:
        return kind.model_validate(read_json(path))
    except ValidationError as error:
        first = first_fault(error)
        raise ModelError(f"{path}: {first.where}: {first.message}") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error


def is_outdated(path: Path) -> bool:
    """Whether a run has another model by now than the one that was exported of it; raises as `read_description`."""
    exported = exported_folder(path)
    if exported == path or not model_folder(path).exists():
        return False
    there, now = read_description(exported), read_description(model_folder(path))
    return (there.images, there.provenance) != (now.images, now.provenance)


def read_onnx(folder: Path, description: Description) -> bytes:
    """The checked bytes of an exported model's model.onnx.

    Raises:
        ModelError: it was not exported, is missing, or is not the file that model.json speaks of.
    """
    path = folder / ONNX_FILE
    if description.published is None:
        raise ModelError(f"{folder}: was not exported; `ganvas export {folder}` writes its model.onnx")
    try:
        stored = read_small(path, ONNX_LIMIT_BYTES)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    if hashlib.sha256(stored).hexdigest() != description.published.sha256:
        raise ModelError(f"{path}: is not the file that model.json was written for; export the model again")
    return stored
