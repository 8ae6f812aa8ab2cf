"""The YAML in front of a README, from which a hub reads what a model or a page is."""

import re
from collections.abc import Mapping

_PLAIN = re.compile(r"[A-Za-z][\w./-]*", re.ASCII)
_WORDS_OF_YAML = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n"])


def front_matter(values: Mapping[str, str | list[str]]) -> str:
    """A block between two lines of dashes, with its line break; texts are quoted so that none can end it."""
    lines = []
    for name, value in values.items():
        if isinstance(value, str):
            lines.append(f"{name}: {_scalar(value)}")
        else:
            lines += [f"{name}:", *(f"- {_scalar(each)}" for each in value)]
    return "\n".join(["---", *lines, "---", ""])


def _scalar(text: str) -> str:
    """A text as YAML: plain where it is a simple word, else in double quotes, in one line."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    one_line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return '"' + one_line.replace("\\", "\\\\").replace('"', '\\"') + '"'
