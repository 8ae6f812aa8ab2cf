"""index.json of a folder of shards: how many pictures each holds, its checksum, and the names of the classes.

It lies beside the shards, on a disk or a server, and is read as a stranger's file is.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from ganvas.settings import Settings, first_fault

INDEX_FILE = "index.json"
MOST_SHARDS = 100_000  # of a hundred megabytes: ten terabytes
MOST_IN_SHARD = 200_000  # a list of as many, which is kept while a shard is read, takes 50 MB
MOST_CLASSES = 10_000
LONGEST_CLASS = 1024  # as long as the name of a folder can be shown
MOST_INDEX_BYTES = 64_000_000
_FILE = re.compile(r"[\w@+=-][\w@+=.-]{0,199}")


def _plain_name(name: str) -> str:
    if not _FILE.fullmatch(name):
        raise ValueError("expected the name of a file beside the index, of letters, digits and any of _ @ + = . -")
    return name


class ShardEntry(Settings):
    """One shard."""

    file: Annotated[str, AfterValidator(_plain_name)] = Field(description="its name, beside the index")
    pictures: int = Field(ge=0, le=MOST_IN_SHARD, description="in it")
    size_bytes: int | None = Field(default=None, ge=0, description="of the file")
    sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$", description="of the file; '' where it is not known")


class ShardIndex(Settings):
    """All shards of a set, in their order."""

    format: Literal["ganvas-shards-1"] = "ganvas-shards-1"
    classes: tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_CLASS)], ...] = Field(
        default=(), max_length=MOST_CLASSES, description="names of the numbers in the .cls files"
    )
    shards: tuple[ShardEntry, ...] = Field(min_length=1, max_length=MOST_SHARDS)

    @property
    def pictures(self) -> int:
        """In all shards together."""
        return sum(shard.pictures for shard in self.shards)


def read_index(data: bytes) -> ShardIndex:
    """The index in the bytes of an index.json.

    Raises:
        ValueError: it is none; the message says what is wrong.
    """
    if len(data) > MOST_INDEX_BYTES:
        raise ValueError(f"larger than {MOST_INDEX_BYTES // 10**6} MB")
    try:
        return ShardIndex.model_validate_json(data)
    except ValidationError as error:
        fault = first_fault(error)
        raise ValueError(f"{fault.where}: {fault.message}") from error
