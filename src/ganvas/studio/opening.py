"""`ganvas.open_studio`, which says what is missing before it imports it."""

import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ganvas.errors import missing_package


def open_studio(
    home: str | os.PathLike[str] = ".",
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    host_names: Sequence[str] = (),
    password_file: str | os.PathLike[str] | None = None,
    public: bool = False,
    root_path: str = "",
    browser: bool = True,
    told: Callable[[str], None] = lambda address: None,
) -> None:
    """The studio: a page for pictures, trainings and what came of them, until it is stopped. Trainings go on.

    Args:
        home: the folder with `runs`, `sets` and `published`, which are made as they are needed.
        host: to listen on; "0.0.0.0" is every address of this machine.
        port: None: 7870, or the next free one; 0: any.
        host_names: that the page is asked by besides `host`, as behind a proxy.
        password_file: a file whose first line a person must type to be let in. public: let everyone in.
        root_path: what a proxy puts before every path, as "/studio".
        browser: open the page in it.
        told: is told the page's address, as soon as it is listened to.
    Raises:
        GanvasError: the folder cannot be used, the port is taken, a package is missing, or neither a password nor
            `public` was given for a host that others can reach.
    """
    for package in ("fastapi", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise missing_package(package, "studio", "The studio and its like")
    from ganvas.studio.server import serve

    serve(
        Path(home),
        host=host,
        port=port,
        host_names=host_names,
        password_file=None if password_file is None else Path(password_file),
        public=public,
        root_path=root_path,
        browser=browser,
        told=told,
    )
