"""The ``meterfarm`` command in processes of its own, ended whatever happens; what they say line by line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue

WITHIN_S = 60.0


class Process:
    """One command that runs until it is interrupted."""

    def __init__(self, *arguments: str) -> None:
        code = "import sys; from tools.cli import main; sys.exit(main())"
        self.popen = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self._lines.put(line.rstrip("\n"))

    def wait_for(self, pattern: str, within_s: float = WITHIN_S) -> str:
        """The first group of a pattern (or the line) in the next line that has it."""
        while True:
            try:
                line = self._lines.get(timeout=within_s)
            except Empty:
                raise AssertionError(f"no {pattern!r} among {self.said}, code {self.popen.poll()}") from None
            self.said.append(line)
            found = re.search(pattern, line)
            if found:
                return found[1] if found.groups() else line

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.popen.send_signal(signal.SIGINT)
        return self.popen.wait(WITHIN_S)

    def interrupt_group(self) -> int:
        """Ctrl-C as a terminal has it: to every process of the group; the exit code."""
        os.killpg(self.popen.pid, signal.SIGINT)
        return self.popen.wait(WITHIN_S)

    def end(self) -> str:
        """End it, also where it hangs; all that it said."""
        self.popen.kill()
        self.popen.wait()
        self._reader.join()
        while not self._lines.empty():
            self.said.append(self._lines.get())
        return "\n".join(self.said)


@contextmanager
def running(*arguments: str) -> Iterator[Process]:
    """A command for as long as this lasts. It must not have ended in a traceback."""
    process = Process(*arguments)
    try:
        yield process
    finally:
        said = process.end()
    assert "Traceback" not in said, said
