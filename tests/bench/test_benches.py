"""Every bench measures: each is run on the smallest input that it takes. A new one needs a row in SMOKE.

What a bench writes lies below the working folder, which is the test's own here.
"""

import argparse
import asyncio
import itertools
import json
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from torch import Tensor

import bench
from bench import (
    ablations,
    agreement,
    beside,
    blind,
    bulk,
    components,
    copies,
    data_memory,
    demo_figures,
    device,
    examples,
    explore_figures,
    faces,
    few,
    forecasts,
    judge,
    lines,
    match,
    object_storage,
    overfit,
    overhead,
    page,
    playing,
    processes,
    projection,
    quality,
    recipes,
    response,
    roofline,
    same_speed,
    same_weights,
    screens,
    serving,
    shapes,
    stacked,
    step,
    studio,
    tuning,
    tutorial_twin,
    unseen,
    unseen_sets,
    verdicts,
)
from ganvas.config import LimitSettings, PictureSettings, RunConfig, with_settings
from ganvas.data import BatchStream, PictureSet, load_pictures
from ganvas.files import cache_folder
from ganvas.formats.images import picture_grid
from ganvas.metrics import Measure
from ganvas.networks import NetworkSpec
from ganvas.publishing import site
from ganvas.publishing.packaging import Bundle
from ganvas.recipes import recipe
from ganvas.training import ARCHITECTURES, new_state
from ganvas.training.loop import training_loop
from ganvas.workflows.train import check_parts, train

BENCHES = sorted(path.stem for path in Path(bench.__file__).parent.glob("*.py") if path.stem != "__init__")
COUNT = 8  # pictures of a measure
NOT_MEASURED = ["measuring.share=0", "recording.report=false"]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 24 smooth pictures of 16 px, which stands in for every set."""
    data, numbers = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    folder = data / "faces-color"
    folder.mkdir()
    for index in range(24):
        corners = Image.fromarray(numbers.integers(0, 256, (3, 3, 3)).astype(np.uint8))
        corners.resize((16, 16), Image.Resampling.BICUBIC).save(folder / f"{index:02d}.png")
    return folder


@pytest.fixture(scope="session")
def run(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of 16 px, begun four seconds after its command."""
    out = tmp_path_factory.mktemp("runs") / "quick"
    small = [f"pictures.source={json.dumps(str(pictures))}", "pictures.width=16", "pictures.height=16"]
    config = with_settings(recipe("quick").config, [*small, "network.width=0.1", "measuring.share=0"])
    for _ in train(config.model_copy(update={"limits": LimitSettings(images=64)}), out):
        pass
    (out / "start-up").write_text("4.2")
    return out


@pytest.fixture(scope="session")
def model(published, web_runtime_fetched_once) -> Path:
    """An exported model, and what a page needs."""
    return published.folder


@pytest.fixture(autouse=True)
def a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def rows_are_taken_out_again() -> Iterator[None]:
    before = dict(ARCHITECTURES)
    yield
    for name in ARCHITECTURES.keys() - before.keys():
        del ARCHITECTURES[name]


@dataclass(frozen=True)
class Given:
    """What a bench may need; made only for those that ask."""

    request: pytest.FixtureRequest
    capsys: pytest.CaptureFixture[str]
    work: Path

    @property
    def pictures(self) -> Path:
        return self.request.getfixturevalue("pictures")

    @property
    def run(self) -> Path:
        return self.request.getfixturevalue("run")

    @property
    def model(self) -> Path:
        return self.request.getfixturevalue("model")

    @property
    def known(self) -> PictureSet:
        return load_pictures(PictureSettings(source=str(self.pictures), width=16, height=16))

    @property
    def judge(self) -> quality.Judge:
        """With pixels in the place of the ResNet, which is in a package that no other part needs."""
        return quality.Judge(self.known, count=COUNT, views={**quality.own_views((16, 16)), "other": pixels})

    def printed(self) -> str:
        return self.capsys.readouterr().out


def pixels(images: np.ndarray) -> Tensor:
    """(N, H, W, C) uint8 -> (N, H * W * C), from -1 to 1."""
    return torch.from_numpy(images).flatten(1).float() / 127.5 - 1


def width_of(picture: Path) -> int:
    with Image.open(picture) as opened:
        return opened.width


def smallest(part: str, pictures: Path) -> RunConfig:
    config = ablations.configuration(part, str(pictures), "16x16", LimitSettings(images=32), seed=0)
    return with_settings(config, NOT_MEASURED)


def smoke_ablations(given: Given) -> None:
    images = ablations.made(smallest("without spectral norms", given.pictures), given.work / "run", COUNT)
    line = ablations.measured(images, np.asarray(given.known.images[:]), given.judge)
    assert 0 < line["spread"] < 10
    line |= {"set": "cars", "part": "without spectral norms", "seed": 0}
    ablations.report([line])
    assert "| without spectral norms |" in given.printed()


def smoke_agreement(given: Given) -> None:
    found = {line["state"]: line for line in agreement.ranked(given.run, str(given.pictures), pixels, count=COUNT)}
    real, noise = found["faces-color: real"], found["faces-color: noise"]
    assert real["lite"] < noise["lite"]
    assert real["other"] < noise["other"]
    agreement.report(list(found.values()))
    assert f"| all | {len(found)} |" in given.printed()


def smoke_beside(given: Given) -> None:
    plan = quality.Plan("quick", "faces-color", 0.001)
    sides = {side: (same_weights.ROOT / "src", str(given.pictures)) for side in ("now", "again")}
    memory = beside.trained(plan, sides, given.work)
    assert all((given.work / f"{side}-{plan.title}" / "model").exists() for side in sides)
    for side, megabytes in memory.items():
        assert megabytes > 50
        (line,) = beside.scored(given.run, str(given.pictures), pixels, seconds=[5], count=COUNT)
        assert 0 <= line["precision"] <= 1
        lines.keep(beside.RESULTS, line | {"run": plan.title, "set": plan.name, "side": side})
    beside.main(["table"])
    rows = given.printed().splitlines()
    assert [row.split(" | ")[2] for row in rows[2:]] == ["now", "again"]


def smoke_blind(given: Given) -> None:
    folder, sides = given.work / "vote", ["--one", f"{given.run}@last", "--other", str(given.run)]
    blind.main(["make", str(folder), *sides, "--pairs", "3"])
    key = blind.Key.read(folder)
    assert (key.one.label, key.other.label) == ("quick@last", "quick")
    assert key.one.which == key.other.which  # the same seeds, none of those that a run shows
    assert min(key.one.which) > COUNT
    (folder / blind.VOTES).write_text("1 left\n2 right\n3 even\n")
    blind.main(["count", str(folder), "--against", str(given.pictures), "--count", str(COUNT)])
    assert "| vote | quick@last | quick | " in given.printed()
    against_real = ["--one", str(given.pictures), "--other", str(given.run)]
    blind.main(["make", str(given.work / "real"), *against_real, "--pairs", "2"])
    assert blind.Key.read(given.work / "real").one.label == "faces-color"


def stand_in_detector(path: Path) -> Path:
    """A network that takes brightness for a face, and sees all five places in the middle of the crop."""
    zeros, half = np.zeros((1, 10), np.float32), np.full((1, 10), 0.5, np.float32)
    weights = [numpy_helper.from_array(zeros, "zeros"), numpy_helper.from_array(half, "half")]
    steps = [
        helper.make_node("ReduceMean", ["flat"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Neg", ["mean"], ["minus"]),
        helper.make_node("Concat", ["minus", "mean"], ["logits"], axis=1),
        helper.make_node("Softmax", ["logits"], ["odds"], axis=1),
        helper.make_node("MatMul", ["mean", "zeros"], ["nothing"]),
        helper.make_node("Add", ["nothing", "half"], ["places"]),
    ]
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["input_3"], ["flat"], axis=1), *steps],
        "detector",
        [helper.make_tensor_value_info("input_3", TensorProto.FLOAT, ["n", 48, 48, 3])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", count])
            for name, count in (("mean", 1), ("places", 10), ("odds", 2))
        ],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def smoke_faces(given: Given) -> None:
    """The surest crop is the one with the bright disc, wherever it is, and the places lie in its middle."""
    detector = faces.FaceDetector(stand_in_detector(given.work / "detector.onnx"))
    images = np.zeros((2, 40, 40, 1), np.uint8)
    images[0, 6:22, 18:34] = 255
    logits, places = detector.faces(images)
    assert logits[0] > logits[1]
    assert np.abs(places[0] - [24, 16]).max() < 2


def smoke_bulk(given: Given) -> None:
    bulk.main([str(given.run), str(given.work), "--counts", "3", "--processes", "1"])
    assert "| shards | 1 | 3 | " in given.printed()


def smoke_few(given: Given) -> None:
    known = np.array(given.known.images)
    found = few.measured(given.run, given.pictures, known, pixels, COUNT)
    assert found.pop("images") > 0
    assert all(0 <= share <= 1 for share in found.values())
    folders = few.parted("digits", given.work, given.work)
    counts = {part: len(list(folder.iterdir())) for part, folder in folders.items()}
    assert counts == {"held-out": few.HELD_OUT, "few": few.FEW, "many": few.MANY}
    held_out, many = ({path.name for path in folders[part].iterdir()} for part in ("held-out", "many"))
    assert not held_out & many
    lines.keep(few.RESULTS, {"set": "digits", "pictures": 100} | found)
    few.main(["table"])
    assert "| digits | 100 | " in given.printed()


def smoke_forecasts(given: Given) -> None:
    scores = {"multiscale": [0.5, 0.4, 0.6], "eigen": {"multiscale": [1.0, 0.9, 1.1]}}
    plan = quality.Plan("swift", "avatars", 10)
    for mark, images in ((60, 2000), (30, 700)):
        lines.keep(
            quality.RESULTS,
            {"run": plan.title, "recipe": "swift", "set": "avatars", "mark": mark} | scores | {"images": images},
        )
    lines.keep(quality.RESULTS, {"run": "x", "recipe": "dcgan", "set": "avatars", "mark": 30, "images": 5} | scores)
    measure = {"images": 300, "kernel_distance": 1.0, "pca_distance": 4.0}
    lines.keep(unseen.RESULTS, {"set": "icons", "seed": 0, "minutes": 3, "measures": [measure]})
    lines.keep(quality.ENDINGS, {"run": plan.title, "memory_mb": 985})
    lines.keep(recipes.RESULTS, {"recipe": "mlp", "options": [], "images_per_second": 9.0})
    forecasts.main([str(given.work / "forecasts.json")])
    made = json.loads((given.work / "forecasts.json").read_text())
    assert made["curves"] == [
        {"set": "avatars", "px": 64, "points": [[30, 700, 0.5], [60, 2000, 0.5]]},
        {"set": "icons", "px": 64, "points": [[None, 300, 0.25]]},
    ]
    assert (made["memory_mb"], made["speeds"]) == ({"64": 985}, {"mlp": 9.0})


def smoke_judge(given: Given) -> None:
    detector = faces.FaceDetector(stand_in_detector(given.work / "detector.onnx"))
    lines = judge.damage_costs(str(given.pictures), "16x16", detector, count=COUNT)
    assert [line["damage"] for line in lines] == list(judge.damages(detector))
    assert all(np.isfinite(line[family]) for line in lines for family in quality.OWN_FAMILIES)
    images, numbers = np.asarray(given.known.images), np.random.default_rng(0)
    joined = judge.halves(images, numbers, 1.0)
    assert (joined[:-1, :, :5] == images[:-1, :, :5]).all()
    assert (joined[:-1, :, 11:] == images[1:, :, 11:]).all()
    assert (judge.warped(0)(images, numbers, 1.0) == images).all()
    assert (judge.moved(images[0], torch.tensor([2.0, 0.0]).view(2, 1, 1))[:, :12] == images[0][:, 2:14]).all()
    (line,) = judge.moment_scores(given.run, str(given.pictures), [], pixels, detector, count=COUNT)
    assert np.isfinite([line[family] for family in (*quality.OWN_FAMILIES, "ResNet")]).all()
    assert 0 <= line["as sure"] <= 1
    assert f"| quick | faces-color | {line['images']} | " in judge.table([line])


def smoke_components(given: Given) -> None:
    cells = components.column(given.known, given.judge, COUNT)
    assert len(cells) == len(components.NUMBERS)


def smoke_copies(given: Given) -> None:
    found = {line["pictures"]: line for line in copies.counted(str(given.pictures), samples=2)}
    assert set(found) == {"held out", *copies.DAMAGE, *copies.MIXED}
    assert found["copies"]["share"] > found["held out"]["share"]


def smoke_data_memory(given: Given) -> None:
    small = ["--counts", "40,80", "--shown", "64", "--photos", "40", "--seconds", "0.1"]
    data_memory.main([str(given.work / "shards"), *small])
    said = given.capsys.readouterr().out
    assert "| 80 |" in said
    assert "times as many" in said


def smoke_demo_figures(given: Given) -> None:
    demo_figures.main([str(given.run)])
    assert width_of(Path("docs/figures/demo.webp")) > width_of(given.run / "samples" / "originals.png")
    assert width_of(Path("docs/figures/demo-film.webp")) == demo_figures.FILM_PX


def smoke_device(given: Given) -> None:
    small = ["--steps", "4", "--size", "16", "--pictures", "32", "--batches", "4", "--seconds", "0.1"]
    device.main(["--device", "cpu", *small, "--recipes", "swift", "dcgan"])
    printed = given.printed()
    for name in ("swift", "dcgan"):  # the CPU beside itself
        assert f"| {name} | yes | 0.0e+00 | 0.0e+00 | 0.0 levels | yes |" in printed
    assert "| 4 | " in printed


def smoke_examples(given: Given) -> None:
    out, pictures = given.work / "out", np.random.default_rng(0).integers(0, 256, (64, 12, 16, 3), dtype=np.uint8)
    quality.FIGURES.mkdir(parents=True)
    plan = examples.LATER[1]
    figure = quality.FIGURES / f"quality-{plan.title}.webp"
    Image.fromarray(picture_grid(pictures, columns=8)).save(figure, lossless=True)
    lines.keep(quality.ENDINGS, {"run": plan.title, "images": 9000})
    ((name, images, found),) = examples.later(plan)
    assert (name, images) == (plan.name, 9000)
    assert (found == pictures[: examples.PICTURES]).all()
    examples.main([str(given.work), "--images", "32", "64", "--size", "16", "--out", str(out)])
    index = json.loads((out / "index.json").read_text())
    assert [line["images"] for line in index] == [32, 64, 9000]
    assert {path.name for path in out.iterdir()} == {"index.json", *(line["file"] for line in index)}
    assert all(width_of(out / line["file"]) == examples.COLUMNS * line["width"] for line in index)


def smoke_explore_figures(given: Given) -> None:
    explore_figures.main([*[str(given.run)] * 4, str(given.pictures)])
    found = {path.stem.removeprefix("explore-") for path in explore_figures.FIGURES.glob("explore-*.webp")}
    assert found == {"tour", "noise", "mix", "project", "directions", "neighbours", "blend"}
    assert all(width_of(path) <= explore_figures.WIDE_PX for path in explore_figures.FIGURES.iterdir())


def smoke_lines(given: Given) -> None:
    for number in range(3):
        lines.keep(given.work / "new" / "lines.jsonl", {"number": number})
    assert lines.kept(given.work / "new" / "lines.jsonl") == [{"number": number} for number in range(3)]


def smoke_match(given: Given) -> None:
    far = {family: [1e9] for family in ("lite", "other")}
    goal = far | {"eigen": {family: [1.0] for family in far}}
    found = match.matched(given.run, given.judge, goal, soonest_seconds=1, count=COUNT)
    assert found.keys() == far.keys()  # an hour that was judged by fewer families is compared in those
    assert all(seconds >= 4.2 for seconds in found.values())
    goal |= {"multiscale": [1e9], "eigen": goal["eigen"] | {"multiscale": [1.0]}}
    assert match.matched(given.run, given.judge, goal, soonest_seconds=1, count=COUNT).keys() == set(match.FAMILIES)


def smoke_object_storage(given: Given) -> None:
    object_storage.checked("memory://smoke", given.work)
    said = given.capsys.readouterr().out
    assert said.count("the pictures of the disk; lost: none") == 3
    assert "100 of 000003.tar: memory://smoke/shards/000003.tar cannot be reached" in said


def smoke_overfit(given: Given) -> None:
    found = list(overfit.counted(str(given.pictures), learned_pictures=8, count=COUNT, asked_at=(0, 1)))
    assert [line["steps"] for line in found] == ["real pictures", 0, 1]


def smoke_overhead(given: Given) -> None:
    overhead.main(["--time", "0.3s", "--recipe", "mlp"])
    cells = given.printed().splitlines()[-1].split(" | ")
    seconds, in_steps = map(float, cells[2:4])
    assert 0 < in_steps <= seconds


def smoke_page(given: Given) -> None:
    out = given.work / "site"
    site.publish(Bundle(given.model, cache_folder() / "downloads"), out, site.SiteOptions())
    page.main([str(out), "--loads", "1", "--frames", "1", "--turns", "1", "--seconds", "0.2"])
    assert "| walk as it is watched, at most 60 |" in given.printed()


def smoke_playing(given: Given) -> None:
    out = given.work / "site"
    site.publish(Bundle(given.model, cache_folder() / "downloads"), out, site.SiteOptions())
    playing.main([str(out), "--minutes", "0.1"])
    printed = given.printed()
    for what in ("from key to pixels", "from MIDI to pixels", "heap over", "minutes of sound"):
        assert what in printed


def smoke_projection(given: Given) -> None:
    model, pictures = given.model, str(given.pictures)
    projection.main([str(model), pictures, pictures, "--count", "2", "--steps", "2"])
    rows = given.printed().splitlines()
    assert rows[2].split(" | ")[1:] == rows[3].split(" | ")[1:]  # the same pictures are as far


def smoke_quality(given: Given) -> None:
    plan = quality.PLAN[0]
    quality.tabulate(plan, given.run, given.judge, COUNT)
    made = quality.train(quality.Plan("quick", "faces-color", 0.001), given.work / "run", str(given.pictures))
    assert made > 50  # MB
    ending = quality.ending(plan, given.run, str(given.pictures), made, COUNT)
    lines.keep(quality.ENDINGS, ending)
    quality.main([str(given.work), str(given.pictures.parent), "none of them"])
    printed = given.printed()
    assert printed.count(f"| {plan.recipe}, {plan.minutes} min, {plan.seed} |") == len(quality.FAMILIES) + 1
    assert f"| {plan.title} |" in printed


def smoke_recipes(given: Given) -> None:
    options = "--size,16,--width,0.1,--set,recording.report=false"
    recipes.main([f"mlp={given.pictures},{options}", "--time", "0.3s", "--out", str(given.work)])
    (line,) = lines.kept(recipes.RESULTS)
    assert line["images"] > 0
    assert Path(f"docs/figures/{line['name']}.webp").exists()


def smoke_response(given: Given) -> None:
    response.main([str(given.work), "--sizes", "8", "10", "12", "--repeats", "2"])
    found = lines.kept(response.RESULTS)
    assert len([line for line in found if line.get("damage") == "blur"]) == 3 * 3
    assert all(0 <= line["share"] <= 1 for line in found if "share" in line)


def smoke_processes(given: Given) -> None:
    processes.main(["--recipe", "mlp", "--size", "16", "--rounds", "1", "--seconds", "0.1"])
    assert "| mlp | 16 |" in given.printed()


def smoke_roofline(given: Given) -> None:
    roofline.main(["--size", "16x16", "--steps", "1", "--batch", "2"])
    assert "roofline of every operation" in given.printed()


def smoke_same_speed(given: Given) -> None:
    (given.work / "this").symlink_to(same_weights.ROOT)  # in the place of another commit
    sizes = ["--recipe", "mlp", "--size", "16", "--images", "128", "--rounds", "1"]
    same_speed.main(["--commit", "this", "--work", str(given.work), *sizes])
    rows = [line.split("|") for line in given.printed().splitlines()[2:]]
    assert len(rows) == 3
    assert all(float(row[4]) > 0 for row in rows[:2])  # a step of this size is lost in the noise


def smoke_same_weights(given: Given) -> None:
    options = ["--recipe", "mlp", "--size", "16", "--width", "0.1", "--set", "recording.report=false"]
    found = same_weights.found_by(same_weights.ROOT / "src", options, 64, given.work / "run")
    assert len(found["pictures"]) == 4 + 1  # and a sheet of all
    assert same_weights.difference(found, found) == ""
    assert same_weights.difference(found, found | {"pictures": []}) == "pictures"


def smoke_screens(given: Given) -> None:
    for name in ("one", "other"):
        shutil.copytree(given.run, given.work / "home" / "runs" / name)
    screens.main([str(given.work / "home"), "first", "pictures", "--looks", "light", "phone", "--out", str(given.work)])
    for name, look in itertools.product(("first", "pictures"), ("light", "phone")):
        path = given.work / (f"studio-{name}.webp" if look == "light" else f"studio-{name}-{look}.webp")
        with Image.open(path) as picture:
            assert picture.width == screens.LOOKS[look].shown
        assert path.stat().st_size <= screens.MOST_BYTES


def smoke_serving(given: Given) -> None:
    process, taken = serving.started(given.model)
    try:
        answers = asyncio.run(serving.steady(rate=10, seconds=0.5))
        assert serving.resident_mb(process) > 10
        turn = serving.walks_turn(seconds=0.5)
        assert turn["singles"] == 0.5 * serving.SINGLES_PER_SECOND
        assert turn["others"].keys() <= {"200"}  # none, where all of them take longer
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert len(answers) == 5
    assert taken > 0
    assert serving.bare(given.model, seconds=0.1) > 0


def smoke_shapes(given: Given) -> None:
    shapes.main([str(given.work), "--images", "2"])
    assert len(list(given.work.rglob("*.png"))) == 4 * 2


def smoke_stacked(given: Given) -> None:
    stacked.main([str(given.work), "0.3s", "mlp", "--samples", "40"])
    (line,) = lines.kept(stacked.RESULTS)
    assert 1 <= line["modes"] <= 40


def smoke_step(given: Given) -> None:
    step.main(["--blocks", "1", "--steps", "1", "--batch", "2"])
    assert "| plain, images/s | ours, images/s |" in given.printed()


def smoke_studio(given: Given) -> None:
    measured = ["listed", "opened", "seen", "dropped"]
    studio.main([str(given.work), *measured, "--runs", "2", "--files", "65"])
    printed = given.printed()
    for what in ("2 runs listed", "first words", "from a line of the log to pixels", "65 files dropped"):
        assert what in printed


def smoke_tutorial_twin(given: Given) -> None:
    state = tutorial_twin.build_plain_state()
    counted = [sum(each.numel() for each in net.parameters()) for net in (state.generator, state.discriminator)]
    assert counted == [3_576_704, 2_765_568]
    images, noise = torch.zeros(2, 3, 64, 64), torch.randn(2, tutorial_twin.LATENT_SIZE, 1, 1)
    assert all(loss > 0 for loss in tutorial_twin.plain_step(state, images, noise))


def smoke_unseen_sets(given: Given) -> None:
    unseen_sets.main([str(given.work / "sets"), str(given.work), str(given.work), "--images", "2"])
    made = sorted(folder.name for folder in (given.work / "sets").iterdir())
    assert made == ["avatar-heads", "digits-coloured", "julia", "letters", "mosaics", "trees", "waves"]
    assert len(list(given.work.rglob("*.png"))) == 2 * len(made)


def smoke_unseen(given: Given) -> None:
    folder = given.work / "sets/dots"
    folder.mkdir(parents=True)
    for index in range(24):
        Image.fromarray(np.full((64, 64, 3), 10 * index, dtype=np.uint8)).save(folder / f"{index}.png")
    numbers = dict.fromkeys((field.name for field in fields(Measure)), 0.0) | {"pca_distance": 1.0, "spread": 1.0}
    falls = [
        numbers | {"images": at, "kernel_distance": far} for at, far in ((64, 0.3), (128, 0.2), (192, 0.9), (256, 0.9))
    ]
    moments = [
        {"images": 64 * (at + 1), "multiscale": 0.3, "lite": 0.2, "ResNet": far} for at, far in enumerate((0.4, 0.3))
    ]
    for seed, last in enumerate((0.3, 0.6)):
        moved = [*moments, {**moments[-1], "ResNet": last}]
        lines.keep(unseen.RESULTS, {"set": "dots", "seed": seed, "minutes": 1, "measures": falls, "moments": moved})
    unseen.main(["table"])
    assert "2 runs, 2 with an alarm, 1 of them false: dots, 0" in given.printed()
    line = unseen.one_run(folder, given.work / "runs/dots-2", 2, 0.02, pixels)
    assert np.isfinite([line["moments"][-1][family] for family in (*quality.OWN_FAMILIES, "ResNet")]).all()
    unseen.main(["table", str(given.work / "runs"), str(given.work / "sheet.webp")])
    with Image.open(given.work / "sheet.webp") as sheet:
        assert sheet.width >= unseen.SHOWN * 64
        assert sheet.height >= 64


def smoke_verdicts(given: Given) -> None:
    config = verdicts.configurations(given.work)["quick shapes"]
    expected, spoil = verdicts.SPOILS["replay"]
    length = verdicts.Length(images=64, spoilt_at=32, every=16, count=COUNT)
    measures, ended = verdicts.measured(config, given.work / "run", spoil, length)
    copied = [one["copied"] for one in measures]  # one at every 16 images but after the first step
    assert copied[-1] == 1
    line = {"run": "replay", "expected": expected, "measures": measures, "ended": ended}
    verdicts.report([line])
    assert "| copying | 1 |" in given.printed()


def smoke_tuning(given: Given) -> None:
    options = {"recipe": "dcgan28", "minutes": 0.03, "trials": 1, "seeds": 1, "count": COUNT, "work": given.work}
    asked = argparse.Namespace(**options)
    for _ in range(2):  # the second time there is nothing left to do
        tuning.compare("drawn", str(given.pictures), "16x16", asked, ["network.width=0.1", "recording.report=false"])
    assert [line["kind"] for line in lines.kept(tuning.RESULTS)] == ["tuned", "default"]
    tuning.main(["table"])
    assert "| drawn | dcgan28 | 0.03 | multiscale | " in given.printed()


SMOKE: dict[str, Callable[[Given], None]] = {
    "ablations": smoke_ablations,
    "agreement": smoke_agreement,
    "beside": smoke_beside,
    "blind": smoke_blind,
    "bulk": smoke_bulk,
    "components": smoke_components,
    "copies": smoke_copies,
    "data_memory": smoke_data_memory,
    "demo_figures": smoke_demo_figures,
    "device": smoke_device,
    "examples": smoke_examples,
    "explore_figures": smoke_explore_figures,
    "faces": smoke_faces,
    "few": smoke_few,
    "forecasts": smoke_forecasts,
    "judge": smoke_judge,
    "lines": smoke_lines,
    "match": smoke_match,
    "object_storage": smoke_object_storage,
    "overfit": smoke_overfit,
    "overhead": smoke_overhead,
    "page": smoke_page,
    "playing": smoke_playing,
    "processes": smoke_processes,
    "projection": smoke_projection,
    "quality": smoke_quality,
    "recipes": smoke_recipes,
    "response": smoke_response,
    "roofline": smoke_roofline,
    "same_speed": smoke_same_speed,
    "same_weights": smoke_same_weights,
    "screens": smoke_screens,
    "serving": smoke_serving,
    "shapes": smoke_shapes,
    "stacked": smoke_stacked,
    "step": smoke_step,
    "studio": smoke_studio,
    "tuning": smoke_tuning,
    "tutorial_twin": smoke_tutorial_twin,
    "unseen": smoke_unseen,
    "unseen_sets": smoke_unseen_sets,
    "verdicts": smoke_verdicts,
}
SKIPPED = {
    "function": "downloads Amazon's emulator and packs a function with pip",
    "visit": "trains twice for the two minutes that the studio's first button asks for",
}
SLOW = {
    "beside",
    "explore_figures",
    "bulk",
    "overhead",
    "page",
    "playing",
    "quality",
    "recipes",
    "processes",
    "roofline",
    "same_speed",
    "same_weights",
    "screens",
    "serving",
    "stacked",
    "step",
    "studio",
    "tuning",
}


def marked(name: str) -> object:
    marks = [pytest.mark.slow] if name in SLOW else []
    if name in SKIPPED:
        marks.append(pytest.mark.skip(reason=SKIPPED[name]))
    if name in ("page", "playing", "screens", "studio") and not (
        shutil.which("chromium") or shutil.which("google-chrome")
    ):
        marks.append(pytest.mark.skip(reason="needs chromium or google-chrome"))
    return pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", [marked(name) for name in BENCHES])
def test_a_bench_measures_on_its_smallest_input(
    name: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    SMOKE[name](Given(request, capsys, tmp_path))


def test_every_row_is_of_a_bench() -> None:
    assert {*SMOKE, *SKIPPED} == set(BENCHES)


@pytest.mark.parametrize("part", ablations.PARTS)
def test_the_settings_of_every_ablation_go_together(part: str, pictures: Path) -> None:
    check_parts(smallest(part, pictures))


@pytest.mark.parametrize("part", [part for part, (_, row) in ablations.PARTS.items() if row is not None])
def test_an_architecture_of_the_ablations_takes_a_step(part: str, pictures: Path) -> None:
    config = smallest(part, pictures)
    known = load_pictures(config.pictures)
    spec = NetworkSpec(16, 16, 3, config.network.z_dim, multiplier=0.25)
    state = new_state(config, spec, torch.device("cpu"), known)
    stream = BatchStream(known, config.training.batch, config.seed)
    next(training_loop(state, stream, config, config.training.batch))
    assert state.images == config.training.batch
    assert state.is_finite()


def test_the_rows_of_the_ablations_that_were_kept_are_still_those() -> None:
    known = lines.kept(same_weights.ROOT / ablations.RESULTS)
    assert {line["part"] for line in known} <= set(ablations.PARTS)
