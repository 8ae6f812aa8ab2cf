"""Are shards in object storage the pictures that they are on disk, and is one that is taken away told and outlived?

    pip install s3fs 'moto[server]'
    python -m bench.object_storage WORK_FOLDER

moto is a server on this machine that answers as S3 does. The two packages bring 25 others, so that no test needs them.
Exits with an error if a batch differs, or if what is lost is not said.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import fsspec
import numpy as np

from bench.data_memory import as_png, made, packed
from ganvas.config import PictureSettings
from ganvas.data import BatchStream, load_pictures

COUNT, SIDE_PX, BATCH = 400, 32, 16
WAIT_SECONDS = 30


def served(port: int) -> subprocess.Popen[bytes]:
    """moto's server, when it answers."""
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    ends = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return server
        except OSError:
            if time.monotonic() > ends:
                server.kill()
                raise
            time.sleep(0.1)


def shown(source: str, cache: Path) -> tuple[list[np.ndarray], list[str]]:
    """The batches of a pass over a source, and what was said to be lost."""
    settings = PictureSettings(source=source, width=SIDE_PX, height=SIDE_PX, sample=COUNT // 4, most_lost=0.5)
    pictures = load_pictures(settings, cache=cache)
    with BatchStream(pictures, BATCH, seed=0) as stream:
        batches = [stream.batch_at(at).images.numpy() for at in range(0, COUNT, BATCH)]
        return batches, [f"{loss.pictures} of {loss.where}: {loss.reason}" for loss in stream.losses()]


def checked(address: str, work: Path) -> None:
    """Put shards at an address and compare what is shown of them with those of the disk; then take one away.

    Args:
        address: a folder that is not there yet, of any storage that fsspec knows.
    """
    shards = packed(work / "shards", COUNT, lambda number: as_png(made(number, SIDE_PX)))
    on_disk, _ = shown(str(shards), work / "cache-of-disk")
    storage, folder = fsspec.url_to_fs(address)
    storage.makedirs(folder)
    storage.put(f"{shards}/", f"{folder}/shards/", recursive=True)
    last = sorted(shards.glob("*.tar"))[-1].name
    for name in ("index.json", "", f"{{000000..{last[:6]}}}.tar"):
        batches, losses = shown(f"{address}/shards/{name}", work / f"cache-{name}")
        same = all(map(np.array_equal, batches, on_disk))
        print(f"shards/{name}: {'the pictures of the disk' if same else 'OTHER PICTURES'}; lost: {losses or 'none'}")
        if not same or losses:
            sys.exit("shards in storage are not those on the disk")
    storage.rm(f"{folder}/shards/{last}")
    _, losses = shown(f"{address}/shards/index.json", work / "cache-without")
    print("a shard taken away; lost:", *losses or ["nothing was said"], sep="\n  ")
    if not losses:
        sys.exit("a shard is gone and nothing is said")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="a new folder for the shards and what is fetched of them")
    parser.add_argument("--port", type=int, default=8919)
    asked = parser.parse_args(arguments)
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{asked.port}",
        "AWS_ACCESS_KEY_ID": "anyone",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server = served(asked.port)
    try:
        checked("s3://pictures", asked.work)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
