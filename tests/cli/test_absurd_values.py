"""Options with values that nobody means: one line and an exit status, never a traceback."""

import os

import pytest
from furnished import furnish

from forked import run_ganvas

DIGITS = "9" * 400
NUMBERS = ["nan", "inf", "-inf", "-1", "1e308", DIGITS, "9" * 5000, "", "x", "0x10", "1e-400", "\udcff", "٣"]
TRAIN = {
    "--size": NUMBERS,
    "--time": NUMBERS,
    "--images": NUMBERS,
    "--epochs": NUMBERS,
    "--until": ["x", ""],
    "--width": NUMBERS,
    "--seed": NUMBERS,
    "--per-class": NUMBERS,
    "--keep": ["nan", "-1", DIGITS, "\udcff"],
    "--set": [
        "",
        "=",
        "seed",
        "seed=nan",
        f"seed={DIGITS}",
        f"seed={'9' * 5000}",
        f"measuring.counts={'[' * 900}{']' * 900}",
        f"measuring.counts=[{DIGITS}]",
        "training.batch=inf",
        "optimizer.generator_rate=nan",
        "limits.epochs=1e308",
        "limits.images=1e308",
        "recipe.x.y=1",
        "pictures=1",
        "network=\udcff",
        f"{'a.' * 900}a=1",
        f"plan={'{a=' * 300}1{'}' * 300}",
    ],
    "--config": ["/dev/zero", "/dev/null", "/", "\udcff", "nowhere"],
    "--out": ["/dev/null/run", "x" * 300, "pictures/1.png/run"],
    "--device": ["x", ""],
    "--recipe": ["x", ""],
}
LOOK = {
    "--size": NUMBERS,
    "--per-class": NUMBERS,
    "--fit": ["x"],
    "--out": ["pictures/1.png/x.png", "/dev/null/x.png", "."],
}
GENERATE = {
    "--truncation": ["nan", "inf", "-1", "1e308", "3"],
    "--seed": ["-1", DIGITS, "9" * 5000],
    "--count": ["0", "-1", DIGITS, "1000000000000"],
    "--label": ["\udcff"],
    "--at": [*NUMBERS[:5], DIGITS],
    "--out": ["pictures/1.png/x", "x" * 300],
}
WALK = {
    "--seconds": NUMBERS,
    "--fps": NUMBERS,
    "--grid": NUMBERS,
    "--scale": [*NUMBERS, "0"],
    "--radius": ["nan", "inf", "-1", "1e308"],
    "--truncation": ["nan", "inf", "-1", "3"],
    "--seed": ["-1", DIGITS],
    "--loop": ["x", ""],
    "--label": ["x", "\udcff"],
    "--preset": ["/dev/zero", "/", "\udcff", "nowhere", "pictures/1.png"],
    "--out": ["pictures/1.png/x.mp4", "x.avi", "/dev/null/x.gif", "x" * 300 + ".mp4"],
}
OTHERS = [
    *(["walk", "model", "--out", "o.gif", stop] for stop in ("x", DIGITS, "seed=1&z=" + "A" * 100_000, "\udcff")),
    *(
        ["walk", "model", "3", "--out", "o.gif", "--loop", "noise", "--seed", seed]
        for seed in ("-1", str(2**64), DIGITS)
    ),
    ["walk", "model", "3", "--out", "o.gif", "--loop", "noise", "--grid", "2x1", "--seed", str(2**64 - 1)],
    ["mix", "model", "--rows", "x"],
    ["mix", "model", "--rows", ""],
    ["mix", "model", "--rows", "1", "--coarse", "99"],
    ["mix", "model", "--rows", "1", "--share", "nan"],
    ["mix", "model", "--rows", ",".join(map(str, range(100)))],
    ["project", "model", "pictures"],
    ["project", "model", "/dev/zero"],
    ["project", "model", "\udcff"],
    ["project", "model", "pictures/1.png", "--steps", DIGITS],
    ["project", "model", "pictures/1.png", "--fit", "x"],
    ["project", "model", "pictures/1.png", "--steps", "0", "--out", "pictures/1.png/x"],
    ["blend", "model", "nowhere", "--out", "o"],
    ["blend", "model", "model", "--out", "o", "--share", "nan"],
    ["blend", "model", "model", "--out", "model"],
    ["neighbours", "model", "1", "--against", "nowhere"],
    ["neighbours", "model", "x", "--against", "pictures"],
    ["directions", "model", "--from", "pictures"],
    ["directions", "model", "--from", "pictures", "--against", "nowhere"],
    ["directions", "model", "--seed", "-1"],
    ["score", "model", "pictures", "--count", DIGITS],
    ["score", "model", "--against", "pictures", "--seed", DIGITS],
    ["score", "model", "--against", "pictures", "--count", "8", "--pairs", "pictures/1.png/x.png"],
    ["score", "model", "--against", "\udcff"],
    ["export", "model", "--title", "\udcff"],
    ["export", "model", "--title", "x" * 20_000],
    ["export", "model", "--at", "nan"],
    ["publish", "model", "--to", "x", "--out", "o"],
    ["publish", "model", "--to", "lambda", "--out", "o", "--python", DIGITS],
    ["serve", "model", "--rate", "nan"],
    ["serve", "model", "--rate", "inf", "--port", "0"],
    ["serve", "model", "--threads", DIGITS],
    ["serve", "model", "--port", DIGITS],
    ["serve", "model", "--keys", "/dev/zero"],
    ["serve", "model", "--host", "\udcff"],
    ["compare", "model", "\udcff"],
    ["recipes", "\udcff"],
]
COMMANDS = [
    *(["train", "pictures", option, value] for option, values in TRAIN.items() for value in values),
    *(["look", "pictures", option, value] for option, values in LOOK.items() for value in values),
    *(["generate", "model", option, value] for option, values in GENERATE.items() for value in values),
    *(["walk", "model", "--out", "o.gif", option, value] for option, values in WALK.items() for value in values),
    *OTHERS,
]


FEW = [
    ["train", "pictures", "--epochs", "1e308"],
    ["train", "pictures", "--set", f"seed={'9' * 5000}"],
    ["train", "pictures", "--out", "pictures/1.png/run"],
    ["look", "pictures", "--out", "pictures/1.png/x.png"],
    ["generate", "model", "--truncation", "inf"],
    ["generate", "model", "--count", "1000000000000"],
    ["export", "model", "--title", "\udcff"],
    ["walk", "model", "--out", "o.gif", "--seconds", "1e308"],
    ["project", "model", "pictures"],
    ["mix", "model", "--rows", ""],
]


@pytest.fixture(scope="module")
def place(tmp_path_factory, make_model):
    """A folder with pictures and a model that was not trained."""
    folder = tmp_path_factory.mktemp("absurd")
    furnish(folder, make_model())
    return folder


def named(command):
    return ascii(" ".join(command))[1:60]


@pytest.mark.parametrize("command", FEW, ids=named)
def test_one_of_each_kind_of_value_that_nobody_means_is_one_line(command, place):
    check(command, place)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=named)
def test_a_value_that_nobody_means_is_one_line(command, place):
    check(command, place)


def check(command, place):
    environment = os.environ | {"GANVAS_CACHE": str(place / "cache"), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    done = run_ganvas(command, cwd=place, env=environment, timeout=60)
    assert "Traceback" not in done.stderr
    assert "fault of Ganvas" not in done.stderr
    assert done.returncode in (2, 3, 4), done.stderr[-2000:]
    if done.stderr.startswith("ganvas: "):
        assert done.stderr.count("\n") == 1
        assert len(done.stderr) < 1500
