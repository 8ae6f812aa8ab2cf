"""The examples run, on little: scripts as scripts, and the notebook cell by cell."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
TINY = {
    "time_lapse.py": ["--images", "64", "--size", "16"],
    "own_pictures.py": ["--time", "2s", "--pictures", "48"],
    "sliders.py": ["runs/time-lapse", "--steps", "2"],  # of the run that the first one made
}
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, web_runtime_fetched_once):
    return tmp_path_factory.mktemp("examples")


def test_every_example_is_run():
    assert sorted(TINY) == sorted(path.name for path in EXAMPLES.glob("*.py"))
    assert NOTEBOOKS


SLOW = {"own_pictures.py", "time_lapse.py", "sliders.py"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in TINY]
)
def test_a_script_runs(name, workplace):
    command = [sys.executable, str(EXAMPLES / name), *TINY[name]]
    done = subprocess.run(
        command, cwd=workplace, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    for made in (line for line in done.stdout.splitlines() if line.endswith(".png") and " " not in line):
        assert (workplace / made).stat().st_size > 0


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_cell_by_cell(path, workplace, monkeypatch):
    """The last expression of a cell is shown as a notebook shows it."""
    monkeypatch.chdir(workplace)
    numbers = np.random.default_rng(0)
    np.save("few.npy", numbers.integers(0, 256, (40, 4, 4, 3)).astype(np.uint8).repeat(16, 1).repeat(16, 2))
    names: dict[str, object] = {}
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    small = {
        'source, time = "avatars", "2m"': 'source, time = "few.npy", "2s"',
        "against=source": "against=source, count=16",
    }
    assert all(any(old in source for source in sources) for old in small)
    for source in sources:
        for old, new in small.items():
            source = source.replace(old, new)
        *statements, last = ast.parse(source).body
        exec(compile(ast.Module(statements, []), path.name, "exec"), names)
        if not isinstance(last, ast.Expr):
            exec(compile(ast.Module([last], []), path.name, "exec"), names)
            continue
        shown = eval(compile(ast.Expression(last.value), path.name, "eval"), names)
        shows = getattr(shown, "_repr_html_", None) or getattr(shown, "_repr_png_", None) or shown.__repr__
        assert shows()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_kept_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
