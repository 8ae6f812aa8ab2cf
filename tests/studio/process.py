"""`ganvas studio` as a process, which a test may kill and start again."""

import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path


class Process:
    """The studio of a folder. It is started again where it was, so that the address stays."""

    def __init__(self, home: Path) -> None:
        self.home, self.address, self._port, self._process = home, "", "0", None

    def start(self) -> None:
        """Start it; returns once it listens."""
        command = [sys.executable, "-m", "ganvas", "studio", str(self.home), "--port", self._port, "--no-open"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        said = self._process.stdout.readline()
        found = re.match(r"(http://127\.0\.0\.1:(\d+)/\?token=\S+)", said)
        assert found is not None, said
        self.address, self._port = found.groups()

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        assert self._end(signal.SIGTERM) == 0

    def _end(self, how: int) -> int:
        process, self._process = self._process, None
        process.send_signal(how)
        process.stdout.close()
        return process.wait()

    def at(self, place: str) -> str:
        """The address of a place in the page, for a browser that was let in."""
        return f"{self.address.partition('?')[0]}#/{place}"

    @contextmanager
    def running(self):
        """While the block lasts, unless it was ended within."""
        self.start()
        try:
            yield self
        finally:
            if self._process is not None:
                self.kill()
