"""Commands whose disk is full, which is the largest size that a file may have here: one line and exit status 5."""

import os
import subprocess
import sys

import pytest
from furnished import furnish

pytest.importorskip("resource")
pytestmark = pytest.mark.slow  # tests/bench/test_faults.py tries the same in another way

LIMITED = """
import resource, sys
from ganvas.cli.main import main
sys.argv[0] = "ganvas"
resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
main()
"""
SMALL = ["--recipe", "dcgan28", "--size", "16", "--width", "0.1", "--set", "training.batch=4", "--images", "8"]


@pytest.fixture(scope="module")
def place(tmp_path_factory, make_model):
    """A folder with pictures, which the cache knows already, and a model that was not trained."""
    import ganvas

    folder = tmp_path_factory.mktemp("full")
    furnish(folder, make_model("dcgan28", width=16, height=16))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GANVAS_CACHE", str(folder / "cache"))
        patched.chdir(folder)
        ganvas.look("pictures", size=16, progress=False)
        ganvas.score("model", "pictures", count=8)
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ["train", "pictures", *SMALL, "--out", "run"],
        ["look", "pictures", "--size", "16", "--out", "sheet.png"],
        ["generate", "model", "--out", "generated"],
        ["score", "model", "--against", "pictures", "--count", "8", "--pairs", "pairs.png"],
        ["export", "model", "--no-score", "--out", "exported"],
        *(
            ["walk", "model", "--seconds", "1", "--out", f"film{ending}"]
            for ending in (".mp4", ".webm", ".gif", ".webp")
        ),
        ["mix", "model", "--rows", "1,2,3", "--out", "mix.png"],
        ["project", "model", "pictures/1.png", "--steps", "0", "--out", "projected"],
        ["directions", "model", "--out", "directions.png"],
        ["neighbours", "model", "1", "--against", "pictures", "--out", "neighbours.png"],
        ["blend", "model", "model", "--out", "blended"],
    ],
    ids=lambda command: " ".join(command)[:40],
)
def test_a_full_disk_is_one_line_and_leaves_no_half_of_a_file(command, place):
    environment = os.environ | {"GANVAS_CACHE": str(place / "cache"), "OMP_NUM_THREADS": "1"}
    before = {path for path in place.rglob("*") if path.is_file()}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *command], cwd=place, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("ganvas: ")
    assert "the disk is full" in done.stderr.splitlines()[-1]
    assert not list(place.rglob("*.unfinished*"))
    assert before <= {path for path in place.rglob("*") if path.is_file()}
