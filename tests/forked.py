"""`ganvas` commands in processes of their own that need not import PyTorch each: a server that has it is forked.

On Windows, where nothing is forked, they are started as usual.
"""

import multiprocessing
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.faults.forks import HEAVY, run_main


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
        process = context.Process(target=run_main, args=(list(arguments), cwd, dict(env), out, err))
        process.start()
        process.join(timeout)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired(command, timeout)
        written = [path.read_text(encoding="utf-8") if path.exists() else "" for path in (out, err)]
        return subprocess.CompletedProcess(command, process.exitcode or 0, *written)
