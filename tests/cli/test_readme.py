"""Every command that the documents show is one that exists, with options that exist."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from ganvas.cli.main import app
from ganvas.recipes import RECIPES

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
VERBS = typer.main.get_command(app).commands


def shown_commands(text):
    """Lines that begin with `ganvas` in code blocks, continued lines joined, and `ganvas ...` in running text."""
    text = text.replace("\\\n", " ")
    blocks = [line for block in re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    lines = blocks + re.findall(r"`(ganvas [^`]+)`", outside)
    return [line.split("#")[0].strip() for line in lines if line.startswith("ganvas ")]


COMMANDS = sorted({command for document in DOCUMENTS for command in shown_commands(document.read_text("utf-8"))})


def test_the_documents_show_commands():
    assert len(COMMANDS) > 10


@pytest.mark.parametrize("command", COMMANDS)
def test_a_shown_command_exists_with_its_options(command):
    verb, *words = shlex.split(command)[1:]
    if verb.startswith("-"):
        return
    assert verb in VERBS, f"there is no `ganvas {verb}`"
    known = {name for parameter in VERBS[verb].params for name in parameter.opts}
    used = {word.split("=")[0] for word in words if word.startswith("--")}
    assert used <= known | {"--debug", "--help"}
    for option, value in pairwise(words):
        if option == "--recipe":
            assert value in {*RECIPES, "RECIPE"}


def test_every_recipe_has_its_place_in_the_documents():
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert [name for name in RECIPES if f"## `{name}`" not in text] == []
