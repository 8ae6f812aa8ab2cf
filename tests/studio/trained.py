"""A small run that was trained, for rooms that do something with one."""

import shutil
from pathlib import Path

import pytest
from rooms import fill

import ganvas
from ganvas.files import cache_folder

NAME = "cats run.1"
SMALL = {"network.width": 0.1, "training.batch": 4, "measuring.share": 0, "recording.report": False}


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory) -> Path:
    """A folder with a run of 16 px, and the pictures that it was trained on."""
    folder = tmp_path_factory.mktemp("trained")
    pictures = fill(folder / "pictures", 12)
    ganvas.train(pictures, recipe="quick", size=16, images=96, out=folder / "run", settings=SMALL, progress=False)
    return folder


@pytest.fixture
def home(tmp_path, trained_once) -> Path:
    """A home folder with that run."""
    shutil.copytree(trained_once / "run", tmp_path / "home" / "runs" / NAME)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def has_web_runtime(web_runtime_fetched_once) -> Path:
    return cache_folder() / "downloads"
