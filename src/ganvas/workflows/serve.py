"""Exported models -> an HTTP server with their pages. Imports neither PyTorch nor what makes pages before it must."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ganvas.files import cache_folder
from ganvas.serving import server
from ganvas.serving.middleware import Limits
from ganvas.serving.pages import Page


def serve(
    models: Mapping[str, Path],
    *,
    host: str,
    port: int,
    limits: Limits,
    public: bool,
    threads: int | None,
    root_path: str,
    control: bool,
    osc_port: int,
    workers: int,
    told: Callable[[str, int | None], None],
) -> None:
    """Serve until SIGTERM or Ctrl-C. Arguments and errors as `ganvas.serving.server.serve`."""
    server.serve(
        models,
        host=host,
        port=port,
        limits=limits,
        public=public,
        threads=threads,
        make_page=page,
        root_path=root_path,
        control=control,
        osc_port=osc_port,
        workers=workers,
        told=told,
    )


def page(folder: Path) -> Page:
    """The page of an exported model, made now.

    Raises:
        GanvasError: the model cannot be read, or onnxruntime-web cannot be fetched.
    """
    from ganvas.publishing.site import page_files

    return page_files(folder, cache_folder() / "downloads")
