"""Trains small runs by steps alone, in this process or in several: `python ranked.py OUT` as one of those."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganvas.config import RunConfig, with_settings
from ganvas.data import BatchStream, Loss, PictureSet, Share
from ganvas.networks import NetworkSpec
from ganvas.ranks import ALONE, Ranks, joined
from ganvas.recipes import RECIPES
from ganvas.training import TrainingState, new_state, rescue, save_checkpoint, training_loop
from ganvas.training.checkpoint import state_tensors
from ganvas.training.together import End, Follower, Leader, follow

STEPS = 20
RESCUED = "rescued"
LOST = Loss(3, "000001.tar", "its SHA-256 is not that of the index")  # to the process of rank 1
_SMALL = ["training.batch=8", "network.width=0.02", "network.z_dim=6", "pictures.width=16", "pictures.height=16"]
# Everything that changes as a run goes on, within its first steps. A tenth of the rates: at all of them what is rounded
# otherwise in the first step makes a thousandth of a loss by the twentieth, in one process too.
_SLOW = ["optimizer.generator_rate=1e-4", "optimizer.discriminator_rate=1e-4"]
_SWIFT = [
    *_SLOW,
    "matching.from_images=16",
    "matching.rise_images=32",
    "reconstruction.fades_from_images=32",
    "reconstruction.fades_over_images=64",
    "training.double_batch_at=120",
]
CASES: dict[str, tuple[str, list[str]]] = {
    **{name: (name, []) for name in RECIPES},
    "swift": ("swift", _SWIFT),
    "swift, blind": ("swift", [*_SWIFT, "network.architecture=swift-blind", "objective.augment=tint,translation"]),
    "swift, with classes": ("swift", [*_SLOW, "pictures.conditional=true"]),
    "quick, with classes": ("quick", ["pictures.conditional=true"]),
    "quick, adapting": ("quick", ["objective.augment_target=0.1", "objective.augment_adapting_images=200"]),
    "dcgan, with a penalty": ("dcgan", ["objective.r1_weight=1"]),
}
# One crop a step, which only one of two ranks has.
LARGE = {"swift, enlarging": ("swift", [*_SWIFT, "training.batch=4", "pictures.width=128", "pictures.height=128"])}


def configuration(case: str) -> RunConfig:
    """Of a case."""
    name, assignments = (CASES | LARGE)[case]
    return with_settings(RECIPES[name].config, [*_SMALL, *assignments])


def begun(config: RunConfig, ranks: Ranks) -> tuple[TrainingState, BatchStream]:
    """The state before the first step, and what it is shown."""
    report: Any = None
    numbers, size = np.random.default_rng(0), (config.pictures.height, config.pictures.width)
    coarse = numbers.integers(0, 256, (60, size[0] // 4, size[1] // 4, 3), dtype=np.uint8)
    pictures = PictureSet(coarse.repeat(4, 1).repeat(4, 2), np.arange(60) % 3, ("a", "b", "c"), "", report)
    classes = 3 if config.pictures.conditional else 0
    width = 1.0 if config.network.width == "planned" else config.network.width
    spec = NetworkSpec(*size, 3, config.network.z_dim, classes, width)
    state = new_state(config, spec, torch.device("cpu"), pictures, ranks)
    stream = BatchStream(pictures, config.training.batch, 0, mirror=True, share=Share(ranks.rank, ranks.count))
    return state, stream


def trained(case: str, ranks: Ranks = ALONE, steps: int = STEPS) -> tuple[list[dict[str, float]], dict[str, Any]]:
    """What each step reported, and the tensors of the state after the last."""
    config = configuration(case)
    state, stream = begun(config, ranks)
    reports: list[dict[str, float]] = []
    for progress in training_loop(state, stream, config, 10**9):
        reports.append({name: float(value) for name, value in progress.report.items()})
        if len(reports) == steps:
            break
    return reports, state_tensors(state)


def rescued(folder: Path, ranks: Ranks = ALONE) -> tuple[list[dict[str, float]], dict[str, Any]]:
    """The same of a run that rank 0 alone leads, and that goes back after six steps to what it was after two."""
    config, kept = configuration("quick"), list[TrainingState]()

    def begin() -> Follower:
        def build(width: float) -> TrainingState:
            kept.append(begun(config, ranks)[0])
            return kept[-1]

        stream = begun(config, ranks)[1]
        stream.add_loss(LOST)
        return Follower(build, stream, key=7)

    if not ranks.leads:
        asked = iter([False] * 4)  # before the state and three steps; from then on it is asked to end
        assert follow(ranks, begin, config, lambda: next(asked, True)) == End(96, 1.5, interrupted=True)
        return [], state_tensors(kept[-1])
    state, stream = begun(config, ranks)
    reports: list[dict[str, float]] = []
    leader = Leader(ranks)
    for progress in leader.leading(training_loop, key=7)(state, stream, config, 96):
        reports.append({name: float(value) for name, value in progress.report.items()})
        if ranks.count > 1:
            assert leader.is_asked_to_end == (len(reports) > 3)
        if len(reports) == 2:
            save_checkpoint(state, folder)
        if len(reports) == 6:
            rescue(state, folder)
    assert stream.losses() == ([LOST] if ranks.count > 1 else [])
    leader.end(End(state.images, 1.5, interrupted=True))
    return reports, state_tensors(state)


def digest(tensor: torch.Tensor) -> str:
    """Of its bits."""
    return hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()


def main(out: Path, cases: list[str]) -> None:
    """Train every case as one of several processes, and write its reports and digests of its tensors."""
    torch.set_num_threads(1)
    with joined() as ranks:
        found = {}
        for case in cases:
            reports, tensors = rescued(out / "good", ranks) if case == RESCUED else trained(case, ranks)
            found[case] = {"reports": reports, "tensors": {name: digest(each) for name, each in tensors.items()}}
        (out / f"rank{ranks.rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
