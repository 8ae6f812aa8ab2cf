"""How far a film is: a bar where a person watches, nothing where a program reads."""

import contextlib
import os
import subprocess
import sys

import pytest

from ganvas.model.weights import save_model


@pytest.fixture
def walk(make_model, tmp_path):
    """A function: where its errors go -> the process of a walk that begins."""
    model = make_model()
    save_model(tmp_path / "model", model.description, model.generator)
    asked = ["walk", "model", "--out", "film.gif", "--seconds", "1", "--fps", "10", "--scale", "1"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TERM": "xterm", "COLUMNS": "100"}

    def begin(stderr):
        command = [sys.executable, "-m", "ganvas", *asked]
        return subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=stderr)

    return begin


def all_of(terminal):
    """What was written to a pseudo-terminal until its other side was closed, which Linux has as an error of reading."""
    told = b""
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 1 << 16):
            told += part
    os.close(terminal)
    return told.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_shows_how_far_a_walk_is(walk):
    ours, theirs = os.openpty()
    with walk(theirs) as process:
        os.close(theirs)
        told = all_of(ours)
        assert process.stdout.read().split() == [b"film.gif"]
    assert process.returncode == 0
    assert "drawing the film" in told
    assert "100%" in told


def test_a_pipe_gets_the_path_alone(walk):
    with walk(subprocess.PIPE) as process:
        assert process.communicate() == (f"film.gif{os.linesep}".encode(), b"")
    assert process.returncode == 0
