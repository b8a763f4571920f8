"""A serial line between programs by socat: it listens on TCP and carries bytes to a terminal."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

INSTALLED = shutil.which("socat") is not None


@contextmanager
def bridged(path: str) -> Iterator[int]:
    """The port of 127.0.0.1 that leads to the terminal ``path`` while the context lasts."""
    arguments = ["socat", "-d", "-d", "TCP-LISTEN:0,bind=127.0.0.1,fork", f"FILE:{path},raw,echo=0"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if found := re.search(r"listening on AF=2 127\.0\.0\.1:(\d+)", line):
                    yield int(found[1])
                    return
            raise AssertionError("socat did not listen")
        finally:
            process.terminate()
