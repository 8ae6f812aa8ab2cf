"""Requests to a model over HTTP, checked as they are read: for the server and the cloud function."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ganvas.serving.encoding import Format
from ganvas.settings import Settings
from ganvas.wording import counted

MOST_REQUESTED, MOST_STOPS, MOST_REQUESTED_FRAMES = 64, 16, 480
LARGEST_SEED = 2**64 - 1
MOST_STEP = 10.0


def _is_number(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("expected a number")
    return value


Number = BeforeValidator(_is_number)
"""In a body, which has numbers of its own: 7, and neither true nor "7"."""

Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED), Number]
Amount = Annotated[float, Field(ge=-MOST_STEP, le=MOST_STEP), Number]
Coordinate = Annotated[float, Field(ge=-1000, le=1000), Number]
Latent = Annotated[list[Coordinate], Field(max_length=4096, fail_fast=True)]
Steps = dict[Annotated[int, Field(ge=1, le=64)], Amount]


def _is_whole(text: str) -> bool:
    """Whether it is a whole number, in the digits of ASCII."""
    return text.isascii() and text.isdecimal()


def parsed_steps(text: str) -> dict[int, float]:
    """'1:2.5,3:-1' -> {1: 2.5, 3: -1.0}: numbers of directions, and how far.

    Raises:
        ValueError: it is not written so, or an amount is too large.
    """
    steps = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        number, colon, amount = part.partition(":")
        if not (colon and _is_whole(number.strip()) and abs(float(amount)) <= MOST_STEP):
            raise ValueError(
                f"expected NUMBER:AMOUNT after commas, amounts from -10 to 10, as in 1:2.5,3:-1; got {part!r}"
            )
        steps[int(number)] = float(amount)
    return steps


def parsed_seeds(text: str) -> list[int]:
    """'1,2,3' -> [1, 2, 3].

    Raises:
        ValueError: it is not written so, or a seed is not in [0, 2^64).
    """
    parts = [each.strip() for each in text.split(",")]
    if not all(_is_whole(part) and int(part) <= LARGEST_SEED for part in parts):
        raise ValueError("expected seeds from 0 to 18446744073709551615 after commas, as in 1,2,3")
    return [int(part) for part in parts]


TRUNCATION = "below 1: nearer to the mean picture; the model's own unless given"


class Manner(Settings):
    """How pictures are drawn, whatever their seeds."""

    model: str | None = Field(default=None, max_length=200, description="the first of /v1/models unless given")
    truncation: float | None = Field(default=None, ge=0, le=2, description=TRUNCATION)
    label: str | None = Field(default=None, max_length=1000, description="a class; each seed has its own unless given")


def _is_steps(text: str) -> str:
    parsed_steps(text)
    return text


def _is_stops(text: str) -> str:
    if not 2 <= len(parsed_seeds(text)) <= MOST_STOPS:
        raise ValueError(f"expected 2 to {MOST_STOPS} seeds")
    return text


class PictureFile(BaseModel):
    """The path of `GET /v1/images/{seed}.png`. A seed out of range is a picture that is not there, no fault of form."""

    seed: int
    format: Format


class OnePicture(Manner):
    """The query of `GET /v1/images/{seed}.png`."""

    directions: Annotated[str, Field(max_length=1000), AfterValidator(_is_steps)] = Field(
        default="",
        description="moves along the model's directions, as in 1:2.5,3:-1",
        examples=["1:2.5,3:-1"],
        json_schema_extra={"pattern": r"^([1-9]\d?:-?(10|\d(\.\d+)?)(,[1-9]\d?:-?(10|\d(\.\d+)?))*)?$"},
    )

    @property
    def steps(self) -> dict[int, float]:
        """Number of a direction -> how far."""
        return parsed_steps(self.directions)


class Walk(Manner):
    """The query of `GET /v1/walk`: a film that visits seeds and returns to the first."""

    seeds: Annotated[str, Field(max_length=400), AfterValidator(_is_stops)] = Field(
        description="2 to 16 of them",
        examples=["1,2,3"],
        json_schema_extra={"pattern": r"^\d{1,19}(,\d{1,19}){1,15}$"},
    )
    frames: int = Field(default=90, ge=2, le=MOST_REQUESTED_FRAMES, description="of the whole film")
    fps: int = Field(default=30, ge=1, le=60)
    format: Literal["webp", "gif"] = "webp"

    @property
    def stops(self) -> list[int]:
        """The seeds."""
        return parsed_seeds(self.seeds)


class ManyPictures(Manner):
    """The body of `POST /v1/images`: seeds, or latents, or so many seeds from one on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"seed": 100, "count": 16},
                {"seeds": [1, 2, 42], "truncation": 0.8, "directions": {"1": 2.5}, "format": "webp", "layout": "zip"},
            ]
        }
    )

    truncation: Annotated[float, Field(ge=0, le=2), Number] | None = Field(default=None, description=TRUNCATION)
    seeds: Annotated[list[Seed], Field(min_length=1, max_length=MOST_REQUESTED, fail_fast=True)] | None = Field(
        default=None
    )
    latents: Annotated[list[Latent], Field(min_length=1, max_length=MOST_REQUESTED, fail_fast=True)] | None = Field(
        default=None, description="rows of as many numbers as the model's z_dim, used as they are"
    )
    seed: Seed = Field(default=0, description="of the first, where only a count is given")
    count: Annotated[int, Field(ge=1, le=MOST_REQUESTED), Number] | None = Field(default=None)
    directions: Steps = Field(default={}, description="number of a direction -> how far")
    format: Literal["png", "webp", "jpeg"] = "png"
    layout: Literal["grid", "zip"] = Field(default="grid", description="one sheet, or a zip with a file a picture")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if sum(each is not None for each in (self.seeds, self.latents, self.count)) != 1:
            raise ValueError("expected one of seeds, latents and count")
        if self.count is not None and self.seed + self.count - 1 > LARGEST_SEED:
            raise ValueError(
                f"expected a seed of at most {LARGEST_SEED + 1 - self.count} for {counted(self.count, 'picture')}"
            )
        return self

    @property
    def chosen(self) -> list[int] | None:
        """The seeds; None where latents are given."""
        return list(range(self.seed, self.seed + self.count)) if self.count is not None else self.seeds
