"""What is read back of a run: see bench/faults/readers.py."""

import json
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path

import torch
from PIL import Image

from bench.faults.small import SIZE_PX, header_of, small_description, small_picture
from bench.faults.trying import Build, Reader, in_file
from ganvas.config import LimitSettings, Plan, RunConfig, to_toml, with_settings
from ganvas.formats.manifest import DESCRIPTION_FILE
from ganvas.metrics import Measure, assess, is_sound
from ganvas.networks import NetworkSpec
from ganvas.recipes import recipe
from ganvas.report import write_comparison, write_film, write_report
from ganvas.run.folder import RunFolder, moment_name
from ganvas.run.monitor import measures_in
from ganvas.training import load_checkpoint, new_state, save_checkpoint
from ganvas.training.tally import Tally
from ganvas.workflows.runs import Run


def _config() -> RunConfig:
    sizes = ["pictures.width=16", "pictures.height=16", "network.width=0.02", "network.z_dim=4"]
    config = with_settings(recipe("mlp").config, sizes)
    return config.model_copy(update={"limits": LimitSettings(images=64)})


def _run(folder: Path) -> RunFolder:
    """A run as it lies on disk, but for its networks."""
    run = RunFolder(folder)
    run.make()
    run.write_config(_config(), Plan(images=64, images_per_second=3.5, measure_every=16, width=0.02))
    (folder / "log.jsonl").write_bytes(_log())
    (folder / "data.json").write_bytes(_data())
    (folder / "model").mkdir()
    (folder / "model" / DESCRIPTION_FILE).write_text(small_description().to_json())
    for images in (16, 64):
        Image.fromarray(small_picture(images)).save(run.samples / f"{moment_name(images)}.png")
    return run


def _log() -> bytes:
    measure = {field.name: 0.1 for field in fields(Measure) if field.name != "images"}
    lines: list[dict[str, object]] = [
        {"images": 16, "seconds": 1.5, "generator_loss": 0.7, **measure},
        {"images": 64, "seconds": 3.0, "generator_loss": 0.6, **measure},
        {"images": 64, "seconds": 3.0, "event": "verdict", "kind": "improving", "evidence": "E", "advice": "A"},
        {"images": 64, "seconds": 3.0, "event": "went back to the state after 16 images, with augmentation (1 of 3)"},
        {"images": 64, "seconds": 3.0, "event": "ended", "reason": "finished"},
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _data() -> bytes:
    found = {
        "source": "s",
        "key": "k",
        "found": 3,
        "used": 2,
        "width": 16,
        "height": 16,
        "classes": {"a": 1},
        "broken": [{"file": "f", "reason": "r"}],
        "duplicates": [{"file": "f", "same_as": "g"}],
        "ignored": 0,
        "notes": ["n"],
    }
    return json.dumps(found).encode()


def _of_run(name: str, read: Callable[[RunFolder], object]) -> Build:
    def build(folder: Path) -> Reader:
        run = _run(folder / "run")
        path = run.root / name
        return Reader(path.read_bytes(), in_file(path, lambda _: read(run)))

    return build


def _config_again(run: RunFolder) -> object:
    found = run.read_config()
    return found and (to_toml(*found), run.continued(_config(), None))


def _log_again(run: RunFolder) -> object:
    found = run.read_log()
    if run.forget_after(64) < 0 or any(one["images"] > 64 for one in run.read_log().numbers):
        raise AssertionError("later moments are still there")
    return [event.text for event in found.events]


def _assessed(run: RunFolder) -> object:
    """What going on with a run makes of its log, and what Python gives of it."""
    again = Run(run.root)
    measures = measures_in(again.log.numbers)
    return again.images, again.seconds, again.verdict, again.best, assess(measures), measures and is_sound(measures)


def _pages(run: RunFolder) -> object:
    write_report(run.root)
    return write_comparison([run.root, run.root], run.root.parent / "compare.html")


def _film(run: RunFolder) -> object:
    return write_film(run.drawn(), run.root / "film.webp")


def _holder(folder: Path) -> Reader:
    run = RunFolder(folder / "run")
    run.make()

    def read(stored: bytes) -> None:
        with run.locked():
            (run.root / "training.pid").write_bytes(stored)
            with RunFolder(run.root).locked():
                pass

    return Reader(b"12345\n", read)


def _state(folder: Path, name: str) -> Reader:
    """A saved state."""
    config = _config()
    state = new_state(config, NetworkSpec(SIZE_PX, SIZE_PX, 3, 4, 0, 0.02), torch.device("cpu"))
    state.tally = Tally({"generator_loss": 0.7, "steps": 3})
    save_checkpoint(state, folder / "checkpoint")
    path = next((folder / "checkpoint").glob(name))

    def read(_: Path) -> object:
        load_checkpoint(state, folder / "checkpoint")
        if not (0 <= state.augment_share <= 1 and 0 <= state.seconds < float("inf") and state.images >= 0):
            raise AssertionError("a clock that cannot be")
        return json.dumps(state.tally.sums())

    good = path.read_bytes()
    return Reader(good, in_file(path, read), header_of(good) if name.endswith("safetensors") else None)


RUNS: dict[str, Build] = {
    "run.toml": _of_run("run.toml", _config_again),
    "run.toml, on a page": _of_run("run.toml", _pages),
    "data.json": _of_run("data.json", RunFolder.pictures_key),
    "data.json, on a page": _of_run("data.json", _pages),
    "log.jsonl": _of_run("log.jsonl", _log_again),
    "log.jsonl, assessed": _of_run("log.jsonl", _assessed),
    "log.jsonl, on a page": _of_run("log.jsonl", _pages),
    "model.json, on a page": _of_run("model/model.json", _pages),
    "samples, on a page": _of_run(f"samples/{moment_name(64)}.png", _pages),
    "samples, in a film": _of_run(f"samples/{moment_name(64)}.png", _film),
    "training.pid": _holder,
    "state.json": partial(_state, name="state.json"),
    "checkpoint": partial(_state, name="*.safetensors"),
}
