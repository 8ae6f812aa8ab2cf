"""The public function that serves exported models."""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ganvas.workflows.public.models import folder_of

DEFAULT_OSC_PORT = 9000  # what most senders of OSC are set to
DEFAULT_RATE = 20.0  # requests a second of one client, where others than this machine may ask


def serve(
    models: "Sequence[str | os.PathLike[str]]",
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    keys: str | os.PathLike[str] | None = None,
    public: bool = False,
    rate: float | None = None,
    threads: int | None = None,
    proxies: Sequence[str] = (),
    root_path: str = "",
    control: bool = False,
    osc_port: int = DEFAULT_OSC_PORT,
    workers: int = 1,
    told: Callable[[str, int | None], None] = lambda address, osc_port: None,
) -> None:
    """The HTTP API of exported models, and their pages at /, until it is stopped. PyTorch is not needed for it.

    Args:
        models: exported models, or "hf:owner/model"; the first is the default.
        host: to listen on; "0.0.0.0" is every address of this machine.
        keys: a file with one key a line; who asks must send one. public: let everyone in, without keys.
        rate: requests a second of one client; 0: any; None: 20, or any where only this machine can ask.
        threads: that drawing may use; None: all cores.
        proxies: addresses or networks whose X-Forwarded-For is believed.
        root_path: what a proxy puts before every path, as "/pictures".
        control: the page, opened by the address that is told, is played by OSC over UDP on this machine, and a token
            in that address is needed for it. osc_port: for it; 0 is any.
        workers: processes behind the one port, each with the limits for itself; with several, `threads` are of each.
        told: is told the page's address and the port for OSC, None without, as soon as they are listened to.
    Raises:
        GanvasError: a model cannot be read, the port is taken, or neither keys nor public was given for a host that
            others can reach.
    """
    from ganvas.formats.manifest import is_outdated
    from ganvas.serving.auth import read_keys, read_networks
    from ganvas.serving.middleware import Limits
    from ganvas.serving.server import is_loopback, names_of
    from ganvas.workflows.serve import serve as serve_models

    believed = read_networks(proxies)
    if rate is None:
        rate = 0.0 if is_loopback(host) and not believed else DEFAULT_RATE
    limits = Limits(
        keys=() if keys is None else read_keys(Path(keys)), requests_per_second=rate or None, proxies=believed
    )
    folders = {name: folder_of(model) for name, model in names_of(models).items()}
    for folder in filter(is_outdated, folders.values()):
        logging.getLogger("ganvas").warning(
            "%s was trained further; `ganvas export %s` brings what is served up", folder, folder
        )
    serve_models(
        folders,
        host=host,
        port=port,
        limits=limits,
        public=public,
        threads=threads,
        root_path=root_path,
        control=control,
        osc_port=osc_port,
        workers=workers,
        told=told,
    )
