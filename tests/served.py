"""An application, served as `ganvas serve` does."""

import threading
import time
from contextlib import contextmanager

import uvicorn

from ganvas.serving.server import configured, listening


@contextmanager
def running(app, **options):
    """The address of an application while the block lasts. options: of `configured`."""
    server = uvicorn.Server(configured(app, **options))
    with listening("127.0.0.1", 0) as bound:
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield bound.getsockname()
        finally:
            server.should_exit = True
            thread.join()
