"""Labels that lie beside the pictures in a file: dataset.json of StyleGAN, metadata.jsonl or metadata.csv of the
Hugging Face Hub's ImageFolder, and labels.csv with the columns file and label.

Such a file goes before sub-folders, which often hold shards. It is a stranger's: its size is limited, and whatever is
wrong with it is one line.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from ganvas.data.listing import (
    ARCHIVE_ENDINGS,
    OUTSIDE,
    Broken,
    Entry,
    Listing,
    folder_labels,
    is_hidden,
    printable,
)
from ganvas.wording import counted

LABEL_FILES = ("dataset.json", "metadata.jsonl", "metadata.csv", "labels.csv")  # the first that is there counts
LARGEST_LABELS_BYTES = 64 << 20  # ImageNet's has 40 MB
LONGEST_LABEL = 200
NAMES_SHOWN = 3
_FILE_COLUMNS = ("file_name", "file", "filename")
_LABEL_COLUMNS = ("label", "class")
_CLASS_NAMES = ("class_names", "classes", "names")

Rows = list[tuple[str, object]]


@dataclass(frozen=True)
class Labels:
    """The label of each picture, what the user should know of them, and why they cannot be trusted, or "".

    tells_outside: whether a note names those of no label.
    """

    labels: list[str]
    notes: tuple[str, ...] = ()
    error: str = ""
    tells_outside: bool = False


class _NoLabels(Exception):
    """What is wrong with a file of labels."""


def find_labels(names: Sequence[str], files: Mapping[str, Callable[[], bytes]]) -> Labels:
    """The labels of pictures: from the file of labels nearest to the top, or else from their sub-folders.

    Args:
        names: of the pictures, as paths in their source.
        files: how to read each file whose name is one of LABEL_FILES; at most LARGEST_LABELS_BYTES and one more byte.
    """
    ordered = sorted(
        map(PurePosixPath, files), key=lambda path: (len(path.parts), LABEL_FILES.index(path.name), str(path))
    )
    for path in ordered:
        try:
            data = files[str(path)]()
            if len(data) > LARGEST_LABELS_BYTES:
                raise _NoLabels(f"larger than {LARGEST_LABELS_BYTES >> 20} MB")
            rows = _READERS[path.suffix](data)
        except (_NoLabels, OSError) as error:
            reason = f"{path}: cannot be read as labels: {' '.join(str(error).split())[:200]}"
            return Labels([""] * len(names), (f"{reason}; no picture has a label",), reason)
        except Exception as error:  # noqa: BLE001 - an archive's reader and parsers at their limits raise anything
            reason = f"{path}: cannot be read as labels: {type(error).__name__}"
            return Labels([""] * len(names), (f"{reason}; no picture has a label",), reason)
        if rows is not None:
            return _matched(names, rows, path)
    return Labels(folder_labels(list(names)))


def _matched(names: Sequence[str], rows: Rows, path: PurePosixPath) -> Labels:
    folder = "" if path.parent == PurePosixPath(".") else f"{path.parent}/"
    known = set(names)
    found: dict[str, object] = {}
    twice, absent = [], []
    for file, label in rows:
        name = folder + str(PurePosixPath(file.replace("\\", "/")))
        if name in found:
            twice.append(file)
        elif name not in known:
            absent.append(file)
        else:
            found[name] = label
    try:
        texts = {name: _label_text(label) for name, label in found.items()}
    except _NoLabels as error:
        return Labels([""] * len(names), (f"{path}: {error}; no picture has a label",), f"{path}: {error}")
    labels = [texts.get(name) or "" for name in names]
    nameless = [name for name, label in zip(names, labels, strict=True) if not label]
    told = []
    if twice:
        told.append(f"{path} names {counted(len(twice), 'picture')} twice, and the first counts: {_few(twice)}")
    if absent:
        told.append(f"{path} names {counted(len(absent), 'picture')} that cannot be found: {_few(absent)}")
    if not any(labels):
        told.append(f"{path} holds no labels, and no picture has one")
        return Labels(labels, tuple(told))
    if nameless:
        told.append(
            f"{path} gives {counted(len(nameless), 'picture')} no label, in the class {OUTSIDE!r}: {_few(nameless)}"
        )
    return Labels([label or OUTSIDE for label in labels], tuple(told), tells_outside=bool(nameless))


@dataclass
class Others:
    """The files of a source that are no pictures.

    labels: how to read each file of labels. archives: those inside, which are not opened. ignored: how many more.
    unfollowed: links to folders that are not entered.
    """

    labels: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    archives: list[str] = field(default_factory=list)
    ignored: int = 0
    unfollowed: list[str] = field(default_factory=list)

    def add(self, name: str, read: Callable[[], bytes]) -> None:
        """Count a file; `read` gives its bytes, at most LARGEST_LABELS_BYTES and one more."""
        path = PurePosixPath(name)
        if any(map(is_hidden, path.parts)):
            self.ignored += 1
        elif path.name in LABEL_FILES:
            self.labels[name] = read
        elif path.suffix.lower() in ARCHIVE_ENDINGS:
            self.archives.append(name)
        else:
            self.ignored += 1

    def listing(
        self, pictures: Sequence[tuple[str, int]], read: Callable[[int], bytes], broken: Sequence[Broken]
    ) -> Listing:
        """Of pictures (name, bytes) with their labels, and what is to be said of the rest."""
        found = find_labels([name for name, _ in pictures], self.labels)
        notes = list(found.notes)
        if self.archives:
            inside = counted(len(self.archives), "archive")
            notes.append(f"{inside} inside, not opened: {_few(self.archives)}; unpack first what they hold")
        if self.unfollowed:
            links = counted(len(self.unfollowed), "folder")
            notes.append(f"{links} above this one or of the system itself, not looked into: {_few(self.unfollowed)}")
        entries = tuple(Entry(name, size, label) for (name, size), label in zip(pictures, found.labels, strict=True))
        shown = tuple(map(printable, notes))
        return Listing(entries, read, tuple(broken), self.ignored, shown, found.error, found.tells_outside)


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(name[:LONGEST_LABEL] for name in names[:NAMES_SHOWN])
    return shown + (f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else "")


def _label_text(label: object) -> str:
    """ "" for no label; a class by its number or name; a one-hot vector by the place of its 1."""
    if label is None:
        return ""
    if isinstance(label, list) and sorted(map(repr, label), reverse=True)[:1] in (["1"], ["1.0"]):
        others = [value for value in label if value != 0]
        if others == [1]:
            return str(label.index(1))
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    if isinstance(label, bool | int | str):
        text = str(label).strip()
        if len(text) <= LONGEST_LABEL:
            return text
    raise _NoLabels(f"the label {str(label)[:50]} is no class; expected a number or a name")


def _from_dataset_json(data: bytes) -> Rows:
    value = _parsed(data)
    pairs = value.get("labels") if isinstance(value, dict) else None
    if not isinstance(value, dict) or "labels" not in value or not isinstance(pairs, list | dict | None):
        raise _NoLabels('expected {"labels": [["picture.png", 0], ...]}')
    listed: list[Any] = [list(pair) for pair in pairs.items()] if isinstance(pairs, dict) else pairs or []
    for pair in listed:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise _NoLabels(f"found {str(pair)[:50]}, expected a picture's name and its label")
    names = next((value[key] for key in _CLASS_NAMES if key in value), None)
    if isinstance(names, list):
        names = dict(enumerate(names))
    named = {str(number): name for number, name in names.items()} if isinstance(names, dict) else {}
    return [(file, named.get(_label_text(label), label)) for file, label in listed]


def _from_jsonl(data: bytes) -> Rows | None:
    lines = enumerate(data.splitlines(), 1)
    values = [_parsed(line, number) for number, line in lines if line.strip()]
    if not all(isinstance(value, dict) and isinstance(value.get("file_name"), str) for value in values):
        raise _NoLabels('expected a line such as {"file_name": "picture.png", "label": "cat"} for each picture')
    column = next((name for name in _LABEL_COLUMNS if any(name in value for value in values)), None)
    return None if column is None else [(value["file_name"], value.get(column)) for value in values]


def _from_csv(data: bytes) -> Rows | None:
    try:
        rows = [row for row in csv.reader(io.StringIO(_decoded(data)), strict=True) if row]
    except csv.Error as error:
        raise _NoLabels(str(error)) from error
    head = [name.strip().lower() for name in rows[0]] if rows else []
    file = next((head.index(name) for name in _FILE_COLUMNS if name in head), None)
    label = next((head.index(name) for name in _LABEL_COLUMNS if name in head), None)
    if file is None:
        raise _NoLabels("expected the columns file and label in its first line")
    if label is None:
        return None
    for number, row in enumerate(rows, 1):
        if len(row) != len(head):
            raise _NoLabels(f"row {number} has {counted(len(row), 'value')}, expected {len(head)}")
    return [(row[file], row[label].strip() or None) for row in rows[1:]]


def _parsed(data: bytes, first_line: int = 1) -> Any:
    try:
        return json.loads(_decoded(data))
    except json.JSONDecodeError as error:
        raise _NoLabels(
            f"not JSON in line {first_line + error.lineno - 1}, column {error.colno}: {error.msg}"
        ) from error
    except RecursionError as error:
        raise _NoLabels("too deeply nested") from error
    except ValueError as error:  # a number of thousands of digits
        raise _NoLabels("a number that is too long") from error


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _NoLabels("not UTF-8") from error


_READERS: dict[str, Callable[[bytes], Rows | None]] = {
    ".json": _from_dataset_json,
    ".jsonl": _from_jsonl,
    ".csv": _from_csv,
}
