"""A run folder as training leaves it, made of drawn pictures."""

import json
from pathlib import Path

import numpy as np
import pytest

from ganvas.formats.images import picture_grid, save_png

HOSTILE = "<img src=x onerror=alert(1)></script>&\"'"


def make_run(path: Path, moments: tuple[int, ...] = (0, 512, 1024, 2048), recipe: str = "swift") -> Path:
    rng = np.random.default_rng(len(path.name))
    for images in moments:
        pictures = rng.integers(0, 255, (4, 16, 16, 3), dtype=np.uint8)
        save_png(path / "samples" / f"{images:09d}.png", picture_grid(pictures), scale=2)
    lines = [
        {"images": 64 * k, "seconds": k / 2, "discriminator_loss": 1 / k, "generator_loss": 1.0, "real_score": 0.5}
        for k in range(1, 33)
    ]
    lines += [{"images": 2048, "seconds": 16.0, "event": f"saved {HOSTILE}"}]
    (path / "log.jsonl").write_text("\n".join(map(json.dumps, lines)) + '\n{"images": 21', encoding="utf-8")
    (path / "run.toml").write_text(
        f"recipe = '{recipe}'\nseed = 0\n[pictures]\nsource = 'cats & dogs'\nwidth = 16\nheight = 16\n"
        "[network]\narchitecture = 'dcgan'\n[versions]\nganvas = '0.1.0'\n",
        encoding="utf-8",
    )
    findings = {
        "source": "cats & dogs",
        "found": 9,
        "used": 6,
        "classes": {HOSTILE: 6},
        "broken": [{"file": HOSTILE, "reason": "is empty"}],
        "duplicates": [{"file": "b.png", "same_as": HOSTILE}],
        "near": [{"file": "c.png", "same_as": HOSTILE}],
        "near_left_out": False,
        "notes": [HOSTILE],
    }
    (path / "data.json").write_text(json.dumps(findings), encoding="utf-8")
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "runs" / "first")


@pytest.fixture
def other_run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "runs" / "second", moments=(0, 4096), recipe="classic")


@pytest.fixture
def hostile() -> str:
    """The name of a file or a class that tries to run a script; `run` is full of it."""
    return HOSTILE
