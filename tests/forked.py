"""`ganvas` commands in processes of their own that need not import PyTorch each: a server that has it is forked.

On Windows, where nothing is forked, they are started as usual.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

# Third-party only, and what starts no thread: what is forked has the packages, and imports Ganvas itself.
HEAVY = [
    "torch",
    "torch._meta_registrations",
    "torch.fx.experimental.symbolic_shapes",
    "safetensors.torch",
    "numpy",
    "PIL.Image",
    "pydantic",
    "rich.live",
    "typer",
    "tomli_w",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "av",
    "onnx",
    "onnxscript.function_libs.torch_lib.ops",
    "torch.export._trace",
    "torch.onnx._internal.exporter._core",
]


def run_ganvas(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """The finished command.

    Raises:
        subprocess.TimeoutExpired: it took longer.
    """
    command = [sys.executable, "-m", "ganvas", *arguments]
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout, cwd=cwd, env=env)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    with tempfile.TemporaryDirectory() as temporary:
        out, err = Path(temporary) / "out", Path(temporary) / "err"
        process = context.Process(target=_main, args=(list(arguments), cwd, dict(env), out, err))
        process.start()
        process.join(timeout)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired(command, timeout)
        written = [path.read_text(encoding="utf-8") if path.exists() else "" for path in (out, err)]
        return subprocess.CompletedProcess(command, process.exitcode or 0, *written)


def _main(arguments: list[str], cwd: Path, environment: dict[str, str], out: Path, err: Path) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    if threads := environment.get("OMP_NUM_THREADS"):  # which PyTorch read when the server imported it
        import torch

        torch.set_num_threads(int(threads))
    sys.argv = ["ganvas", *arguments]
    from ganvas.cli.main import main

    main()
