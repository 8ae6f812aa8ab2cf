"""What a deployed copy of Ganvas is made of: only the modules that serve, and the packages they need."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import ganvas
from ganvas.errors import ModelError, SettingError
from ganvas.files import is_unfinished, read_small, replace_bytes
from ganvas.formats.manifest import CARD_FILE, DESCRIPTION_FILE, ONNX_FILE, ONNX_LIMIT_BYTES, PREVIEW_FILE
from ganvas.settings import Settings

WEIGHTS = "generator.safetensors", "encoder.safetensors"
MODEL_FILES = (DESCRIPTION_FILE, *WEIGHTS, ONNX_FILE, CARD_FILE, PREVIEW_FILE)


@dataclass(frozen=True)
class Bundle:
    """What is published, whatever the target. folder: an exported model. downloads: where what is fetched is kept."""

    folder: Path
    downloads: Path


class NoOptions(Settings):
    """Of a target that takes none."""


REQUIREMENTS = {
    "typer": "typer>=0.16,<1",
    "onnx": "onnx>=1.18,<2",
    "onnxruntime": "onnxruntime>=1.20,<2",
    "numpy": "numpy>=1.26,<3",
    "pillow": "pillow>=11.3,<14",
    "pydantic": "pydantic>=2.9,<3",
    "fastapi": "fastapi>=0.115,<1",
    "uvicorn": "uvicorn>=0.32,<1",
    "prometheus-client": "prometheus-client>=0.21,<1",
    "wsproto": "wsproto>=1.2,<2",
}


def copy_modules(entry: str, out: Path) -> None:
    """Copy those modules of Ganvas into `out` that importing `entry` brings in, and no more.

    Args:
        entry: as in "ganvas.serving.lambda_handler".
        out: becomes the folder that holds `ganvas`.
    Raises:
        SettingError: a package that it needs is not installed.
    """
    listing = f"import sys, {entry}; print(*sorted(name for name in sys.modules if name.partition('.')[0] == 'ganvas'))"
    done = subprocess.run([sys.executable, "-P", "-c", listing], capture_output=True, text=True)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:]
        raise SettingError(
            f"{entry} cannot be packed: {' '.join(last)}; pip install 'ganvas[serve]' brings what it needs"
        )
    found = done.stdout.split()
    root = Path(ganvas.__file__).parent
    for name in found:
        parts = name.split(".")[1:]
        module = root.joinpath(*parts)
        source = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
        target = out / "ganvas" / source.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def copy_bundle(folder: Path, out: Path) -> None:
    """Copy of an exported model folder what drawing needs; raises as `copy_files`."""
    copy_files(folder, out, (DESCRIPTION_FILE, ONNX_FILE))


def copy_files(folder: Path, out: Path, names: tuple[str, ...]) -> None:
    """Copy those files of an exported model folder that are there. They are read as a stranger's are.

    A link that leads out of the folder is refused, since what it leads to would be published. Those of the Hub's cache,
    whose folders are links to blobs beside them, are not.

    Raises:
        ModelError: one is no regular file, such a link, too large, or cannot be read.
        OSError: `out` cannot be written.
    """
    folder = folder.resolve()
    for name in names:
        path = folder / name
        if not path.is_symlink() and not path.exists():
            continue
        lies_in = path.resolve().parent
        if lies_in != folder and lies_in != folder.parent.parent / "blobs":
            raise ModelError(f"{path}: is a link that leads out of its folder; put the file itself there")
        try:
            stored = read_small(path, ONNX_LIMIT_BYTES)
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error}") from error
        replace_bytes(out / name, stored)


def install(requirements: list[str], out: Path, *, python: str, platforms: list[str]) -> None:
    """Put packages and what they need into `out`, as wheels for another Python and platform than this one.

    Args:
        python: as in "3.13".
        platforms: tags of wheels, any of which will do.
    Raises:
        SettingError: pip is missing, or finds no such wheels.
    """
    tags = [part for platform in platforms for part in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(out), "--only-binary=:all:"]
    target = ["--implementation", "cp", "--python-version", python, *tags]
    done = subprocess.run([*command, *target, *requirements], capture_output=True, text=True)
    if done.returncode != 0:
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
        raise SettingError(f"pip cannot bring {', '.join(requirements)} for Python {python}: {' '.join(last)}")


def files_in(folder: Path) -> list[Path]:
    """Every file of a folder and of those inside, in order; not what another process has not finished there."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not is_unfinished(path))


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(each.stat().st_size for each in files_in(path)) if path.is_dir() else path.stat().st_size
