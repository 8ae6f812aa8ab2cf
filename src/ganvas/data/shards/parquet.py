"""Parquet files of pictures, as the Hugging Face hub keeps data sets: each is a shard, read a few rows at a time."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganvas.data.listing import LARGEST_FILE_BYTES, OUTSIDE, Entry, Listing
from ganvas.errors import PicturesError, missing_package
from ganvas.files import open_regular
from ganvas.formats.shard_index import LONGEST_CLASS, MOST_CLASSES, MOST_IN_SHARD
from ganvas.wording import counted

PARQUET_ENDING = ".parquet"
ROWS_AT_ONCE = 32
LARGEST_GROUP_BYTES = 4 << 30  # of rows that are packed together, once unpacked; only a few of them are at a time


@dataclass(frozen=True)
class Columns:
    """Of a parquet file: its rows, the column of pictures, that of classes ("" for none), and the names of these."""

    rows: int
    pictures: str
    classes: str
    names: tuple[str, ...]


def parquet_columns(file: Any) -> Columns:
    """What an open file, or the path of one, says of itself; only its end is read.

    Raises:
        SettingError: PyArrow is not installed.
        PicturesError: it is no parquet file, or has no column of pictures.
    """
    opened = _opened(file)
    kinds = _kinds(opened.schema_arrow.metadata)
    pictures = next((name for name, kind in kinds.items() if kind.get("_type") == "Image"), "") or _of_files(opened)
    classes = next((name for name, kind in kinds.items() if kind.get("_type") == "ClassLabel"), "")
    columns = set(opened.schema_arrow.names)
    if not pictures or not {pictures, classes or pictures} <= columns:
        raise PicturesError(f"found the columns {', '.join(sorted(columns))[:200]}, and none of them holds pictures")
    names = kinds[classes].get("names") if classes else []
    known = tuple(str(name)[:LONGEST_CLASS] for name in names[:MOST_CLASSES]) if isinstance(names, list) else ()
    return Columns(int(opened.metadata.num_rows), pictures, classes if known else "", known)


@contextmanager
def open_parquet(path: Path) -> Iterator[Listing]:
    """The pictures of a parquet file, in the order of its rows.

    Raises:
        SettingError: PyArrow is not installed.
        PicturesError: it is damaged, holds no pictures, or unpacks to too much.
    """
    with open_regular(path) as file:
        columns = parquet_columns(file)
        opened = _opened(file)
        if columns.rows > MOST_IN_SHARD:
            raise PicturesError(f"holds {counted(columns.rows, 'picture')}, expected at most {MOST_IN_SHARD:,}")
        for number in range(opened.num_row_groups):
            if opened.metadata.row_group(number).total_byte_size > LARGEST_GROUP_BYTES:
                raise PicturesError(f"rows that unpack to more than {LARGEST_GROUP_BYTES >> 30} GB at once")
        try:
            labels = _labels(opened, columns)
        except Exception as error:  # damaged data raises what its compression does
            raise PicturesError(f"its classes cannot be read: {' '.join(str(error).split())[:200]}") from error
        entries = tuple(Entry(str(row), 0, label) for row, label in enumerate(labels))
        yield Listing(entries, _Rows(opened, columns.pictures).read)


class _Rows:
    """Pictures of an open file in rising order, without going over the earlier ones again; any other order works."""

    def __init__(self, opened: Any, column: str) -> None:
        self._opened, self._column = opened, column
        self._batches: Iterator[Any] = iter(())
        self._first, self._rows = 0, []
        self._next = -1  # of the row after those that were read last

    def read(self, row: int) -> bytes:
        if not self._first <= row < self._first + len(self._rows):
            self._go_to(row)
        value = self._rows[row - self._first]
        stored = value.get("bytes") if isinstance(value, dict) else None
        if not isinstance(stored, bytes):
            raise OSError("no picture in this row")
        return stored[: LARGEST_FILE_BYTES + 1]

    def _go_to(self, row: int) -> None:
        if not 0 <= self._next <= row:
            self._start_before(row)
        while row >= self._next:
            batch = next(self._batches)
            self._first, self._rows = self._next, batch.column(0).to_pylist() if row < self._next + len(batch) else []
            self._next += len(batch)

    def _start_before(self, row: int) -> None:
        """Begin with the rows that were packed together with this one."""
        sizes = [self._opened.metadata.row_group(number).num_rows for number in range(self._opened.num_row_groups)]
        first = group = 0
        while first + sizes[group] <= row:
            first += sizes[group]
            group += 1
        self._next, self._rows = first, []
        self._batches = self._opened.iter_batches(
            ROWS_AT_ONCE, row_groups=list(range(group, len(sizes))), columns=[self._column], use_threads=False
        )


def _labels(opened: Any, columns: Columns) -> list[str]:
    """One for each row; those without a class (-1 or null) have OUTSIDE."""
    if not columns.classes:
        return [""] * columns.rows
    numbers: Sequence[int | None] = opened.read([columns.classes], use_threads=False).column(0).to_pylist()
    return [
        columns.names[number] if number is not None and 0 <= number < len(columns.names) else OUTSIDE
        for number in numbers
    ]


def _opened(file: Any) -> Any:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise missing_package("pyarrow", "hub", "Parquet files") from error
    try:
        return ParquetFile(file)
    except (ArrowException, OSError, ValueError) as error:
        raise PicturesError(f"cannot be read as a parquet file: {' '.join(str(error).split())[:200]}") from error


def _of_files(opened: Any) -> str:
    """The first column whose values have bytes, as pictures do that another program wrote."""
    for field in opened.schema_arrow:
        kind = field.type
        if hasattr(kind, "get_field_index") and kind.get_field_index("bytes") >= 0:
            return str(field.name)
    return ""


def _kinds(metadata: dict[bytes, bytes] | None) -> dict[str, dict[str, Any]]:
    """What the hub's library wrote of each column; {} where it did not, or anything else is there."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}
    found = features.items() if isinstance(features, dict) else ()
    return {name: kind for name, kind in found if isinstance(kind, dict)}
