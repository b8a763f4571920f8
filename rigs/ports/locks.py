"""One user a port on this machine, whatever carries it.

The lock of a terminal (flock) stops only those who ask for it, and a TCP address has none. So a file beside it is
locked as well, which also says who holds the port.
"""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from rigs.errors import PortLost
from rigs.files import FileLock, InUse

LOCKS_VARIABLE = "METERFARM_LOCKS"
"""Names another folder for the lock files; all users of one machine need the same."""


def lock_port(url: str, name: str) -> FileLock:
    """Take the port with the canonical name ``name``. Raises PortLost, which says who has it."""
    try:
        file = _folder() / (re.sub(r"[^A-Za-z0-9.]+", "_", name).strip("_") + ".lock")
        return FileLock(file, url, is_passing=True)
    except InUse as error:
        raise PortLost(str(error)) from error
    except OSError as error:
        hint = f"{LOCKS_VARIABLE} names another folder"
        raise PortLost(f"{url} cannot be locked: {error.filename}: {error.strerror} ({hint})") from error


def _folder() -> Path:
    named = os.environ.get(LOCKS_VARIABLE)
    folder = Path(named) if named else Path(tempfile.gettempdir()) / "meterfarm-locks"
    with suppress(FileExistsError):
        folder.mkdir(parents=True)
        folder.chmod(0o1777)
    return folder
