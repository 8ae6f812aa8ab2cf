"""A hub reads what was meant, whatever words an author chose."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ganvas.formats.front_matter import front_matter


def read(block: str) -> dict[str, object]:
    """As a hub reads a README: what is between the first two lines of dashes, which must be all of it."""
    first, inside, after = block.split("---\n")
    assert (first, after) == ("", "")
    return yaml.safe_load(inside)


@given(st.text(alphabet=st.characters()))
def test_any_text_comes_back_in_one_line_and_ends_nothing(text):
    found = read(front_matter({"title": text, "sdk": "static", "tags": ["gan", text]}))
    assert set(found) == {"title", "sdk", "tags"}
    assert found["tags"] == ["gan", found["title"]]
    kept = "".join(each if each.isprintable() else " " for each in text)
    assert found["title"] == " ".join(kept.split())


@pytest.mark.parametrize(
    "text", ["a\n---\nlicense: mit", "---", "a: b", "# c", "yes", "1.0", "null", "[x]", 'say "so"', "\\"]
)
def test_words_that_mean_something_in_yaml_are_words(text):
    assert read(front_matter({"title": text}))["title"] == " ".join(text.split())
