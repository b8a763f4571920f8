"""Leases as files in a folder that all users of the rigs share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from rigs.errors import RigError
from rigs.files import FileLock, InUse, make_shared, write_whole
from rigs.leases.lease import Lease, Refused, entitled, from_text, lost_to, to_text
from rigs.ports.off_loop import off_loop

T = TypeVar("T")

LOCKED_WITHIN_S: Final = 5.0
"""A file is locked for the moment of a change; who waits longer has met a stuck process or file system."""
_LOOK_AGAIN_S: Final = 0.01


class FileLeases:
    """See :class:`~rigs.leases.lease.LeaseStore`. ``RIG.lease.json`` holds the lease; no file, no lease.

    Files are touched on a thread of its own, so that a network folder that hangs does not hang the loop.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def take(self, lease: Lease) -> Lease:
        """See :class:`~rigs.leases.lease.LeaseStore`."""

        def change() -> Lease:
            current = self._read(lease.rig)
            granted = entitled(lease, current)
            if granted is None:
                assert current is not None  # noqa: S101 - a free rig is granted to anybody
                raise Refused(current)
            self._write(granted)
            return granted

        return await self._locked(lease.rig, change)

    async def renew(self, lease: Lease) -> None:
        """See :class:`~rigs.leases.lease.LeaseStore`."""

        def change() -> None:
            current = self._read(lease.rig)
            if current is None or current.token != lease.token:
                raise lost_to(lease.rig, current)
            self._write(lease)

        await self._locked(lease.rig, change)

    async def release(self, lease: Lease) -> bool:
        """See :class:`~rigs.leases.lease.LeaseStore`."""

        def change() -> bool:
            current = self._read(lease.rig)
            if current is None or current.token != lease.token:
                return False
            remains = current.left(lease.heartbeat_at)
            if remains is None:
                self._path(lease.rig).unlink()
            else:
                self._write(remains)
            return True

        return await self._locked(lease.rig, change)

    async def kick(self, by: Lease) -> Lease | None:
        """See :class:`~rigs.leases.lease.LeaseStore`; also over a file that cannot be read."""

        def change() -> Lease | None:
            current = None
            with suppress(RigError):
                current = self._read(by.rig)
            self._write(by)
            return current

        return await self._locked(by.rig, change)

    async def holder(self, rig: str) -> Lease | None:
        """See :class:`~rigs.leases.lease.LeaseStore`; files change at one stroke, so no lock is needed."""
        return await off_loop(lambda: self._read(rig))

    def _path(self, rig: str) -> Path:
        return self.folder / f"{rig}.lease.json"

    def _read(self, rig: str) -> Lease | None:
        try:
            return from_text(self._path(rig).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RigError(f"the lease file {self._path(rig)} cannot be read: {error.strerror}") from error

    def _write(self, lease: Lease) -> None:
        write_whole(self._path(lease.rig), to_text(lease) + b"\n")

    async def _locked(self, rig: str, change: Callable[[], T]) -> T:
        """What ``change`` returns, made while nobody else changes the lease of this rig."""

        def work() -> T:
            try:
                make_shared(self.folder)
                with _waited_for(self.folder / f"{rig}.lease.lock", f"the lease of {rig}"):
                    return change()
            except OSError as error:
                raise RigError(f"leases cannot be written to {self.folder}: {error.strerror}") from error

        return await off_loop(work)


@contextmanager
def _waited_for(path: Path, what: str) -> Iterator[None]:
    """Hold a lock that others hold for a moment only. Raises InUse where it lasts longer."""
    give_up_at = time.monotonic() + LOCKED_WITHIN_S
    while True:
        try:
            lock = FileLock(path, what)
            break
        except InUse:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(_LOOK_AGAIN_S)
    with lock:
        yield
