"""What every checked object is made of, and the sizes of pictures that Ganvas works at."""

from collections.abc import Mapping
from dataclasses import dataclass
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
    """What is said where there is room for one fault."""
    return fault(error.errors()[0])
