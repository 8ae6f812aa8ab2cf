"""What do the scores see: what made damage costs them, and what they say of the moments of a run.

    python -m bench.judge damage SOURCE WIDTHxHEIGHT [--faces]
    python -m bench.judge moments RUN SOURCE [--at IMAGES ...] [--faces]

Damage: pictures of the set are blurred, sharpened, warped, cut in half and joined with another; the distance of each
kind to other pictures of the set is printed as a share of the PCA baseline's, that of undamaged ones subtracted.
Pixels of damage are those of a picture of 128 px on its longer side. `--faces`: eyes are moved and mouths enlarged too,
where a detector sees them (bench/faces.py).

Moments: the same shares, and the ResNet's of bench/agreement.py; with `--faces` the share of drawn pictures of which
the detector is as sure as of the median real one. Lines are kept in bench/results/judge.jsonl.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn import functional as F

from bench.agreement import View, independent_features
from bench.faces import FaceDetector, installed_network
from bench.lines import keep
from bench.quality import Judge, drawn, own_views, reached, share_of_eigen
from ganvas.config import PictureSettings
from ganvas.data import PictureSet, load_pictures
from ganvas.metrics import reference_order
from ganvas.model.weights import kept_moments, load_model
from ganvas.workflows.parse import parse_size

RESULTS = Path("bench/results/judge.jsonl")
DAMAGED, DRAWN, SEEN_BY_DETECTOR = 150, 300, 256
FULL_PX = 128
FIRST_SEED = 1 << 41  # far from the seeds that people draw, and from those that a run measures
Damage = Callable[[np.ndarray, np.random.Generator, float], np.ndarray]
"""(N, H, W, C) uint8, random numbers, pixels of the picture for one of FULL_PX -> as many damaged ones."""


def moved(image: np.ndarray, by: Tensor) -> np.ndarray:
    """(H, W, C) uint8 with every pixel taken from `by`, (2, H, W) px across and down, further on."""
    height, width = image.shape[:2]
    down, across = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    grid = torch.stack(((across + by[0]) * 2 / width - 1, (down + by[1]) * 2 / height - 1), dim=-1)
    pixels = torch.tensor(image).permute(2, 0, 1)[None].float()
    found = F.grid_sample(pixels, grid[None].float(), mode="bicubic", padding_mode="reflection", align_corners=False)
    return found[0].permute(1, 2, 0).clamp(0, 255).round().to(torch.uint8).numpy()


def around(image: np.ndarray, x: float, y: float, reach_px: float) -> tuple[Tensor, Tensor]:
    """(H, W) weights: 1 at a place, near 0 beyond `reach_px`; and (2, H, W) px from there."""
    height, width = image.shape[:2]
    down, across = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    apart = torch.stack((across - x, down - y))
    return (-(apart.square().sum(0) / reach_px**2).square()).exp(), apart


def anywhere(numbers: np.random.Generator, px: float) -> Tensor:
    """(2, 1, 1): a step of that length in any direction."""
    angle = numbers.uniform(0, 2 * np.pi)
    return px * torch.tensor([np.cos(angle), np.sin(angle)]).view(2, 1, 1)


def blurred(px: float) -> Damage:
    return lambda images, numbers, scale: _filtered(images, ImageFilter.GaussianBlur(px * scale))


def sharpened(images: np.ndarray, numbers: np.random.Generator, scale: float) -> np.ndarray:
    return _filtered(images, ImageFilter.UnsharpMask(2 * scale, 80, 0))


def noisy(images: np.ndarray, numbers: np.random.Generator, scale: float) -> np.ndarray:
    return np.clip(images + numbers.normal(0, 8, (*images.shape[:3], 1)), 0, 255).astype(np.uint8)


def warped(px: float) -> Damage:
    """All over, smoothly, by `px` in the mean square."""

    def damage(images: np.ndarray, numbers: np.random.Generator, scale: float) -> np.ndarray:
        coarse = torch.from_numpy(numbers.normal(0, 1, (len(images), 2, 5, 5)))
        steps = F.interpolate(coarse, images.shape[1:3], mode="bicubic", align_corners=True)
        steps = steps / steps.square().mean((1, 2, 3), keepdim=True).sqrt() * px * scale
        return np.stack([moved(image, by) for image, by in zip(images, steps, strict=True)])

    return damage


def patch_moved(images: np.ndarray, numbers: np.random.Generator, scale: float) -> np.ndarray:
    return np.stack([_patch(image, numbers, scale, lambda apart: anywhere(numbers, 4 * scale)) for image in images])


def patch_enlarged(images: np.ndarray, numbers: np.random.Generator, scale: float) -> np.ndarray:
    return np.stack([_patch(image, numbers, scale, lambda apart: -0.35 * apart) for image in images])


def halves(images: np.ndarray, numbers: np.random.Generator, scale: float) -> np.ndarray:
    """The left of each joined with the right of the next, over 4 px."""
    width = images.shape[2]
    right = np.clip((np.arange(width) - width / 2) / (4 * scale) + 0.5, 0, 1)[None, None, :, None]
    return (images * (1 - right) + np.roll(images, -1, axis=0) * right).round().astype(np.uint8)


def eyes_moved(px: float, detector: FaceDetector) -> Damage:
    """Each in a direction of its own."""

    def damage(images: np.ndarray, numbers: np.random.Generator, scale: float) -> np.ndarray:
        found = []
        for image, (left, right, *_) in zip(images, detector.faces(images)[1], strict=True):
            reach_px = max(0.45 * float(np.hypot(*(left - right))), 4 * scale)
            every = [around(image, x, y, reach_px)[0] * anywhere(numbers, px * scale) for x, y in (left, right)]
            found.append(moved(image, torch.stack(every).sum(0)))
        return np.stack(found)

    return damage


def mouths_enlarged(detector: FaceDetector) -> Damage:
    """By four tenths."""

    def damage(images: np.ndarray, numbers: np.random.Generator, scale: float) -> np.ndarray:
        found = []
        for image, (*_, left, right) in zip(images, detector.faces(images)[1], strict=True):
            x, y = (left + right) / 2
            weights, apart = around(image, x, y, max(0.9 * float(np.hypot(*(left - right))), 4 * scale))
            found.append(moved(image, -0.3 * weights * apart))
        return np.stack(found)

    return damage


def damages(detector: FaceDetector | None) -> dict[str, Damage]:
    """By the names that the table has."""
    found: dict[str, Damage] = {f"blur {px:g} px": blurred(px) for px in (0.5, 0.7, 1.0)}
    found |= {"sharpened": sharpened, "noise, 8 levels": noisy}
    found |= {f"warp {px:g} px": warped(px) for px in (2, 4)}
    found |= {"patch moved 4 px": patch_moved, "patch enlarged": patch_enlarged, "halves joined": halves}
    if detector is not None:
        found |= {f"eyes moved {px:g} px": eyes_moved(px, detector) for px in (3, 6)}
        found["mouth enlarged"] = mouths_enlarged(detector)
    return found


def pictures_of(source: str, size: str) -> PictureSet:
    """A set at a size, as in 128x96."""
    width, height = parse_size(size)
    return load_pictures(PictureSettings(source=source, width=width, height=height))


def shares(judge: Judge, seen: dict[str, Tensor]) -> dict[str, float]:
    """Distances as shares of the PCA baseline's, by family."""
    line = judge.distances(seen) | {"eigen": judge.eigen}
    return {family: share_of_eigen(line, family) for family in judge.views}


def damage_costs(source: str, size: str, detector: FaceDetector | None, count: int = DAMAGED) -> list[dict]:
    """A line for each kind of damage."""
    known = pictures_of(source, size)
    healthy = np.asarray(known.images[reference_order(len(known.images))[count : 2 * count]])
    size_px = healthy.shape[1:3]
    judge = Judge(known, count=count, views=own_views(size_px))
    floor = shares(judge, judge.see(healthy))
    found = []
    for name, damage in damages(detector).items():
        damaged = damage(healthy, np.random.default_rng(0), max(size_px) / FULL_PX)
        reckoned = shares(judge, judge.see(damaged))
        costs = {family: round(share - floor[family], 4) for family, share in reckoned.items()}
        found.append({"set": Path(source).name, "size": size, "damage": name, **costs})
    return found


def moment_scores(
    run: Path, source: str, at: Sequence[int], see: View, detector: FaceDetector | None, count: int = DRAWN
) -> list[dict]:
    """A line for each moment: the nearest kept to each of `at`, or the last.

    Args:
        see: another family of features, which precision, recall and coverage are of.
    """
    known = sorted(kept_moments(run))
    wanted = sorted({min(known, key=lambda moment: abs(moment - each)) for each in at}) or known[-1:]
    described = load_model(run, wanted[0]).description
    pictures = pictures_of(source, f"{described.width}x{described.height}")
    judge = Judge(pictures, count=count, views={**own_views((described.height, described.width)), "ResNet": see})
    real = np.asarray(pictures.images[reference_order(len(pictures.images))[:SEEN_BY_DETECTOR]])
    sure = None if detector is None else np.median(detector.faces(real)[0])
    found = []
    for images in wanted:
        seen = drawn(run, images, count, first_seed=FIRST_SEED)
        line = {"run": run.name, "set": Path(source).name, "images": images}
        features = judge.see(seen)
        line |= {family: round(share, 3) for family, share in shares(judge, features).items()}
        line |= reached(judge.reference["ResNet"], features["ResNet"])
        if detector is not None:
            line["as sure"] = round(float(np.mean(detector.faces(seen[:SEEN_BY_DETECTOR])[0] >= sure)), 3)
        found.append(line)
    return found


def table(lines: Sequence[dict]) -> str:
    """The lines as a table, with the columns of the first."""
    columns = list(lines[0])
    rows = [[str(line[column]) for column in columns] for line in lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, ["---"] * len(columns), *rows))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, keep and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    damage, moments = kinds.add_parser("damage"), kinds.add_parser("moments")
    moments.add_argument("run", type=Path)
    for each in (damage, moments):
        each.add_argument("source")
        each.add_argument("--faces", action="store_true")
        each.add_argument("--count", type=int)
    damage.add_argument("size", metavar="WIDTHxHEIGHT")
    moments.add_argument("--at", type=int, nargs="*", default=[])
    asked = parser.parse_args(arguments)
    detector = FaceDetector(installed_network()) if asked.faces else None
    if asked.kind == "damage":
        lines = damage_costs(asked.source, asked.size, detector, asked.count or DAMAGED)
    else:
        lines = moment_scores(asked.run, asked.source, asked.at, independent_features(), detector, asked.count or DRAWN)
    for line in lines:
        keep(RESULTS, line)
    print(table(lines))


def _filtered(images: np.ndarray, by: ImageFilter.Filter) -> np.ndarray:
    changed = np.stack([np.asarray(Image.fromarray(image.squeeze()).filter(by)) for image in images])
    return changed.reshape(images.shape)


def _patch(image: np.ndarray, numbers: np.random.Generator, scale: float, by: Callable[[Tensor], Tensor]) -> np.ndarray:
    height, width = image.shape[:2]
    weights, apart = around(image, numbers.uniform(0.3, 0.7) * width, numbers.uniform(0.3, 0.7) * height, 23 * scale)
    return moved(image, weights * by(apart))


if __name__ == "__main__":
    main()
