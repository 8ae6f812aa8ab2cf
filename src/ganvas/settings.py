"""What every checked object is made of, and the sizes of pictures that Ganvas works at."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from reprlib import Repr
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

SMALLEST_PX, LARGEST_PX, STEP_PX = 16, 1024, 4
LARGEST_WHOLE = 2**64 - 1  # the largest seed; all that is counted stays below, and arithmetic of floats can have it
MOST_TRUNCATION = 2.0  # latents twice as long as any that a generator was trained on
USUAL_EVERY_SECONDS, LEAST_EVERY_SECONDS, MOST_EVERY_SECONDS = 1.0, 0.04, 3600.0  # between frames that are taken
HUB_STREAM_PREFIX = "hf-stream:"  # the same, of which nothing is fetched before it is shown
HUB_PREFIX = "hf:"  # what follows lies on the Hugging Face Hub, as owner/name


_MOST_LETTERS = 200  # of what is repeated to whoever gave it
_brief = Repr()
_brief.maxlevel, _brief.maxstring, _brief.maxother = 2, 80, 80


class Settings(BaseModel):
    """Frozen, checked as it is made; unknown names are refused. The text after each field is its help everywhere.

    Whole numbers reach up to LARGEST_WHOLE, floats are finite, and text can be written in UTF-8.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _can_be_kept(cls, value: Any) -> Any:
        for each in cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,):
            if isinstance(each, int) and abs(each) > LARGEST_WHOLE:
                raise ValueError(f"Input should be at most {LARGEST_WHOLE}")
            if isinstance(each, str) and any("\ud800" <= letter <= "\udfff" for letter in each):
                raise ValueError("Input should be text that UTF-8 can hold")
        return value


@dataclass(frozen=True)
class Fault:
    """One value that is not as it must be.

    where: the names that lead to it, joined by dots; "it" for the whole. found: the value. message: pydantic's, which
    says what was expected. kind: pydantic's name for this sort of fault.
    """

    where: str
    found: object
    message: str
    kind: str


def fault(entry: Mapping[str, Any]) -> Fault:
    """An entry of `ValidationError.errors()`."""
    where = ".".join(map(str, entry["loc"])) or "it"
    return Fault(where[:_MOST_LETTERS], entry.get("input"), entry["msg"][:_MOST_LETTERS], entry["type"])


def nearest_side(px: float) -> int:
    """The side in pixels, of those that Ganvas has, nearest to another."""
    return min(max(round(px / STEP_PX) * STEP_PX, SMALLEST_PX), LARGEST_PX)


def shortened(value: object) -> str:
    """A value as one line can show it, however long or deep it is."""
    try:
        return _brief.repr(value)[:_MOST_LETTERS]
    except (ValueError, RecursionError):  # more digits than Python writes
        return f"a {type(value).__name__}"


def first_fault(error: ValidationError) -> Fault:
    """What is said where there is room for one fault.

    A value that may be of several kinds fails for each. That it is not one of some words says least, so that it comes
    last; and the kinds are no part of where it stands.
    """
    said = [fault(entry) for entry in error.errors()]
    chosen = next((one for one in said if one.kind != "literal_error"), said[0])
    where = re.sub(r"\.(literal\[[^\]]*\]|constrained-float|float|int)$", "", chosen.where)
    return replace(chosen, where=where)
