"""The examples for Slurm and Kubernetes say what torchrun, `ganvas train` and their own other lines understand."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
import yaml
from torch.distributed.run import get_args_parser

from ganvas.cli.main import app

EXAMPLES = Path(__file__).parents[1] / "examples"
SBATCH, MANIFEST = EXAMPLES / "slurm" / "train.sbatch", EXAMPLES / "kubernetes" / "train.yaml"
TRAIN = typer.main.get_command(app).commands["train"]


def srun_command() -> list[str]:
    """What Slurm starts on each machine, with variables as they stand."""
    (command,) = [
        line for line in SBATCH.read_text().replace("\\\n", " ").splitlines() if line.startswith("srun torchrun")
    ]
    return shlex.split(command)[1:]


def parts() -> dict[str, dict]:
    return {part["kind"]: part for part in yaml.safe_load_all(MANIFEST.read_text())}


def pod() -> dict:
    return parts()["Job"]["spec"]["template"]["spec"]


@pytest.mark.parametrize("command", [srun_command(), pod()["containers"][0]["command"]], ids=["slurm", "kubernetes"])
def test_torchrun_and_ganvas_understand_a_command(command):
    assert command[0] == "torchrun"
    options = get_args_parser().parse_args(command[1:])
    assert options.module
    assert (options.training_script, options.training_script_args[0]) == ("ganvas", "train")
    assert options.rdzv_backend == "c10d"
    assert options.rdzv_endpoint.endswith(":29400")
    given = TRAIN.make_context("train", options.training_script_args[1:]).params
    assert given["source"]
    assert given["out"]
    assert given["processes"] is None


@pytest.mark.parametrize("path", [SBATCH, MANIFEST], ids=lambda path: path.name)
def test_processes_that_are_started_again_do_not_look_for_those_before(path):
    text = path.read_text()
    assert "--max-restarts=" in text
    assert re.search(r'TORCH_DISABLE_SHARE_RDZV_TCP_STORE(=1|\s+value: "1")', text)


def test_the_script_for_slurm_is_a_script():
    done = subprocess.run(["bash", "-n", str(SBATCH)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    head, *rest = SBATCH.read_text().split("set -euo pipefail")
    assert rest
    assert "#SBATCH --ntasks-per-node=1" in head.splitlines()  # one launcher on each machine


def test_the_pods_of_kubernetes_find_each_other_and_their_volumes():
    service, job = parts()["Service"], parts()["Job"]
    name = job["metadata"]["name"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == {"job-name": name}
    assert pod()["subdomain"] == service["metadata"]["name"]
    (container,) = pod()["containers"]
    options = get_args_parser().parse_args(container["command"][1:])
    assert options.rdzv_endpoint == f"{name}-0.{pod()['subdomain']}:{service['spec']['ports'][0]['port']}"
    assert job["spec"]["completionMode"] == "Indexed"  # which names a pod by its number
    assert int(options.nnodes) == job["spec"]["completions"] == job["spec"]["parallelism"]
    assert int(options.nproc_per_node) == container["resources"]["limits"]["nvidia.com/gpu"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod()["volumes"]}
