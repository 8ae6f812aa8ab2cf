"""A point of latent space as a link or a preset names it: a seed or a latent, its mixtures, and how it is moved.

    seed=42&truncation=0.8&label=cat&mix=7:0.5,3:0.2&fine=9:8&1=2.5

The page has the same words behind the # of its address (page/link.js), so that a picture that was found there can be
drawn, walked to and mixed by the commands, and the other way round.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import numpy as np
from pydantic import Field, ValidationError, model_validator

from ganvas.errors import SettingError
from ganvas.formats.latents import latents, random_labels
from ganvas.formats.manifest import Description
from ganvas.formats.paths import between
from ganvas.settings import LARGEST_WHOLE, MOST_TRUNCATION, Settings, first_fault, shortened
from ganvas.wording import counted

MOST_STEPS = 4.0  # that a picture is moved along a direction, either way, where a latent is 1 wide
MOST_MIXES = 64  # which keep how a picture was come by
MOST_LETTERS = 40_000  # of a link: a latent of 4,096 numbers takes 21,848

Seed = Annotated[int, Field(ge=0, le=LARGEST_WHOLE)]
Place = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Point(Settings):
    """What a picture is made from."""

    seed: Seed = Field(default=0, description="whose latent it begins with, and whose label it has if none is named")
    z: tuple[float, ...] | None = Field(
        default=None, min_length=1, description="a latent instead of the seed's, as of a photo"
    )
    truncation: float | None = Field(
        default=None, ge=0, le=MOST_TRUNCATION, description="multiplies the latent; None: the model's own"
    )
    label: str | None = Field(default=None, description="a class's name; None: the seed's own")
    mix: tuple[tuple[Seed, Share], ...] = Field(
        default=(), max_length=MOST_MIXES, description="other seeds in turn, and how much of the way is gone to each"
    )
    fine: tuple[Seed, Place] | None = Field(default=None, description="a seed whose latent takes over from a place on")
    steps: Mapping[int, float] = Field(default={}, description="number of a direction, from 1 -> how far")

    @model_validator(mode="after")
    def _steps_are_short(self) -> "Point":
        for number, amount in self.steps.items():
            if number < 1 or not abs(amount) <= MOST_STEPS:
                raise ValueError(f"direction {number} by {amount:g}: expected 1 or more, by {MOST_STEPS:g} at most")
        return self

    def completed(self, *, truncation: float | None, label: str | None) -> "Point":
        """The same, with what is given where it says nothing of it.

        Raises:
            SettingError: what is given cannot be.
        """
        given = {"truncation": truncation, "label": label}
        missing = {name: value for name, value in given.items() if getattr(self, name) is None}
        return _checked(self.model_dump() | missing, "point")

    def latent(self, description: Description, directions: Sequence[Sequence[float]] = ()) -> np.ndarray:
        """(Z,) float32.

        Args:
            directions: the model's, (Z,) each, that `steps` speak of.
        Raises:
            SettingError: a latent of another model, or a direction that it does not have.
        """
        size, kind = description.z_dim, description.z_distribution
        if self.z is not None and len(self.z) != size:
            raise SettingError(f"a latent of {counted(len(self.z), 'number')}; this model's have {size}")
        z = latents([self.seed], size, kind) if self.z is None else np.array([self.z], np.float32)
        for seed, share in self.mix:
            z = between(z, latents([seed], size, kind), np.array([[share]]))
        if self.fine is not None:
            seed, place = self.fine
            if place > size:
                raise SettingError(f"fine from place {place} on; this model's latents have {counted(size, 'number')}")
            z = np.concatenate([z[:, :place], latents([seed], size, kind)[:, place:]], axis=1)
        if kind == "uniform":
            z = z.clip(-1, 1)  # a great circle leaves the cube
        z = (z[0] * np.float32(self._truncation(description))).astype(np.float32)
        for number, amount in self.steps.items():
            if number > len(directions):
                raise SettingError(f"there is no direction {number}; this model has {len(directions)}, from 1 on")
            z = (z + np.float64(amount) * np.asarray(directions[number - 1])).astype(np.float32)
        return z

    def _truncation(self, description: Description) -> float:
        if self.truncation is not None:
            return self.truncation
        return 1.0 if description.published is None else description.published.truncation

    def label_index(self, classes: Sequence[str]) -> int | None:
        """The number of its class; None for a model without.

        Raises:
            SettingError: it names a class that there is not.
        """
        if self.label is not None and self.label not in classes:
            known = ", ".join(classes[:20]) if classes else "none: it was trained without classes"
            raise SettingError(f"label {self.label!r} is not one of this model; it has {known}")
        if not classes:
            return None
        return int(random_labels([self.seed], len(classes))[0]) if self.label is None else classes.index(self.label)

    def to_link(self) -> str:
        """Without the #; what is as it comes is left out."""
        parts: dict[str, str] = {"seed": str(self.seed)}
        if self.z is not None:
            parts["z"] = base64.urlsafe_b64encode(np.array(self.z, "<f4").tobytes()).decode().rstrip("=")
        if self.truncation is not None:
            parts["truncation"] = _number(self.truncation)
        if self.label is not None:
            parts["label"] = self.label
        if self.mix:
            parts["mix"] = ",".join(f"{seed}:{_number(share)}" for seed, share in self.mix)
        if self.fine is not None:
            parts["fine"] = f"{self.fine[0]}:{self.fine[1]}"
        parts |= {str(number): _number(amount) for number, amount in sorted(self.steps.items()) if amount}
        return urlencode(parts, safe=":,")


def point_of(text: str) -> Point:
    """The point that a link names, with or without its address and #, or a seed alone.

    Raises:
        SettingError: it names none; says which part.
    """
    if len(text) > MOST_LETTERS:
        raise SettingError(f"a link of {len(text)} letters; expected at most {MOST_LETTERS}")
    words = text.rpartition("#")[2].strip()
    parts = parse_qsl(f"seed={words}" if words.isascii() and words.isdecimal() else words)
    given = dict(reversed(parts))  # of two of a name a browser takes the first
    if not given:
        raise SettingError(
            f"link {shortened(text)}: expected a seed, as 7, or what stands behind the # of a page's link"
        )
    values: dict[str, object] = {name: said for name, said in given.items() if name in ("seed", "truncation", "label")}
    if "fine" in given:
        values["fine"] = tuple(given["fine"].split(":"))
    if "mix" in given:
        values["mix"] = tuple(tuple(each.split(":")) for each in given["mix"].split(","))
    if "z" in given:
        values["z"] = _numbers(given["z"])
    values["steps"] = {name: said for name, said in given.items() if name.isascii() and name.isdecimal()}
    unknown = given.keys() - values.keys() - values["steps"].keys()
    if unknown:
        raise SettingError(f"link {shortened(text)}: {shortened(min(unknown))} is no part of one")
    return _checked(values, f"link {shortened(text)}")


def _checked(values: dict[str, Any], what: str) -> Point:
    try:
        return Point.model_validate(values)
    except ValidationError as error:
        first = first_fault(error)
        raise SettingError(f"{what}: {first.where}: {first.message}") from error


def _numbers(text: str) -> tuple[float, ...]:
    """A latent as a link has it."""
    try:
        return tuple(
            np.frombuffer(
                base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True), "<f4"
            ).tolist()
        )
    except (ValueError, binascii.Error) as error:
        raise SettingError(f"link: z={shortened(text)}: {error}") from error


def _number(value: float) -> str:
    """As short as it can be read back."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)
