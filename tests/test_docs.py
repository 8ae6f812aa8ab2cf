"""The documents say what is so: their commands run, their options exist, their links lead somewhere."""

import importlib
import re
import shlex
import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from ganvas.cli.main import app
from ganvas.files import cache_folder
from ganvas.recipes import DEFAULT, RECIPES

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKING = [*DOCUMENTS, ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"]
VERBS = typer.main.get_command(app).commands
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUNNABLE = ("", "sh", "console", "python")

# What is not run, by how its block or its line begins, and why. A row that no document needs any more fails a test.
NOT_RUN = {
    "src/ganvas/": "a tree of files",
    "runs/NAME/": "a tree of files",
}
# A training of the documents, made small: these are left out, and TINY comes behind.
REPLACED = ("--time", "--images", "--epochs", "--size", "--width")
TINY = ("--images", "32", "--size", "16", "--width", "0.1", "--set", "recording.report=false")
PICTURES = ("my-pictures", "their-pictures")
PHOTOS = ("photo.jpg", "me.jpg", "you.png")
SORTED = ("smiling", "others")  # pictures that a model drew, named by their seeds
SMALLER = {
    "score": ["--count", "8"],
    "publish": ["--no-score"],
    "walk": ["--seconds", "0.2", "--fps", "10"],
    "project": ["--steps", "2"],
    "tune": ["--time", "3s", "--trials", "1", "--size", "16", "--set", "network.width=0.1"],
}
AS_SMALL = {"avatars": "my-pictures"}  # features of 2,000 pictures would take half of the time


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, and what it says."""

    place: str
    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        """Its commands, continued lines joined, comments left out."""
        joined = self.text.replace("\\\n", " ").splitlines()
        return [line for line in (each.split("  #")[0].strip() for each in joined) if line]

    @property
    def is_run(self) -> bool:
        return not self.text.startswith(tuple(NOT_RUN))


def fenced_blocks() -> list[Block]:
    found = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for fence in FENCE.finditer(text):
            line = text[: fence.start()].count("\n") + 1
            found.append(Block(f"{document.relative_to(ROOT)}:{line}", fence[1], fence[2]))
    return [block for block in found if block.language in RUNNABLE]


def inline_commands() -> list[str]:
    """Commands in running text and tables, which may have placeholders in them; a wrapped one is one line."""
    outside = "\n".join(FENCE.sub("", document.read_text(encoding="utf-8")) for document in DOCUMENTS)
    quoted = re.findall(r"`((?:ganvas|make|python -m) [^`]+)`", outside)
    return [" ".join(command.split()) for command in quoted]


BLOCKS = fenced_blocks()
SHELL = [block for block in BLOCKS if block.is_run and block.language != "python"]
PYTHON = [block for block in BLOCKS if block.is_run and block.language == "python"]
SHOWN = sorted({line for block in SHELL for line in block.lines} | set(inline_commands()))


def shown(beginning: str) -> list[str]:
    return [line for line in SHOWN if line.startswith(beginning)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory, web_runtime_fetched_once):
    """A cache of its own for decoded pictures; what was downloaded once is not downloaded again."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "downloads").symlink_to(cache_folder() / "downloads")
    return folder


@pytest.fixture(scope="module")
def trained(cache, tmp_path_factory):
    """A tiny run of the default recipe on drawn pictures, for commands that take a run."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANVAS_CACHE", str(cache))
        patch.chdir(folder)
        draw_pictures(folder / "my-pictures", seed=0)
        invoke(["train", "my-pictures", *TINY])
    return folder / "runs" / f"my-pictures-{DEFAULT}"


@pytest.fixture
def workplace(tmp_path, cache, monkeypatch):
    """An empty folder with the sources that the documents name."""
    monkeypatch.setenv("GANVAS_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(PICTURES):
        draw_pictures(tmp_path / name, seed=seed)
    for name in PHOTOS:
        Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / name)
    for number, name in enumerate(SORTED):
        (tmp_path / name).mkdir()
        for seed in range(number, 12, 2):
            Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / name / f"{seed:06d}.png")
    return tmp_path


def draw_pictures(folder: Path, *, seed: int) -> None:
    folder.mkdir()
    numbers = np.random.default_rng(seed)
    for index in range(40):
        coarse = numbers.integers(0, 256, (4, 4, 3)).astype(np.uint8)
        Image.fromarray(coarse).resize((20, 20)).save(folder / f"{index}.png")


def invoke(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output


def made_small(verb: str, words: list[str]) -> list[str]:
    """The same command on little: fewer images, smaller pictures, fewer scored, and the card only by its own verb."""
    words = [AS_SMALL.get(word, word) for word in words]
    if verb != "train":
        return [*words, *SMALLER.get(verb, [])]
    left = [word for before, word in pairwise(["", *words]) if word not in REPLACED and before not in REPLACED]
    return [*left, *TINY]


def with_runs(words: list[str], trained: Path, workplace: Path) -> list[str]:
    """Runs that a command reads and no command before it has made are copies of the tiny one."""
    words = [word.replace("-RECIPE", f"-{DEFAULT}") for word in words]
    for before, word in pairwise(["", *words]):
        if word.startswith("runs/") and before != "--out" and not (workplace / word).exists():
            shutil.copytree(trained, workplace / word)
    return words


def check_make_target(target: str) -> None:
    assert re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), target


def test_the_documents_show_blocks_and_commands():
    assert len(SHELL) >= 5
    assert PYTHON
    assert len(shown("ganvas ")) > 10
    assert len(shown("python -m bench.")) > 10


def test_what_is_not_run_still_stands_in_a_document():
    stale = [start for start in NOT_RUN if not any(block.text.startswith(start) for block in BLOCKS)]
    assert stale == []


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.place)
def test_every_command_of_a_block_runs(block, workplace, trained):
    for line in block.lines:
        program, *words = shlex.split(line)
        if program == "make":
            check_make_target(words[0])
            continue
        if program == "python":
            assert line in shown("python -m bench."), f"{block.place}: not a bench: {line}"
            continue  # its options are checked beside those of running text
        assert program == "ganvas", f"{block.place}: how is this run, or why is it in NOT_RUN? {line}"
        verb, *rest = with_runs(words, trained, workplace)
        invoke([verb, *made_small(verb, rest)])


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.place)
def test_every_example_in_python_runs(block, workplace, trained, capsys):
    for run in set(re.findall(r'(?:load|walk|mix)\("(runs/[^"]+)"', block.text)):
        shutil.copytree(trained, workplace / run)
    before = set(workplace.iterdir())
    small = re.sub(r'time="\w+"', "images=32, size=16, width=0.1", block.text).replace("range(1000)", "range(3)")
    exec(compile(small, block.place, "exec"), {})
    assert capsys.readouterr().out or set(workplace.iterdir()) > before


@pytest.mark.parametrize("command", shown("ganvas "))
def test_a_shown_command_exists_with_its_options(command):
    verb, *words = shlex.split(command)[1:]
    if verb.startswith("-"):
        return
    assert verb in VERBS, f"there is no `ganvas {verb}`"
    known = {name for parameter in VERBS[verb].params for name in (*parameter.opts, *parameter.secondary_opts)}
    used = {word.split("=")[0] for word in words if word.startswith("--")}
    assert used <= known | {"--debug", "--help"}
    for option, value in pairwise(words):
        if option == "--recipe":
            assert value in {*RECIPES, "RECIPE", "R"}


@pytest.mark.parametrize("command", shown("python -m "))
def test_a_shown_bench_exists_with_its_options(command, monkeypatch, capsys):
    _, _, name, *words = shlex.split(command)
    assert name.startswith("bench."), f"a module that is no bench: {command}"
    monkeypatch.syspath_prepend(ROOT)
    module = importlib.import_module(name)
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"{name}.__main__")
    monkeypatch.setattr("sys.argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0
    options = {word.split("=")[0] for word in words if word.startswith("--")}
    assert options <= set(re.findall(r"--[\w-]+", capsys.readouterr().out))


@pytest.mark.parametrize("command", shown("make "))
def test_a_shown_make_target_exists(command):
    check_make_target(command.split()[1])


def test_every_recipe_has_its_place_in_the_documents():
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert [name for name in RECIPES if f"## `{name}`" not in text] == []


def anchors(document: Path) -> set[str]:
    """What the headings of a page are called in a link to them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", LINKING, ids=lambda document: document.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(document):
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    broken = []
    for target in targets:
        path, _, heading = target.partition("#")
        if "://" in path:
            continue
        page = document.parent / path if path else document
        if not page.exists() or (heading and heading not in anchors(page)):
            broken.append(target)
    assert broken == []
