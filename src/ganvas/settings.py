"""What every checked object is made of, and the sizes of pictures that Ganvas works at."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

SMALLEST_PX, LARGEST_PX, STEP_PX = 16, 256, 4
HUB_PREFIX = "hf:"  # what follows lies on the Hugging Face Hub, as owner/name


class Settings(BaseModel):
    """Frozen, checked as it is made; unknown names are refused. The text after each field is its help everywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


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
    return Fault(".".join(map(str, entry["loc"])) or "it", entry.get("input"), entry["msg"], entry["type"])


def first_fault(error: ValidationError) -> Fault:
    """What is said where there is room for one fault.

    A value that may be of several kinds fails for each. That it is not one of some words says least, so that it comes
    last; and the kinds are no part of where it stands.
    """
    said = [fault(entry) for entry in error.errors()]
    chosen = next((one for one in said if one.kind != "literal_error"), said[0])
    where = re.sub(r"\.(literal\[[^\]]*\]|constrained-float|float|int)$", "", chosen.where)
    return replace(chosen, where=where)
