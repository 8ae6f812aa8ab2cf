"""An exported model -> a container: the server's folder, a Dockerfile, and compose files for one and for two of it."""

from importlib.resources import files
from pathlib import Path

from ganvas.files import replace_text
from ganvas.publishing import hosting
from ganvas.publishing.packaging import Bundle, NoOptions, size_of


def publish(bundle: Bundle, out: Path, options: NoOptions) -> dict[str, int]:
    """Write the folder that `docker build` takes; its parts and their bytes. Raises as hosting.publish."""
    parts = hosting.publish(bundle, out, options)
    for path in sorted((files("ganvas.publishing") / "docker_files").iterdir(), key=lambda each: each.name):
        name = ".dockerignore" if path.name == "dockerignore" else path.name
        replace_text(out / name, path.read_text(encoding="utf-8"))
        parts[name] = size_of(out / name)
    return parts
