"""How long a cloud function takes, cold and warm, in Amazon's runtime interface emulator on this machine.

    python -m bench.function EXPORTED_MODEL

Packs the function for this Python, starts the emulator anew for each cold start, and holds warm ones against
onnxruntime alone on one thread. The emulator comes out of PyPI's aws-sam-cli wheel, which is not installed.
"""

import argparse
import base64
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from ganvas.files import cache_folder
from ganvas.publishing import aws
from ganvas.publishing.packaging import Bundle
from ganvas.serving.engine import Engine

WHEEL, RIE = "aws-sam-cli==1.170.0", "samcli/local/rapid/aws-lambda-rie-x86_64"
COLD, WARM = 5, 60
MEMORY_MB = 1769  # one whole core there
DOLLARS_PER_GB_SECOND, DOLLARS_PER_REQUEST = 0.0000166667, 0.20 / 1e6  # x86, us-east-1, as listed in 2026


def event(path: str) -> dict[str, object]:
    """As a function URL sends it."""
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"}
    context = {"http": http, "stage": "$default"}
    return {"version": "2.0", "rawPath": path, "rawQueryString": "", "headers": {}, "requestContext": context}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """The function in the emulator."""

    def __init__(self, emulator: Path, root: Path, runtime: Path):
        port = free_port()
        self.address = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        listening = ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
        listening += ["--runtime-api-address", f"127.0.0.1:{free_port()}"]
        handler = [sys.executable, "-S", "-m", "awslambdaric", "ganvas.serving.lambda_handler.handler"]
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{root}:{runtime}",
            "LAMBDA_TASK_ROOT": str(root),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        }
        self.process = subprocess.Popen(
            [str(emulator), *listening, *handler],
            cwd=root,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.01)

    def seconds(self, path: str) -> float:
        """One call, from asking to the whole answer; the first starts the function."""
        request = urllib.request.Request(self.address, json.dumps(event(path)).encode())
        begun = time.perf_counter()
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.loads(response.read())
        taken = time.perf_counter() - begun
        assert answer["statusCode"] == 200, answer
        assert base64.b64decode(answer["body"])[:4] == b"\x89PNG"
        return taken

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)


def prepared(model: Path, folder: Path) -> tuple[Path, Path, Path, float]:
    """The emulator, the unpacked function, the runtime's client, and the zip's megabytes."""
    pip = [sys.executable, "-m", "pip"]
    subprocess.run([*pip, "download", "--quiet", "--no-deps", "--dest", str(folder), WHEEL], check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        emulator = Path(archive.extract(RIE, folder))
    emulator.chmod(0o755)
    subprocess.run([*pip, "install", "--quiet", "--target", str(folder / "runtime"), "awslambdaric>=4,<5"], check=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    aws.package(Bundle(model, cache_folder() / "downloads"), folder / "out", python=version, architecture="x86_64")
    packed = folder / "out" / "function.zip"
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder / "task")
    return emulator, folder / "task", folder / "runtime", packed.stat().st_size / 1e6


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    model = parser.parse_args().model
    with tempfile.TemporaryDirectory() as temporary:
        emulator, root, runtime, zipped = prepared(model, Path(temporary))
        unzipped = sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) / 1e6
        cold, warm = [], []
        for start in range(COLD):
            running = Running(emulator, root, runtime)
            cold.append(running.seconds(f"/v1/images/{start}.png"))
            if start == COLD - 1:
                warm = [running.seconds(f"/v1/images/{seed}.png") for seed in range(100, 100 + WARM)]
            running.close()
    engine = Engine(model, threads=1)
    alone = []
    for seed in range(WARM):
        begun = time.perf_counter()
        engine.draw(engine.latents([seed]), engine.labels([seed]))
        alone.append(time.perf_counter() - begun)
    first, later, bare = (statistics.median(each) for each in (cold, warm, alone))
    million = 1e6 * (later * MEMORY_MB / 1024 * DOLLARS_PER_GB_SECOND + DOLLARS_PER_REQUEST)
    print("| what | figure |\n|---|---|")
    print(f"| zipped, unzipped | {zipped:.0f} MB, {unzipped:.0f} MB |")
    print(f"| cold start and one picture | {first:.2f} s (slowest of {COLD}: {max(cold):.2f} s) |")
    print(f"| warm, one picture | {1e3 * later:.0f} ms |")
    print(f"| the same in onnxruntime alone, one thread | {1e3 * bare:.1f} ms, a ratio of {later / bare:.1f} |")
    print(f"| a million pictures at {MEMORY_MB} MB | {million:.2f} dollars |")


if __name__ == "__main__":
    main()
