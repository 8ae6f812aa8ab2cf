"""Does the card find a generator that has learned its pictures by heart: DCGAN's generator fitted to 50 of them.

    python -m bench.overfit SOURCE [SOURCE ...]

The signs of its six numbers give each latent one of the 50 pictures, and the generator learns to draw it by least
squares: no discriminator, and no picture of its own. Along the way 200 of its pictures are counted against those 50;
real pictures that it never saw are counted too. Lines go to bench/results/overfit.jsonl, the table to standard output.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from bench.copies import Counter, shuffled
from bench.lines import keep
from ganvas.model import draw_all
from ganvas.networks import NetworkSpec
from ganvas.pixels import to_float
from ganvas.training import build_networks

RESULTS = Path("bench/results/overfit.jsonl")
LEARNED, LATENTS, COUNT, BATCH, RATE = 50, 6, 200, 32, 1e-3
ASKED_AT = (0, 300, 1000, 2000, 4000)


def main(arguments: Sequence[str] | None = None) -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    print("| set | steps | error, grey levels | share found | said to copy |\n|---|---|---|---|---|")
    for source in parser.parse_args(arguments).sources:
        for line in counted(source):
            keep(RESULTS, line)
            error = "" if line["error"] is None else f"{line['error']:.1f}"
            print(f"| {line['set']} | {line['steps']} | {error} | {line['share']:.0%} | {line['said']} |", flush=True)


def counted(
    source: str, *, learned_pictures: int = LEARNED, count: int = COUNT, asked_at: Sequence[int] = ASKED_AT
) -> Iterator[dict]:
    """One dict each time that the generator is judged, the first of real pictures it does not learn.

    Args:
        learned_pictures: that it is fitted to. count: that it draws to be judged. asked_at: steps after which it is.
    """
    images = shuffled(source, learned_pictures + count)
    learned, others = images[:learned_pictures], images[learned_pictures:]
    counter = Counter(learned)

    def line(steps: int | str, error: float | None, drawn: np.ndarray) -> dict:
        found = counter.copies(counter.rows(drawn))
        name = Path(source).name
        return {"set": name, "steps": steps, "error": error, "share": found.share.value, "said": found.is_copying}

    yield line("real pictures", None, others)
    numbers = torch.Generator().manual_seed(0)
    spec = NetworkSpec(64, 64, images.shape[-1], z_dim=LATENTS, multiplier=0.5)
    generator = build_networks("dcgan", spec, "normal", numbers).generator
    targets = to_float(torch.from_numpy(learned))
    optimizer = torch.optim.Adam(generator.parameters(), RATE)
    judged = torch.randn(count, LATENTS, generator=numbers)
    error = None
    for steps in range(asked_at[-1] + 1):
        if steps in asked_at:
            yield line(steps, error, draw_all(generator, judged, None))
        z = torch.randn(BATCH, LATENTS, generator=numbers)
        which = ((z > 0).long() * 2 ** torch.arange(LATENTS)).sum(1) % learned_pictures  # (B,)
        loss = F.mse_loss(generator(z, None), targets[which])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        error = 127.5 * float(loss.detach().sqrt())


if __name__ == "__main__":
    main()
