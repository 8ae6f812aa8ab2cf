"""An exported model -> a cloud function for AWS Lambda: a zip, a template that deploys it, and how.

What is packed is what the handler imports: onnxruntime without its tools, numpy without its tests, Pillow without the
formats that are not written.
"""

import re
import shutil
import zipfile
from importlib.resources import files
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ganvas.errors import SettingError
from ganvas.files import replace_bytes, replace_text, replacing
from ganvas.publishing.packaging import REQUIREMENTS, Bundle, copy_bundle, copy_modules, install, size_of
from ganvas.publishing.site import page_files
from ganvas.settings import Settings

Architecture = Literal["x86_64", "arm64"]
PLATFORMS: dict[Architecture, list[str]] = {
    "x86_64": ["manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64"],
    "arm64": ["manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_27_aarch64", "manylinux_2_28_aarch64"],
}
OLDEST_MINOR = 12  # of Python 3; earlier runtimes have a C library that is too old
MOST_UNZIPPED_BYTES = 250 * 1024 * 1024
MOST_PART_BYTES = 4_000_000  # a file of the page, so that it stays below what one answer may hold as base64
_UNUSED = (
    *("onnxruntime/quantization", "onnxruntime/tools", "onnxruntime/transformers", "onnxruntime/datasets"),
    *("onnx/backend/test", "onnx/reference", "onnx/**/*.cc", "onnx/**/*.proto"),
    *("onnxruntime/capi/libonnxruntime.so*", "onnxruntime/backend"),
    *("numpy/f2py", "numpy/distutils", "numpy/doc", "numpy/_core/include", "numpy/_core/lib", "numpy/random/lib"),
    *("PIL/_avif*", "PIL/_imagingtk*", "PIL/_imagingcms*", "PIL/_imagingft*"),
    *("pillow.libs/libavif*", "pillow.libs/libharfbuzz*", "pillow.libs/libfreetype*", "pillow.libs/liblcms2*"),
    *("bin", "**/tests", "**/__pycache__", "**/*.pyi", "**/*.a", "**/*.pxd", "**/*.h"),
)


def _is_runtime(version: str) -> str:
    found = re.fullmatch(r"3\.(\d+)", version)
    if found is None or int(found[1]) < OLDEST_MINOR:
        raise PydanticCustomError(
            "runtime", "expected 3.{minor} or later, whose runtimes are new enough", {"minor": OLDEST_MINOR}
        )
    return version


class LambdaOptions(Settings):
    """Options of --to lambda."""

    python: Annotated[str, AfterValidator(_is_runtime)] = Field(
        default="3.13", description="the version of its runtime; 3.13 unless given"
    )
    architecture: Architecture = Field(default="x86_64", description="x86_64 or arm64; x86_64 unless given")


def publish(bundle: Bundle, out: Path, options: LambdaOptions) -> dict[str, int]:
    """Write function.zip, template.yaml and README.md; their parts and the bytes of each.

    Raises:
        SettingError: packages cannot be brought, or the function would be larger than the platform takes.
        GanvasError: the model cannot be read, or onnxruntime-web cannot be fetched.
        OSError: the folder cannot be written.
    """
    return package(bundle, out, python=options.python, architecture=options.architecture)


def package(bundle: Bundle, out: Path, *, python: str, architecture: Architecture) -> dict[str, int]:
    """What `publish` does, for any version of Python. Raises as it."""
    with TemporaryDirectory() as temporary:
        code = Path(temporary)
        wanted = [REQUIREMENTS[name] for name in ("onnx", "onnxruntime", "numpy", "pillow", "pydantic")]
        install(wanted, code, python=python, platforms=PLATFORMS[architecture])
        trim(code)
        copy_modules("ganvas.serving.lambda_handler", code)
        copy_bundle(bundle.folder, code / "model")
        for name, stored in page_files(bundle.folder, bundle.downloads, most_bytes=MOST_PART_BYTES).items():
            replace_bytes(code / "page" / name, stored)
        parts = {f"function.zip: {path.name}": size_of(path) for path in sorted(code.iterdir())}
        unzipped = sum(parts.values())
        if unzipped > MOST_UNZIPPED_BYTES:
            raise SettingError(f"the function would have {unzipped / 1e6:.0f} MB; the platform takes 250 MiB unzipped")
        with replacing(out / "function.zip") as unfinished:
            _zip(code, unfinished)
    values = {
        "runtime": f"python{python}",
        "architecture": architecture,
        "unzipped": f"{unzipped / 1e6:.0f}",
        "zipped": f"{(out / 'function.zip').stat().st_size / 1e6:.0f}",
    }
    for name in ("template.yaml", "README.md"):
        text = (files("ganvas.publishing") / "lambda_files" / name).read_text(encoding="utf-8")
        replace_text(out / name, Template(text).substitute(values))
        parts[name] = size_of(out / name)
    return parts | {"function.zip": size_of(out / "function.zip")}


def trim(code: Path) -> None:
    """Delete what the handler never imports."""
    for pattern in _UNUSED:
        for path in code.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _zip(folder: Path, out: Path) -> None:
    """The same bytes for the same files: in order, with one date and plain permissions."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes(), compresslevel=9)
