"""A pseudo-terminal whose far end another program opens like a serial device: how fakes and bridges offer a port."""

from __future__ import annotations

import os
import tty
from contextlib import suppress
from pathlib import Path

from gbcs.errors import LocalError
from rigs.ports.descriptor import DescriptorPort
from rigs.ports.locks import lock_port
from rigs.ports.trace import Trace


def open_pty(link: str = "", trace: Trace | None = None) -> DescriptorPort:
    """A port on a new pseudo-terminal. ``url`` is ``pty:`` and the path that the far end is opened by.

    That is ``link`` where one is given, a symbolic link that stays the same from run to run and goes when the port is
    closed. The far end is held open here too, so that clients may come and go. Raises LocalError where a file of
    another kind has that name, PortLost where another process offers a terminal under it.
    """
    lock = lock_port(f"pty:{link}", f"pty {Path(link).absolute()}") if link else None
    near, far = os.openpty()
    tty.setraw(far)
    try:
        path = _linked(Path(link), os.ttyname(far)) if link else os.ttyname(far)
    except BaseException:
        os.close(near)
        os.close(far)
        if lock is not None:
            lock.release()
        raise

    def release() -> None:
        if lock is not None:
            with suppress(OSError):
                Path(link).unlink()
            lock.release()
        os.close(near)
        os.close(far)

    return DescriptorPort(f"pty:{path}", near, release, None, trace)


def _linked(link: Path, target: str) -> str:
    """The path of a link to ``target``, in place of one that an earlier process left."""
    if link.is_symlink():
        link.unlink()
    try:
        link.symlink_to(target)
    except FileExistsError:
        raise LocalError(f"pty:{link}: a file of that name is there already, and it is no link") from None
    except OSError as error:
        raise LocalError(f"pty:{link}: no link can be made there: {error.strerror}") from None
    return str(link)
