"""Ganvas talks to nobody unless it is asked to: every command runs in a network where all that leaves is recorded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from network import sent_by

TALKS = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'hello', ('192.0.2.1', 9))"
SECONDS_UNTIL_TELEMETRY = 12  # onnxruntime 1.31 says hello after about ten

EVERY_PACKAGE = """
import importlib, time
import ganvas
for name in ("torch", "numpy", "PIL.Image", "pydantic", "typer", "rich.live", "safetensors.torch", "tomli_w", "av",
             "matplotlib.figure", "matplotlib.backends.backend_agg", "onnx", "onnxscript", "onnxruntime", "datasets",
             "huggingface_hub", "fastapi", "uvicorn", "prometheus_client", "mlxtend.data"):
    importlib.import_module(name)
import numpy, onnxruntime
from ganvas.serving.engine import Engine
from pathlib import Path
engine = Engine(Path({model!r}))
engine.draw(engine.latents(range(2)), None)
time.sleep({seconds})
"""

EVERY_VERB = """
import ganvas, numpy, time
pictures = numpy.random.default_rng(0).integers(0, 256, (24, 4, 4, 3)).astype("uint8").repeat(5, 1).repeat(5, 2)
ganvas.look(pictures, size=16)
run = ganvas.train(pictures, out="run", recipe="quick", size=16, width=0.1, images=64, progress=False)
ganvas.load(run).draw(seeds=range(2))
print(ganvas.score(run, against=pictures, count=8))
ganvas.compare([run, run], out="page.html")
ganvas.export(run)
ganvas.publish(run, to="site", out="site")
"""


@pytest.fixture
def environment(tmp_path, web_runtime_fetched_once):
    """As a person has it who never heard of telemetry."""
    quiet = {"ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_HUB_OFFLINE"}
    return {name: value for name, value in os.environ.items() if name not in quiet} | {"OMP_NUM_THREADS": "1"}


def test_what_is_sent_is_recorded(environment, tmp_path):
    assert sent_by([sys.executable, "-c", TALKS], cwd=tmp_path, env=environment) == ["udp 192.0.2.1 9"]


@pytest.mark.parametrize("entry", ["ganvas.serving.lambda_handler", "ganvas.serving.server", "ganvas.model.onnx"])
def test_telemetry_is_off_before_onnxruntime_is_imported(entry, environment):
    """Whatever is started: a function, a server, a container or a command."""
    code = f"""
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            print(os.environ["ORT_DISABLE_TELEMETRY"], os.environ["HF_HUB_DISABLE_TELEMETRY"])
sys.meta_path.insert(0, Watch())
import {entry}
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]


@pytest.mark.slow
def test_no_package_that_is_used_talks_to_its_maker(environment, tmp_path, published):
    code = EVERY_PACKAGE.format(model=str(published.folder), seconds=SECONDS_UNTIL_TELEMETRY)
    assert sent_by([sys.executable, "-c", code], cwd=tmp_path, env=environment | {"HOME": str(tmp_path)}) == []
    left = {path.name for path in Path(tmp_path).rglob("*") if "onnx" in path.name.lower()}
    assert left == set()


@pytest.mark.slow
def test_no_verb_talks_to_anybody(environment, tmp_path):
    assert sent_by([sys.executable, "-c", EVERY_VERB], cwd=tmp_path, env=environment) == []
