"""What every checked object is made of, and the sizes of pictures that Ganvas works at."""

from pydantic import BaseModel, ConfigDict

SMALLEST_PX, LARGEST_PX, STEP_PX = 16, 256, 4
HUB_PREFIX = "hf:"  # what follows lies on the Hugging Face Hub, as owner/name


class Settings(BaseModel):
    """Frozen, checked as it is made; unknown names are refused. The text after each field is its help everywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())
