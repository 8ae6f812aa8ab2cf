"""An exported model -> a folder with a server in it: its modules, the model and the page. No PyTorch."""

import shutil
from importlib.resources import files
from pathlib import Path

import ganvas
from ganvas.files import replace_bytes, replace_text
from ganvas.publishing.packaging import REQUIREMENTS, Bundle, NoOptions, copy_bundle, copy_modules, size_of
from ganvas.publishing.site import page_files


def publish(bundle: Bundle, out: Path, options: NoOptions) -> dict[str, int]:
    """Write the folder; its parts and their bytes.

    Raises:
        GanvasError: the model cannot be read, or onnxruntime-web cannot be fetched.
        OSError: the folder cannot be written.
    """
    copy_modules("ganvas.cli.main, ganvas.workflows.public.serving, ganvas.workflows.serve", out)
    shutil.copyfile(Path(ganvas.__file__).with_name("__main__.py"), out / "ganvas" / "__main__.py")
    copy_bundle(bundle.folder, out / "model")
    for name, stored in page_files(bundle.folder, bundle.downloads).items():
        replace_bytes(out / "model" / "page" / name, stored)
    replace_text(out / "requirements.txt", "".join(f"{line}\n" for line in REQUIREMENTS.values()))
    replace_text(
        out / "README.md", (files("ganvas.publishing") / "server_files" / "README.md").read_text(encoding="utf-8")
    )
    return {name: size_of(out / name) for name in ("ganvas", "model", "requirements.txt", "README.md")}
