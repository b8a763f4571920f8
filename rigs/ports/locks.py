"""One user a port on this machine, whatever carries it.

The lock of a terminal (flock) stops only those who ask for it, and a TCP address has none. So a file beside it is
locked as well, which also says who holds the port. The kernel drops both when their process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import getpass
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from rigs.errors import PortLost

LOCKS_VARIABLE = "METERFARM_LOCKS"
"""Names another folder for the lock files; all users of one machine need the same."""


class PortLock:
    """A port that is ours until :meth:`release`."""

    def __init__(self, url: str, name: str) -> None:
        """Take the port with the canonical name ``name``. Raises PortLost, which says who has it."""
        path = _folder() / (re.sub(r"[^A-Za-z0-9.]+", "_", name).strip("_") + ".lock")
        self._descriptor = _open(path)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 200, 0).decode("utf-8", "replace").strip()
            os.close(self._descriptor)
            raise PortLost(f"{url} is in use by {holder or 'another process'}") from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{_user()}, process {os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the port back; the file stays, since others may wait with it open."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _folder() -> Path:
    named = os.environ.get(LOCKS_VARIABLE)
    folder = Path(named) if named else Path(tempfile.gettempdir()) / "meterfarm-locks"
    with suppress(FileExistsError):
        folder.mkdir(parents=True)
        folder.chmod(0o1777)
    return folder


def _open(path: Path) -> int:
    """Open the file of whoever made it first; in a folder for all, Linux refuses O_CREAT on a file of somebody else."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        with suppress(FileExistsError):
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
            os.fchmod(descriptor, 0o666)
            return descriptor
        return os.open(path, flags)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
